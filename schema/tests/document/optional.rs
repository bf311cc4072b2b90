use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidings_contract::Channel;
use uuid::Uuid;

use super::{document, schema};

/// A type with a name.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Named {
    name: String,
}

/// One of two words.
#[derive(Serialize, Deserialize, JsonSchema)]
enum Plain {
    One,
    Two,
}

/// One of two words, each with a description: schemars writes it in another form.
#[derive(Serialize, Deserialize, JsonSchema)]
enum Described {
    /// The first.
    One,
    /// The second.
    Two,
}

/// An alternative with data.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Tagged {
    Number { value: u32 },
    Nothing,
}

/// A text or a number.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Text(String),
    Number(u32),
}

/// Every way in which a member may be left out, and one that may not.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
struct Everything {
    required: u32,
    text: Option<String>,
    number: Option<u32>,
    fraction: Option<f64>,
    yes: Option<bool>,
    letter: Option<char>,
    id: Option<Uuid>,
    channel: Option<Channel>,
    named: Option<Named>,
    plain: Option<Plain>,
    described: Option<Described>,
    tagged: Option<Tagged>,
    untagged: Option<Untagged>,
    list: Option<Vec<String>>,
    map: Option<BTreeMap<String, u32>>,
    pair: Option<(u32, String)>,
    array: Option<[u8; 3]>,
    twice: Option<Option<u32>>,
    unit: Option<()>,
    any: Option<Value>,
    itself: Option<Box<Self>>,
    #[serde(default)]
    with_default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    both: Option<Named>,
    #[serde(rename = "other")]
    renamed: Option<String>,
    /// Described.
    described_ref: Option<Named>,
}

#[test]
fn a_member_that_is_an_option_may_be_left_out_in_inputs_and_in_answers() {
    let document = document::<Everything>();
    let everything = &document["components"]["schemas"]["Everything"];
    assert_eq!(everything["required"], json!(["required"]));
    let params = document["methods"][0]["params"].as_array().unwrap();
    assert_eq!(params.len(), 26);
    for param in params {
        assert_eq!(param["required"], param["name"] == "required", "{param}");
    }
}

#[test]
fn a_member_that_is_an_option_may_be_null() {
    let schema = schema(&document::<Everything>(), "Everything");
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let members = schema["definitions"]["Everything"]["properties"].as_object().unwrap();
    assert_eq!(members.len(), 26);
    for member in members.keys().filter(|member| *member != "required") {
        let value = json!({ "required": 1, member: null });
        assert!(validator.is_valid(&value), "{member}: {}", members[member]);
        let read: Everything = serde_json::from_value(value).unwrap();
        assert_eq!(read.required, 1);
    }
    // What the server writes, and what a client may leave out.
    assert!(validator.is_valid(&serde_json::to_value(Everything::default()).unwrap()));
    assert!(validator.is_valid(&json!({ "required": 1 })));
    assert!(!validator.is_valid(&json!({})));
    assert!(!validator.is_valid(&json!({ "required": null })));
    assert!(!validator.is_valid(&json!({ "required": 1, "number": "x" })));
    assert!(!validator.is_valid(&json!({ "required": 1, "named": {} })));
}

/// A struct in which nothing is required has no list of what is.
#[test]
fn an_input_of_options_requires_nothing() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Filter {
        text: Option<String>,
    }
    let document = document::<Filter>();
    assert_eq!(document["components"]["schemas"]["Filter"].get("required"), None);
}

/// Any JSON is `true` as a schema, whether it is an option or not: what a client may leave out is what serde lets it leave
/// out.
#[test]
fn any_json_is_required_unless_it_is_an_option() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Any {
        needed: Value,
        optional: Option<Value>,
        /// Described.
        described: Option<Value>,
    }
    /// Deeper.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "kind")]
    enum Deep {
        Any { needed: Value, optional: Option<Value> },
    }
    let any = document::<Any>();
    assert_eq!(any["components"]["schemas"]["Any"]["required"], json!(["needed"]));
    let deep = document::<Deep>();
    let variant = &deep["components"]["schemas"]["Deep"]["oneOf"][0];
    assert_eq!(variant["required"], json!(["kind", "needed"]));
}
