//! Which members may be left out: the same in inputs and in what the server sends.

use schemars::Schema;
use serde_json::{Value, json};

/// A member that may be `null` may also be absent: serde reads both as `None` for a plain `Option` member. A member
/// that is optional in inputs is optional in outputs, too.
pub(super) fn nullable_is_optional(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    let nullable: Vec<_> = object
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(_, member)| accepts_null(member))
        .map(|(name, _)| name.clone())
        .collect();
    let Some(required) = object.get_mut("required").and_then(Value::as_array_mut) else { return };
    required.retain(|name| !nullable.iter().any(|n| name == n));
    if required.is_empty() {
        object.shift_remove("required");
    }
}

fn accepts_null(schema: &Value) -> bool {
    let null = json!("null");
    match &schema["type"] {
        Value::Array(types) => types.contains(&null),
        single if *single == null => true,
        _ => schema["anyOf"].as_array().is_some_and(|any| any.iter().any(accepts_null)),
    }
}

/// Makes a member optional in the server's schema where it is optional in inputs and may be any value: schemars writes
/// the same schema for `Option<Value>` and `Value`.
pub(super) fn relax(sent: &mut Value, input: &Value) {
    match (sent, input) {
        (Value::Object(sent), Value::Object(input)) => {
            let needed = input.get("required").and_then(Value::as_array);
            let anything: Vec<_> = members(input).filter(|(_, s)| is_anything(s)).collect();
            if let Some(required) = sent.get_mut("required").and_then(Value::as_array_mut) {
                required.retain(|name| {
                    needed.is_some_and(|needed| needed.contains(name))
                        || !anything.iter().any(|(member, _)| name == *member)
                });
                if required.is_empty() {
                    sent.shift_remove("required");
                }
            }
            for (name, sent) in sent {
                if let Some(input) = input.get(name) {
                    relax(sent, input);
                }
            }
        }
        (Value::Array(sent), Value::Array(input)) => {
            sent.iter_mut().zip(input).for_each(|(sent, input)| relax(sent, input));
        }
        _ => {}
    }
}

fn members(schema: &serde_json::Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// Whether a schema says nothing of what it describes.
fn is_anything(schema: &Value) -> bool {
    match schema {
        Value::Object(schema) => schema.keys().all(|key| key == "description" || key == "default"),
        other => *other == Value::Bool(true),
    }
}
