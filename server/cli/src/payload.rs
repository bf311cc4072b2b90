//! Explains where a JSON value violates a JSON Schema.

use jsonschema::{Draft, ValidationError, error::ValidationErrorKind as Kind, paths::Location};
use serde_json::{Map, Value, json};

use crate::{
    failure::{Failure, Result},
    path::{member, path, subject},
    predicate::{predicate, types},
};

/// Maximum number of faults reported.
const FAULTS: usize = 5;

/// Lists where `value` violates `schema`: empty if it is valid. `what` names the value as a whole; `schemas` has the
/// targets of `#/components/schemas/NAME`.
///
/// # Errors
///
/// When the schema itself is not valid.
pub(crate) fn faults(
    what: &str,
    value: &Value,
    schema: &Value,
    schemas: &Map<String, Value>,
) -> Result<Vec<String>> {
    // In draft 7, the keywords beside a `$ref` are ignored.
    let mut root = json!({"allOf": [schema], "components": {"schemas": schemas}});
    bound_integers(&mut root);
    let validator = jsonschema::options()
        .with_draft(Draft::Draft7)
        .should_validate_formats(true)
        // Rust's schemas use it, but draft 7 does not define it.
        .with_format("uuid", |text: &str| uuid::Uuid::try_parse(text).is_ok())
        .build(&root)
        .map_err(|error| Failure::new(format!("the document's schema cannot be used: {error}")))?;
    let mut faults: Vec<String> = Vec::new();
    for error in validator.iter_errors(value) {
        for fault in sentences(what, &error) {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        if faults.len() >= FAULTS {
            break;
        }
    }
    faults.truncate(FAULTS);
    Ok(faults)
}

/// Schemas from Rust name the size of an integer as its `format`, which JSON Schema does not check.
fn bound_integers(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let range = match members.get("format").and_then(Value::as_str) {
                Some("int8") => Some((json!(i8::MIN), json!(i8::MAX))),
                Some("int16") => Some((json!(i16::MIN), json!(i16::MAX))),
                Some("int32") => Some((json!(i32::MIN), json!(i32::MAX))),
                Some("int64" | "int") => Some((json!(i64::MIN), json!(i64::MAX))),
                Some("uint8") => Some((json!(u8::MIN), json!(u8::MAX))),
                Some("uint16") => Some((json!(u16::MIN), json!(u16::MAX))),
                Some("uint32") => Some((json!(u32::MIN), json!(u32::MAX))),
                Some("uint64" | "uint") => Some((json!(u64::MIN), json!(u64::MAX))),
                _ => None,
            };
            if let Some((least, most)) = range {
                members.entry("minimum").or_insert(least);
                members.entry("maximum").or_insert(most);
            }
            members.values_mut().for_each(bound_integers);
        }
        Value::Array(items) => items.iter_mut().for_each(bound_integers),
        _ => {}
    }
}

/// One or more sentences, such as `[0].name must be a string`.
fn sentences(what: &str, error: &ValidationError<'_>) -> Vec<String> {
    let at = error.instance_path();
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![format!("{} is missing", member(&path(at), name))]
        }
        Kind::AdditionalProperties { unexpected } => {
            let known = |name: &String| format!("{} is no member of it", member(&path(at), name));
            unexpected.iter().map(known).collect()
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            alternatives(what, at, context)
        }
        _ => vec![format!("{} {}", subject(what, at), predicate(error))],
    }
}

/// Explains a value that matches none of several schemas. `branches` has the errors for each of them.
fn alternatives(
    what: &str,
    at: &Location,
    branches: &[Vec<ValidationError<'static>>],
) -> Vec<String> {
    if let Some(meant) = meant(at, branches) {
        return meant.iter().flat_map(|error| sentences(what, error)).collect();
    }
    if let Some((tag, values)) = tags(branches) {
        return vec![format!("{} must be one of {}", subject(what, tag), values.join(", "))];
    }
    let types = branches.iter().map(|errors| match errors.as_slice() {
        [error] if error.instance_path() == at => match error.kind() {
            Kind::Type { kind } => Some(types(kind)),
            _ => None,
        },
        _ => None,
    });
    match types.collect::<Option<Vec<_>>>() {
        Some(types) => vec![format!("{} must be {}", subject(what, at), types.join(" or "))],
        None => vec![format!("{} has none of the shapes that it may have", subject(what, at))],
    }
}

/// The errors for the schema that the value was probably written for, if there is only one candidate.
fn meant<'a>(
    at: &Location,
    branches: &'a [Vec<ValidationError<'static>>],
) -> Option<&'a [ValidationError<'static>]> {
    let depth =
        |error: &ValidationError<'_>| error.instance_path().iter().count() - at.iter().count();
    // Not a candidate: a schema of another type, or with another tag …
    let other = |error: &ValidationError<'_>| match error.kind() {
        Kind::Type { .. } => depth(error) == 0,
        Kind::Constant { .. } | Kind::Enum { .. } => depth(error) <= 1,
        _ => false,
    };
    // … or, if several are left, one with other members.
    let members = |error: &ValidationError<'_>| {
        let kinds =
            matches!(error.kind(), Kind::Required { .. } | Kind::AdditionalProperties { .. });
        kinds && depth(error) == 0
    };
    let mut left: Vec<_> = branches.iter().filter(|errors| !errors.iter().any(other)).collect();
    if left.len() > 1 {
        left.retain(|errors| !errors.iter().any(members));
    }
    match left.as_slice() {
        [only] => Some(only.as_slice()),
        _ => None,
    }
}

