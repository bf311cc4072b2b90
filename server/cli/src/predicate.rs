//! What a JSON Schema requires of a value that violates it, as text.

use jsonschema::{
    JsonType, ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

/// What a value must be, such as `must be a string`. [`crate::payload`] has the sentences for missing and unknown members,
/// and for values that match none of several schemas.
pub(crate) fn predicate(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::Type { kind } => format!("must be {}", types(kind)),
        Kind::Constant { expected_value } => format!("must be {expected_value}"),
        Kind::Enum { options } => match options.as_array() {
            Some(options) => {
                let options: Vec<_> = options.iter().map(Value::to_string).collect();
                format!("must be one of {}", options.join(", "))
            }
            None => format!("must be one of {options}"),
        },
        Kind::Minimum { limit } => format!("must be {limit} or more"),
        Kind::Maximum { limit } => format!("must be {limit} or less"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("must have {} or more", counted(*limit, "character")),
        Kind::MaxLength { limit } => format!("must have {} or fewer", counted(*limit, "character")),
        Kind::MinItems { limit } => format!("must have {} or more", counted(*limit, "item")),
        Kind::MaxItems { limit } => format!("must have {} or fewer", counted(*limit, "item")),
        Kind::MinProperties { limit } => format!("must have {} or more", counted(*limit, "member")),
        Kind::MaxProperties { limit } => {
            format!("must have {} or fewer", counted(*limit, "member"))
        }
        Kind::AdditionalItems { limit } => {
            format!("must have {} or fewer", counted(*limit as u64, "item"))
        }
        Kind::UniqueItems => "must not hold the same item twice".to_owned(),
        Kind::Pattern { pattern } => format!("must match {pattern}"),
        Kind::Format { format } => format!("must be a {format}"),
        _ => format!("does not fit: {error}"),
    }
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The allowed types of JSON value, such as `a string or null`.
pub(crate) fn types(kind: &TypeKind) -> String {
    let name = |r#type| match r#type {
        JsonType::Array => "an array",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    };
    match kind {
        TypeKind::Single(r#type) => name(*r#type).to_owned(),
        TypeKind::Multiple(types) => {
            let mut names: Vec<_> = types.iter().map(name).collect();
            // `null` last: it reads as "or nothing".
            names.sort_by_key(|name| *name == "null");
            names.join(" or ")
        }
    }
}
