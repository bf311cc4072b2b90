//! Which JSON is a request of JSON-RPC 2.0, and the answer to what is none.
//!
//! Messages are checked here before jsonrpsee reads them: it takes a request whose `id` it cannot read for a notification, and never
//! answers it. The check reads the names and the outlines of a request's members, and builds nothing from `params`.

use std::{borrow::Cow, ops::Range};

use jsonrpsee::{
    server::MethodResponse,
    types::{ErrorObjectOwned, Id},
};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::value::RawValue;
use tidings_contract::{ErrorKind, RpcError};

/// Checks a message of a client: a request, a notification or a batch.
///
/// It may change the message so that jsonrpsee answers it well: white space moves from the front to the end, and a request in a batch
/// whose `id` cannot be read becomes `{}`, which jsonrpsee answers with `invalidRequest`. The length stays.
///
/// # Errors
///
/// The answer, where the message must not reach jsonrpsee: `parseError` or `invalidRequest`.
pub(crate) fn check(message: &mut [u8]) -> Result<(), MethodResponse> {
    // jsonrpsee gives up after 128 bytes of it.
    let space = message.iter().take_while(|byte| is_space(**byte)).count();
    message.rotate_left(space);
    let text = std::str::from_utf8(message).map_err(|_| refuse(not_json("it is not UTF-8")))?;
    match text.as_bytes().first() {
        Some(b'{') => match fault(text) {
            None => Ok(()),
            Some(Fault { error, id }) => Err(MethodResponse::error(id, error_object(error))),
        },
        Some(b'[') => {
            for unreadable in check_batch(text).map_err(refuse)? {
                let element = &mut message[unreadable];
                element.fill(b' ');
                element[..2].copy_from_slice(b"{}");
            }
            Ok(())
        }
        _ => Err(refuse(match is_json(text) {
            Ok(()) => invalid("a request is an object"),
            Err(error) => error,
        })),
    }
}

/// The error as jsonrpsee sends it.
pub(crate) fn error_object(error: RpcError) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(error.code, error.message, error.data)
}

/// The answer to a message that has more than `max_bytes`.
pub(crate) fn too_large(max_bytes: u64) -> MethodResponse {
    let message = format!("a request may have {max_bytes} bytes, and this one has more");
    refuse(RpcError::new(ErrorKind::REQUEST_TOO_LARGE, message))
}

/// The answer to a message that did not come to its end.
pub(crate) fn incomplete() -> MethodResponse {
    refuse(not_json("it did not come to its end"))
}

/// The error for a request in a batch that is none.
pub(crate) fn in_batch() -> ErrorObjectOwned {
    error_object(invalid(
        "a request is an object with jsonrpc: \"2.0\", a method that is a string, and an id that is a string, null or an \
         integer from 0 to 18446744073709551615",
    ))
}

/// The answer where no `id` can be read.
fn refuse(error: RpcError) -> MethodResponse {
    MethodResponse::error(Id::Null, error_object(error))
}

/// Where in a batch the requests stand that jsonrpsee would misread.
fn check_batch(text: &str) -> Result<Vec<Range<usize>>, RpcError> {
    let elements: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|e| not_json(&e.to_string()))?;
    if elements.is_empty() {
        return Err(invalid("a batch has at least one request"));
    }
    let texts = elements.into_iter().map(RawValue::get);
    // jsonrpsee would read the elements of an inner array as a request's members. It refuses the other values.
    let unreadable = texts.filter(|text| match text.as_bytes()[0] {
        b'{' => fault(text).is_some_and(|fault| fault.id == Id::Null),
        first => first == b'[',
    });
    let range = |element: &str| {
        let begin = element.as_ptr().addr() - text.as_ptr().addr();
        begin..begin + element.len()
    };
    Ok(unreadable.map(range).collect())
}

/// Why something is no request.
struct Fault<'a> {
    error: RpcError,
    /// The request's, or null where it cannot be read.
    id: Id<'a>,
}

/// The members of a request. serde refuses a member that is given twice.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(default, rename = "params")]
    _params: IgnoredAny,
}

/// Reads a member also where it is null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// What is wrong with the text of an object, if anything is.
fn fault(text: &str) -> Option<Fault<'_>> {
    let members: Members<'_> = match serde_json::from_str(text) {
        Ok(members) => members,
        Err(error) => {
            let twice = || invalid(&format!("a request has each member once: {error}"));
            let error = is_json(text).err().unwrap_or_else(twice);
            return Some(Fault { error, id: Id::Null });
        }
    };
    let id = members.id.map(|id| read_id(id.get()));
    let error = if id == Some(None) {
        invalid("id must be a string, null or an integer from 0 to 18446744073709551615").at("id")
    } else if members.jsonrpc.and_then(|value| string(value.get())).as_deref() != Some("2.0") {
        invalid("jsonrpc must be \"2.0\"").at("jsonrpc")
    } else if members.method.and_then(|value| string(value.get())).is_none() {
        invalid("method must be a string").at("method")
    } else {
        return None;
    };
    Some(Fault { error, id: id.flatten().unwrap_or(Id::Null) })
}

