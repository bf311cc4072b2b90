use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use tidings_contract::{ErrorDetails, ErrorKind, Feed, NoInput, OpenRpc, Query, Subscription};

/// How much there is.
#[derive(Serialize, JsonSchema)]
struct SoldOut {
    left: u32,
}

impl ErrorDetails for SoldOut {
    const KIND: ErrorKind = ErrorKind::new(1001, "soldOut", "The item is sold out.").retryable();
}

const CLOSED: ErrorKind = ErrorKind::new(-1, "closed", "The shop is closed.");

/// Buys.
#[derive(JsonSchema)]
struct Buy;

impl Query for Buy {
    const NAME: &'static str = "buy";
    type Input = NoInput;
    type Output = u32;
    const ERRORS: &'static [ErrorKind] =
        &[ErrorKind::of::<SoldOut>(), CLOSED, ErrorKind::NOT_FOUND];
}

/// Streams.
#[derive(JsonSchema)]
struct OnSale;

impl Subscription for OnSale {
    const NAME: &'static str = "onSale";
    type Input = NoInput;
    type Event = u32;
    const FEED: Feed = Feed::Log;
    const ERRORS: &'static [ErrorKind] = &[CLOSED];
}

fn names(method: &Value) -> Vec<&str> {
    let errors = method["errors"].as_array().unwrap().iter();
    errors.map(|e| e["$ref"].as_str().unwrap().rsplit('/').next().unwrap()).collect()
}

#[test]
fn a_kind_of_its_details_is_the_kind_with_a_schema() {
    let kind = ErrorKind::of::<SoldOut>();
    assert_eq!((kind.code(), kind.name(), kind.is_retryable()), (1001, "soldOut", true));
    assert_eq!(kind.meaning(), "The item is sold out.");
    assert_ne!(kind, SoldOut::KIND, "a procedure that declares this one hides the details");
    assert_eq!(kind, ErrorKind::of::<SoldOut>());
}

#[test]
fn the_document_has_every_error_and_each_procedure_its_own() {
    let document = OpenRpc::new("Shop", "1.0.0").query::<Buy>().subscription::<OnSale>();
    let document = document.into_document().unwrap();
    assert_eq!(names(&document["methods"][0]), ["soldOut", "closed", "notFound"]);
    let expected = ["brokerUnavailable", "tooManySubscriptions", "closed"];
    assert_eq!(names(&document["methods"][1]), expected);

    let errors = &document["components"]["errors"];
    assert_eq!(errors["closed"], json!({ "code": -1, "message": "The shop is closed." }));
    assert_eq!(errors["soldOut"], json!({ "code": 1001, "message": "The item is sold out." }));
    assert!(document["components"]["schemas"]["SoldOut"].is_object());

    let table = document["x-errors"].as_array().unwrap();
    assert_eq!(table.len(), ErrorKind::TIDINGS.len() + 2);
    let row = |name: &str| table.iter().find(|row| row["name"] == name).unwrap();
    let closed = json!({ "name": "closed", "code": -1, "retryable": false, "meaning": "The shop is closed." });
    assert_eq!(*row("closed"), closed);
    assert_eq!(row("soldOut")["retryable"], true);
    assert_eq!(row("soldOut")["details"], json!({ "$ref": "#/components/schemas/SoldOut" }));
    assert_eq!(row("forbidden")["code"], -32053);
}
