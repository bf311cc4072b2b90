//! The OpenRPC document of a contract, member by member.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

/// Errors with and without details.
mod errors;
/// Everything that a contract can get wrong.
mod faults;
/// Integers, ids, dates and times.
mod formats;
/// Members that may be left out.
mod optional;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tidings_contract::{Mutation, OpenRpc};

/// Answers its input.
struct Echo<T>(std::marker::PhantomData<T>);

impl<T: JsonSchema> JsonSchema for Echo<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Echo".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "description": "Answers its input." })
    }
}

impl<T: Serialize + DeserializeOwned + JsonSchema + Send + 'static> Mutation for Echo<T> {
    const NAME: &'static str = "echo";
    type Input = T;
    type Output = T;
}

/// The document of a service that takes this type and answers it.
fn document<T: Serialize + DeserializeOwned + JsonSchema + Send + 'static>() -> Value {
    OpenRpc::new("Echo", "1.0.0").mutation::<Echo<T>>().into_document().unwrap()
}

/// The schema of a type, with all that it refers to.
fn schema(document: &Value, name: &str) -> Value {
    let schemas = document["components"]["schemas"].to_string();
    let schemas = schemas.replace("#/components/schemas/", "#/definitions/");
    let definitions: Value = serde_json::from_str(&schemas).unwrap();
    serde_json::json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$ref": format!("#/definitions/{name}"),
        "definitions": definitions,
    })
}