/// An `id`, if it is one that JSON-RPC allows and jsonrpsee can read.
fn read_id(text: &str) -> Option<Id<'_>> {
    match text {
        "null" => Some(Id::Null),
        _ => text.parse().ok().map(Id::Number).or_else(|| string(text).map(Id::Str)),
    }
}

/// The string that this JSON is, if it is one that has no half of a surrogate pair.
fn string(text: &str) -> Option<Cow<'_, str>> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(text).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

fn is_json(text: &str) -> Result<(), RpcError> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(not_json(&error.to_string())),
    }
}

fn not_json(reason: &str) -> RpcError {
    RpcError::new(ErrorKind::PARSE_ERROR, format!("the message is not JSON: {reason}"))
}

fn invalid(reason: &str) -> RpcError {
    RpcError::new(ErrorKind::INVALID_REQUEST, reason)
}

/// JSON's white space.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jsonrpsee::types::{Notification, Request};
    use proptest::{prelude::*, sample::select};

    use super::*;

    const EMPTY: &str = "{}";
    const NAMES: &[&str] = &["jsonrpc", "id", "method", "params", "other", "\\u0069d"];
    const VALUES: &[&str] = &[
        r#""2.0""#,
        r#""2\u002e0""#,
        r#""1.0""#,
        r#""m""#,
        r#""\ud800""#,
        "null",
        "1",
        "1.5",
        "1e2",
        "-1",
        "18446744073709551616",
        "true",
        "{}",
        "[7]",
    ];

    /// An object with a few members, most of them as they should be.
    fn object() -> impl Strategy<Value = String> {
        let any = (select(NAMES), select(VALUES));
        let good = prop_oneof![
            4 => select(&[("jsonrpc", r#""2.0""#), ("id", "1"), ("method", r#""m""#)][..]),
            1 => any,
        ];
        let object = |members: Vec<(&str, &str)>| {
            let members = members.iter().map(|(name, value)| format!(r#""{name}":{value}"#));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        };
        proptest::collection::vec(good, 0..5).prop_map(object)
    }

    /// Whether jsonrpsee calls a procedure for it, takes it for a notification, or neither.
    fn jsonrpsee_reads(text: &str) -> (bool, bool) {
        let call = serde_json::from_str::<Request<'_>>(text).is_ok();
        let notification = serde_json::from_str::<Notification<'_, IgnoredAny>>(text).is_ok()
            || serde_json::from_str::<Notification<'_, Option<IgnoredAny>>>(text).is_ok();
        (call, notification && !call)
    }

    fn has_id(text: &str) -> bool {
        text.contains(r#""id":"#) || text.contains(r#""\u0069d":"#)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_passes_is_read_well_and_nothing_else_is_called(text in object()) {
            let mut message = text.clone().into_bytes();
            let (call, notification) = jsonrpsee_reads(&text);
            match check(&mut message) {
                Ok(()) => prop_assert_eq!((call, notification), (has_id(&text), !has_id(&text))),
                Err(_) => prop_assert!(!call && (!notification || has_id(&text)), "{} is refused", text),
            }
            prop_assert_eq!(String::from_utf8(message).unwrap(), text);
        }

        #[test]
        fn a_batch_keeps_its_length_and_what_is_good_in_it(
            texts in proptest::collection::vec(object(), 1..5),
        ) {
            let batch = format!("[{}]", texts.join(" , "));
            let mut message = batch.clone().into_bytes();
            prop_assert!(check(&mut message).is_ok());
            let checked = String::from_utf8(message).unwrap();
            prop_assert_eq!(checked.len(), batch.len());
            let elements: Vec<&RawValue> = serde_json::from_str(&checked).unwrap();
            for (text, element) in texts.iter().zip(elements) {
                let (_, notification) = jsonrpsee_reads(element.get());
                prop_assert!(!notification || !has_id(text), "{} would not be answered", text);
                let (kept, emptied) = (element.get() == text, element.get() == EMPTY);
                prop_assert!(kept || (emptied && fault(text).is_some()), "{}", text);
            }
        }
    }

    #[test]
    fn every_fault_says_something_else() {
        let messages: [&[u8]; 8] = [
            b"",
            b"\xff",
            b"1",
            b"[]",
            br#"{"id":1,"id":1}"#,
            br#"{"id":{}}"#,
            b"{}",
            br#"{"jsonrpc":"2.0"}"#,
        ];
        let said = messages.map(|message| {
            let refusal = check(&mut message.to_vec()).unwrap_err();
            refusal.as_json().get().to_owned()
        });
        assert_eq!(BTreeSet::from(said).len(), messages.len());
    }
}
