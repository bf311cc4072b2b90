//! JSON in an argument.

use std::io::{self, Read as _};

use serde_json::Value;

use crate::failure::{Failure, Result};

/// Reads JSON from an argument, or from standard input if that is `-`. Errors call it `what`.
pub(crate) fn json(what: &str, argument: &str) -> Result<Value> {
    let mut text = argument.to_owned();
    if argument == "-" {
        text.clear();
        io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| Failure::new(format!("standard input cannot be read: {error}")))?;
    }
    serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("{what} is not JSON: {error}")))
}

/// As [`json`], for the input of a procedure, which is an object.
pub(crate) fn object(argument: &str) -> Result<Value> {
    let input = json("the input", argument)?;
    if input.is_object() {
        return Ok(input);
    }
    Err(Failure::new(format!(
        "the input must be a JSON object, such as {{\"symbol\":\"acme\"}}, not {input}"
    )))
}

#[cfg(test)]
mod tests {
    use super::{Failure, json, object};

    fn refusal<T: std::fmt::Debug>(result: super::Result<T>) -> String {
        match result {
            Err(Failure::Text(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_input_is_a_json_object() {
        assert_eq!(object(r#"{"id":"1"}"#).unwrap()["id"], "1");
        assert_eq!(
            refusal(object("\"1\"")),
            "the input must be a JSON object, such as {\"symbol\":\"acme\"}, not \"1\""
        );
        assert_eq!(
            refusal(json("the payload", "[1")),
            "the payload is not JSON: EOF while parsing a list at line 1 column 2"
        );
    }
}
