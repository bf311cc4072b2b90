//! How the parameters of a call become a typed input.

use jsonrpsee::types::Params;
use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use tidings_contract::{ErrorKind, EventId, RpcError, SubscriptionId};

use crate::hub::in_json_words;

/// Reads the input: an object, or an array with that object as its only element. No parameters are `{}`.
///
/// # Errors
///
/// `invalidParams`, which names the member at fault.
pub(crate) fn parse<I: DeserializeOwned>(params: &Params<'_>) -> Result<I, RpcError> {
    read(object(params)?)
}

/// Reads the input and `lastEventId`, which is not a member of the input type.
///
/// # Errors
///
/// `invalidParams`, which names the member at fault.
pub(crate) fn parse_with_cursor<I: DeserializeOwned>(
    params: &Params<'_>,
) -> Result<(I, Option<EventId>), RpcError> {
    let json = object(params)?;
    // Fast path: most calls have no `lastEventId`.
    if !json.contains(LAST_EVENT_ID) {
        return Ok((read(json)?, None));
    }
    let mut members: BTreeMap<Cow<'_, str>, &RawValue> = read(json)?;
    let Some(cursor) = members.remove(LAST_EVENT_ID) else { return Ok((read(json)?, None)) };
    let cursor: Option<EventId> = serde_json::from_str(cursor.get()).map_err(|_| {
        invalid("lastEventId: an event id is a string; send one back as it came").at(LAST_EVENT_ID)
    })?;
    let rest = serde_json::to_string(&members).map_err(|e| invalid(&e.to_string()))?;
    Ok((read(&rest)?, cursor))
}

/// The framework's own member of a resumable subscription's parameters.
const LAST_EVENT_ID: &str = "lastEventId";

/// The path of the input as a whole.
const PARAMS: &str = "params";

/// The text of the object with the parameters.
fn object<'a>(params: &'a Params<'_>) -> Result<&'a str, RpcError> {
    let json = params.as_str().map_or("{}", str::trim);
    if !json.starts_with('[') {
        return expect_object(json, PARAMS);
    }
    match serde_json::from_str::<Vec<&RawValue>>(json).as_deref() {
        Ok([]) => Ok("{}"),
        // serde would read the elements of another array as the members of an object.
        Ok([element]) => expect_object(element.get(), "params[0]"),
        _ => {
            let message = "params: expected one object, or an array of just that object";
            Err(invalid(message).at(PARAMS))
        }
    }
}

fn expect_object<'a>(json: &'a str, path: &str) -> Result<&'a str, RpcError> {
    let found = match json.as_bytes().first() {
        Some(b'{') => return Ok(json),
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    };
    Err(invalid(&format!("{path}: invalid type: {found}, expected an object")).at(path))
}

/// Reads a value of this type.
///
/// # Errors
///
/// `invalidParams`, which names the member at fault.
pub(crate) fn read<'a, I: Deserialize<'a>>(json: &'a str) -> Result<I, RpcError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|e| {
        // serde names a missing member in its message, not in the path.
        let reason = in_json_words(&without_position(&e.inner().to_string()));
        let missing = reason.strip_prefix("missing field `").and_then(|r| r.strip_suffix('`'));
        let mut path = e.path().to_string();
        match missing {
            Some(name) if path == "." => path = name.to_owned(),
            Some(name) => path = format!("{path}.{name}"),
            None => {}
        }
        // The input as a whole is at fault.
        if path == "." {
            PARAMS.clone_into(&mut path);
        }
        invalid(&format!("{path}: {reason}")).at(path)
    })
}

/// Reads the parameters of an unsubscribe call: `[id]` or `{"subscription": id}`.
///
/// # Errors
///
/// `invalidParams`, when it is neither.
pub(crate) fn subscription_id(params: &Params<'_>) -> Result<SubscriptionId, RpcError> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Named {
        Position([SubscriptionId; 1]),
        Name { subscription: SubscriptionId },
    }
    match serde_json::from_str(params.as_str().unwrap_or_default()) {
        Ok(Named::Position([id]) | Named::Name { subscription: id }) => Ok(id),
        Err(_) => {
            let message = "subscription: give the number that subscribing answered, as [id]";
            Err(invalid(message).at("subscription"))
        }
    }
}