/// Where the tag is and its allowed values, if each schema requires a constant for the same member.
fn tags<'a>(branches: &'a [Vec<ValidationError<'static>>]) -> Option<(&'a Location, Vec<String>)> {
    let mut place = None;
    let mut values = Vec::new();
    for errors in branches {
        let (at, value) = errors.iter().find_map(|error| match error.kind() {
            Kind::Constant { expected_value } => Some((error.instance_path(), expected_value)),
            _ => None,
        })?;
        if *place.get_or_insert(at) != at {
            return None;
        }
        values.push(value.to_string());
    }
    place.map(|place| (place, values))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::faults;

    fn schemas() -> Map<String, Value> {
        let schemas = json!({
            "Person": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "age": {"type": ["integer", "null"], "format": "int8"},
                    "id": {"type": "string", "format": "uuid"},
                },
                "required": ["name"],
            },
            "Shape": {"oneOf": [
                {
                    "type": "object",
                    "properties": {"kind": {"const": "circle"}, "radius": {"type": "number"}},
                    "required": ["kind", "radius"],
                },
                {
                    "type": "object",
                    "properties": {"kind": {"const": "square"}, "side": {"type": "number"}},
                    "required": ["kind", "side"],
                },
            ]},
            "Payment": {"oneOf": [
                {"const": "cash"},
                {
                    "type": "object",
                    "properties": {"card": {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}},
                    "required": ["card"],
                    "additionalProperties": false,
                },
                {
                    "type": "object",
                    "properties": {"voucher": {"type": "string"}},
                    "required": ["voucher"],
                    "additionalProperties": false,
                },
            ]},
        });
        schemas.as_object().unwrap().clone()
    }

    fn of(name: &str, value: &Value) -> Vec<String> {
        let schema = json!({"$ref": format!("#/components/schemas/{name}")});
        faults("the payload", value, &schema, &schemas()).unwrap()
    }

    fn people(value: &Value) -> Vec<String> {
        let schema = json!({"type": "array", "items": {"$ref": "#/components/schemas/Person"}});
        faults("the payload", value, &schema, &schemas()).unwrap()
    }

    #[test]
    fn a_valid_value_has_no_fault() {
        assert!(people(&json!([{"name": "Ada", "age": null, "more": 1}])).is_empty());
        assert!(of("Shape", &json!({"kind": "circle", "radius": 1})).is_empty());
        assert!(of("Payment", &json!({"card": {"number": "1"}})).is_empty());
    }

    #[test]
    fn a_fault_says_where_it_is_and_what_must_be_there() {
        assert_eq!(people(&json!([{"name": 1}])), ["[0].name must be a string"]);
        assert_eq!(people(&json!([{"name": ""}])), ["[0].name must have 1 character or more"]);
        assert_eq!(people(&json!([{}])), ["[0].name is missing"]);
        assert_eq!(
            people(&json!([{"name": "a", "age": "b"}])),
            ["[0].age must be a whole number or null"]
        );
        assert_eq!(people(&json!([{"name": "a", "id": "b"}])), ["[0].id must be a uuid"]);
        assert_eq!(people(&json!({})), ["the payload as a whole must be an array"]);
    }

    #[test]
    fn an_integer_has_the_range_of_its_rust_type() {
        assert_eq!(people(&json!([{"name": "a", "age": 128}])), ["[0].age must be 127 or less"]);
        assert!(people(&json!([{"name": "a", "age": -128}])).is_empty());
    }

    #[test]
    fn the_faults_are_those_of_the_most_likely_alternative() {
        assert_eq!(
            of("Shape", &json!({"kind": "circle", "radius": "1"})),
            ["radius must be a number"]
        );
        assert_eq!(of("Shape", &json!({"kind": "square"})), ["side is missing"]);
        assert_eq!(
            of("Shape", &json!({"kind": "line"})),
            ["kind must be one of \"circle\", \"square\""]
        );
        assert_eq!(
            of("Payment", &json!({"card": {"number": 1}})),
            ["card.number must be a string"]
        );
        assert_eq!(
            of("Payment", &json!({"cheque": 1})),
            ["the payload as a whole has none of the shapes that it may have"]
        );
        let nullable =
            json!({"anyOf": [{"$ref": "#/components/schemas/Person"}, {"type": "null"}]});
        let told = faults("the payload", &json!({"name": 1}), &nullable, &schemas()).unwrap();
        assert_eq!(told, ["name must be a string"]);
        let told = faults("the payload", &json!(1), &nullable, &schemas()).unwrap();
        assert_eq!(told, ["the payload as a whole must be an object or null"]);
    }

    #[test]
    fn a_long_list_of_faults_is_cut() {
        let many: Vec<_> = (0..100).map(|_| json!({})).collect();
        assert_eq!(people(&json!(many)).len(), super::FAULTS);
    }
}
