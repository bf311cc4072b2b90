//! The type that a JSON Schema describes, as short text.

use serde_json::Value;

/// The type that a schema describes, such as `string`, `Person[]` or `int32 | null`.
pub(crate) fn type_of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or(reference).to_owned();
    }
    if let Some(constant) = schema.get("const") {
        return constant.to_string();
    }
    if let Some(values) = schema["enum"].as_array() {
        return joined(values.iter().map(Value::to_string));
    }
    for keyword in ["oneOf", "anyOf"] {
        if let Some(schemas) = schema[keyword].as_array() {
            return joined(schemas.iter().map(type_of));
        }
    }
    // schemars wraps a `$ref` that has a description this way.
    if let Some([only]) = schema["allOf"].as_array().map(Vec::as_slice) {
        return type_of(only);
    }
    match &schema["type"] {
        Value::Array(types) => {
            joined(types.iter().filter_map(Value::as_str).map(|r#type| one(r#type, schema)))
        }
        Value::String(r#type) => one(r#type, schema),
        _ => "any".to_owned(),
    }
}

fn one(r#type: &str, schema: &Value) -> String {
    match (r#type, schema["format"].as_str()) {
        ("null", _) => "null".to_owned(),
        ("array", _) => match &schema["items"] {
            Value::Object(_) => {
                let items = type_of(&schema["items"]);
                if items.contains(' ') { format!("({items})[]") } else { format!("{items}[]") }
            }
            _ => "array".to_owned(),
        },
        ("string" | "integer" | "number", Some(format)) => format.to_owned(),
        _ => r#type.to_owned(),
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for part in parts {
        if !distinct.contains(&part) {
            distinct.push(part);
        }
    }
    distinct.join(" | ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::type_of;

    #[test]
    fn a_schema_has_a_type_in_words() {
        for (schema, words) in [
            (json!({"type": "string"}), "string"),
            (json!({"type": "string", "format": "uuid"}), "uuid"),
            (json!({"type": "integer", "format": "int32"}), "int32"),
            (json!({"type": ["string", "null"]}), "string | null"),
            (json!({"$ref": "#/components/schemas/Person"}), "Person"),
            (
                json!({"anyOf": [{"$ref": "#/components/schemas/Person"}, {"type": "null"}]}),
                "Person | null",
            ),
            (
                json!({"type": "array", "items": {"$ref": "#/components/schemas/Person"}}),
                "Person[]",
            ),
            (json!({"type": "array", "items": {"type": ["string", "null"]}}), "(string | null)[]"),
            (json!({"enum": ["up", "down"]}), "\"up\" | \"down\""),
            (json!({"oneOf": [{"const": "up"}, {"const": "down"}]}), "\"up\" | \"down\""),
            (
                json!({"description": "d", "allOf": [{"$ref": "#/components/schemas/Person"}]}),
                "Person",
            ),
            (json!(true), "any"),
            (json!({}), "any"),
        ] {
            assert_eq!(type_of(&schema), words, "{schema}");
        }
    }
}
