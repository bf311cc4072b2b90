//! The check that every payload passes before it reaches a client.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::value::{RawValue, to_raw_value};
use tidings_contract::Subscription;

use crate::json_path::JsonPath;

/// What is wrong with a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PayloadFault {
    /// Where.
    pub path: JsonPath,
    /// What is wrong there. Holds nothing of the payload: that is not for logs.
    pub reason: String,
}

impl PayloadFault {
    fn whole(reason: impl Into<String>) -> Self {
        Self { path: JsonPath::root(), reason: reason.into() }
    }

    /// The payload is larger than the replica sends.
    pub(super) fn too_large(limit: usize) -> Self {
        Self::whole(format!("larger than {limit} bytes"))
    }
}

/// Checks a payload as [`decode`] does, also where the code of its type panics.
pub(crate) fn check(decode: Decode, payload: &[u8]) -> Result<Box<RawValue>, PayloadFault> {
    catch_unwind(AssertUnwindSafe(|| decode(payload)))
        .unwrap_or_else(|_| Err(PayloadFault::whole("the code of its type panicked")))
}

/// Checks a payload, and answers it in the form in which it is sent.
pub(crate) type Decode = fn(&[u8]) -> Result<Box<RawValue>, PayloadFault>;

/// Checks a payload against the type of `P`'s events. The result is that value written anew: members that
/// the type does not have do not reach clients.
///
/// # Errors
///
/// When it does not fit, with the path of the first fault.
pub(crate) fn decode<P: Subscription>(payload: &[u8]) -> Result<Box<RawValue>, PayloadFault> {
    let whole = |e: serde_json::Error| PayloadFault::whole(reason(&e));
    // Keeping track of the path costs every payload, and only one with a fault needs it.
    let event: P::Event = serde_json::from_slice(payload).or_else(|_| {
        let mut json = serde_json::Deserializer::from_slice(payload);
        let event = serde_path_to_error::deserialize(&mut json)
            .map_err(|e| PayloadFault { path: e.path().into(), reason: reason(e.inner()) })?;
        json.end().map_err(whole)?;
        Ok(event)
    })?;
    to_raw_value(&event).map_err(whole)
}

/// serde's message without the value that it found, which it quotes before what it expected.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
    match message.find("expected ") {
        Some(at) => in_json_words(&message[at..]),
        None if message.starts_with("missing field ") => message.to_owned(),
        None => format!("{:?} error", error.classify()).to_lowercase(),
    }
}

/// serde names what it found and the Rust type that it expected, which means nothing to clients and publishers.
pub(crate) fn in_json_words(message: &str) -> String {
    let message = &message
        .replacen("invalid type: map", "invalid type: object", 1)
        .replacen("invalid type: sequence", "invalid type: array", 1)
        .replacen("invalid type: floating point", "invalid type: number", 1);
    for expected in [
        "expected struct ",
        "expected internally tagged enum ",
        "expected adjacently tagged enum ",
        "expected map",
    ] {
        if let Some((before, _)) = message.split_once(expected) {
            return format!("{before}expected an object");
        }
    }
    if let Some((before, _)) = message.split_once("expected a sequence") {
        return format!("{before}expected an array");
    }
    for expected in ["expected tuple struct ", "expected a tuple of size "] {
        if let Some((before, _)) = message.split_once(expected) {
            return format!("{before}expected an array");
        }
    }
    // Numbers, by the names of Rust's types.
    match message.rsplit_once("expected ") {
        Some((before, "f32" | "f64")) => format!("{before}expected a number"),
        Some((before, "i8" | "i16" | "i32" | "i64" | "isize")) => {
            format!("{before}expected an integer")
        }
        Some((before, "u8" | "u16" | "u32" | "u64" | "usize")) => {
            format!("{before}expected an integer from 0")
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::OnProducts;

    #[test]
    fn a_fitting_payload_is_sent_as_its_type_says() {
        let payload = br#" [{"note":null,"name":"Lamp","id":"1","password":"x"}] "#;
        assert_eq!(decode::<OnProducts>(payload).unwrap().get(), r#"[{"id":"1","name":"Lamp"}]"#);
    }

    #[test]
    fn a_fault_shows_nothing_of_the_payload() {
        for payload in
            [r#"[{"id":"1","name":{"secret":1}}]"#, r#"["secret"]"#, r#""secret""#, "secret"]
        {
            let fault = decode::<OnProducts>(payload.as_bytes()).unwrap_err();
            assert!(!fault.reason.contains("secret"), "{payload}: {}", fault.reason);
        }
    }

    #[test]
    fn a_fault_is_told_in_the_words_of_json() {
        for (words, rust) in [
            ("array, expected an object", "sequence, expected struct Product"),
            ("object, expected a string", "map, expected a string"),
            ("number `1.5`, expected an integer from 0", "floating point `1.5`, expected u32"),
            ("string \"expected u8\", expected a number", "string \"expected u8\", expected f64"),
            ("null, expected an array", "null, expected a sequence"),
        ] {
            let [words, rust] = [words, rust].map(|message| format!("invalid type: {message}"));
            assert_eq!(in_json_words(&rust), words);
        }
    }

    #[test]
    fn a_fault_is_named_by_its_path() {
        for (payload, path) in [
            (&br#"[{"id":"1","name":"a"},{"id":"2"}]"#[..], "[1]"),
            (br#"[{"id":"1","name":7}]"#, "[0].name"),
            (br#"{"id":"1","name":"a"}"#, "."),
            (br#"[] []"#, "."),
            (b"hello", "."),
            (b"", "."),
            (&[0xff, 0xfe], "."),
        ] {
            let fault = decode::<OnProducts>(payload).unwrap_err();
            let shown = String::from_utf8_lossy(payload);
            assert_eq!(fault.path.to_string(), path, "{shown}: {}", fault.reason);
        }
    }
}