fn invalid(message: &str) -> RpcError {
    RpcError::new(ErrorKind::INVALID_PARAMS, message)
}

/// serde_json ends its messages with a position, which means little in a one-line message.
fn without_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(reason, _)| reason).to_owned()
}

#[cfg(test)]
mod tests {
    use tidings_contract::NoInput;

    use super::*;
    use crate::sample::OnProductsInput;

    fn on_updates(params: Option<&str>) -> Result<String, (String, Option<String>)> {
        parse::<OnProductsInput>(&Params::new(params))
            .map(|input| input.channel.to_string())
            .map_err(|e| (e.message, e.data.and_then(|d| d.path)))
    }

    #[test]
    fn takes_an_object_or_an_array_of_one() {
        assert_eq!(on_updates(Some(r#"{"channel":"tools"}"#)).unwrap(), "tools");
        assert_eq!(on_updates(Some(r#"[{"channel":"tools"}]"#)).unwrap(), "tools");
        for params in [None, Some("{}"), Some("[]"), Some(" [ {} ] ")] {
            assert!(parse::<NoInput>(&Params::new(params)).is_ok(), "{params:?}");
        }
    }

    #[test]
    fn names_the_member_at_fault() {
        for (params, path) in [
            (None, Some("channel")),
            (Some("{}"), Some("channel")),
            (Some(r#"{"channel":7}"#), Some("channel")),
            (Some(r#"{"channel":"A"}"#), Some("channel")),
            (Some(r#"[{"channel":"a"},1]"#), Some("params")),
            (Some(r#""tools""#), Some("params")),
            (Some(r#"["tools"]"#), Some("params[0]")),
            (Some(r#"[["tools"]]"#), Some("params[0]")),
        ] {
            let (message, at) = on_updates(params).unwrap_err();
            assert_eq!(at.as_deref(), path, "{params:?}: {message}");
            assert!(!message.contains("struct"), "{params:?}: {message}");
        }
    }

    #[test]
    fn the_cursor_is_no_member_of_the_input() {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Strict {
            channel: String,
        }
        for (params, cursor) in [
            (r#"{"channel":"a"}"#, None),
            (r#"{"channel":"lastEventId"}"#, None),
            (r#"{"channel":"a","lastEventId":null}"#, None),
            (r#"{"lastEventId":"e:1","channel":"a"}"#, Some("e:1")),
            (r#"[{"channel":"a","lastEventId":"e:1"}]"#, Some("e:1")),
            ("{\"channel\":\"a\",\"last\\u0045ventId\":\"e:1\"}", None),
        ] {
            let parsed = parse_with_cursor::<Strict>(&Params::new(Some(params)));
            if params.contains("\\u0045") {
                // The framework does not find an escaped name. The input type refuses it as unknown.
                assert!(parsed.is_err());
                continue;
            }
            let (input, last_event_id) = parsed.unwrap();
            assert!(!input.channel.is_empty());
            assert_eq!(last_event_id.as_ref().map(EventId::as_str), cursor, "{params}");
        }
        for params in [r#"{"channel":"a","lastEventId":7}"#, r#"{"lastEventId":"e:1"}"#] {
            assert!(parse_with_cursor::<Strict>(&Params::new(Some(params))).is_err(), "{params}");
        }
    }

    #[test]
    fn reads_a_subscription_id_in_either_form() {
        for params in ["[7]", r#"{"subscription":7}"#] {
            assert_eq!(subscription_id(&Params::new(Some(params))), Ok(SubscriptionId(7)));
        }
        for params in [None, Some("[]"), Some(r#"["x"]"#), Some("{}"), Some("7")] {
            assert!(subscription_id(&Params::new(params)).is_err(), "{params:?}");
        }
    }
}
