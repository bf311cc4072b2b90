//! The check that every payload passes before it reaches a client.

use serde_json::value::{RawValue, to_raw_value};
use tidings_schema::Subscription;

/// What is wrong with a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadFault {
    /// Where, such as `[2].name`; `.` is the whole payload.
    pub path: String,
    /// What is wrong there. Holds nothing of the payload: that is not for logs.
    pub reason: String,
}

impl PayloadFault {
    /// The payload is larger than the replica sends.
    pub fn too_large(limit: usize) -> Self {
        Self { path: ".".to_owned(), reason: format!("larger than {limit} bytes") }
    }
}

/// Checks a payload, and answers it in the form in which it is sent.
pub type Decode = fn(&[u8]) -> Result<Box<RawValue>, PayloadFault>;

/// Checks a payload against the type of `P`'s events. The result is that value written anew: members that
/// the type does not have do not reach clients.
///
/// # Errors
///
/// When it does not fit, with the path of the first fault.
pub fn decode<P: Subscription>(payload: &[u8]) -> Result<Box<RawValue>, PayloadFault> {
    let fault = |path: &str, e: &serde_json::Error| PayloadFault {
        path: path.to_owned(),
        reason: reason(e),
    };
    let mut json = serde_json::Deserializer::from_slice(payload);
    let event: P::Event = serde_path_to_error::deserialize(&mut json)
        .map_err(|e| fault(&e.path().to_string(), e.inner()))?;
    json.end().map_err(|e| fault(".", &e))?;
    to_raw_value(&event).map_err(|e| fault(".", &e))
}

/// serde's message without the value that it found, which it quotes before what it expected.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
    match message.find("expected ") {
        Some(at) => message[at..].to_owned(),
        None if message.starts_with("missing field ") => message.to_owned(),
        None => format!("{:?} error", error.classify()).to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use tidings_schema::OnUpdates;

    use super::*;

    #[test]
    fn a_fitting_payload_is_sent_as_its_type_says() {
        let payload = br#" [{"bio":null,"name":"Leanne","id":"1","password":"x"}] "#;
        assert_eq!(decode::<OnUpdates>(payload).unwrap().get(), r#"[{"id":"1","name":"Leanne"}]"#);
    }

    #[test]
    fn a_fault_shows_nothing_of_the_payload() {
        for payload in
            [r#"[{"id":"1","name":{"secret":1}}]"#, r#"["secret"]"#, r#""secret""#, "secret"]
        {
            let fault = decode::<OnUpdates>(payload.as_bytes()).unwrap_err();
            assert!(!fault.reason.contains("secret"), "{payload}: {}", fault.reason);
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
            let fault = decode::<OnUpdates>(payload).unwrap_err();
            assert_eq!(fault.path, path, "{}: {}", String::from_utf8_lossy(payload), fault.reason);
        }
    }
}
