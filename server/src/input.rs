//! How the parameters of a call become a typed input.

use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tidings_schema::{ErrorCode, RpcError, SubscriptionId};

/// Reads the input: an object, or an array with that object as its only element. No parameters are `{}`.
///
/// # Errors
///
/// `invalidParams`, which names the member at fault.
pub(crate) fn parse<I: DeserializeOwned>(params: &Params<'_>) -> Result<I, RpcError> {
    let json = params.as_str().map_or("{}", str::trim);
    let element;
    let json = match json.as_bytes().first() {
        Some(b'{') => json,
        Some(b'[') => match serde_json::from_str::<Vec<Box<RawValue>>>(json) {
            Ok(elements) if elements.is_empty() => "{}",
            Ok(mut elements) if elements.len() == 1 => {
                element = elements.remove(0);
                element.get()
            }
            _ => return Err(invalid("params must be one object, or an array of just that object")),
        },
        _ => return Err(invalid("params must be an object, such as {\"channel\":\"list-1\"}")),
    };
    let mut deserializer = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|e| {
        // serde names a missing member in its message, not in the path.
        let reason = without_position(&e.inner().to_string());
        let missing = reason.strip_prefix("missing field `").and_then(|r| r.strip_suffix('`'));
        let mut path = e.path().to_string();
        match missing {
            Some(name) if path == "." => path = name.to_owned(),
            Some(name) => path = format!("{path}.{name}"),
            None => {}
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

/// The error as jsonrpsee sends it.
pub(crate) fn error_object(error: RpcError) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(error.code, error.message, error.data)
}

fn invalid(message: &str) -> RpcError {
    RpcError::new(ErrorCode::InvalidParams, message)
}

/// serde_json ends its messages with a position, which means little in a one-line message.
fn without_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(reason, _)| reason).to_owned()
}

#[cfg(test)]
mod tests {
    use tidings_schema::{NoInput, users::OnUpdatesInput};

    use super::*;

    fn on_updates(params: Option<&str>) -> Result<String, (String, Option<String>)> {
        parse::<OnUpdatesInput>(&Params::new(params))
            .map(|input| input.channel.to_string())
            .map_err(|e| (e.message, e.data.and_then(|d| d.path)))
    }

    #[test]
    fn takes_an_object_or_an_array_of_one() {
        assert_eq!(on_updates(Some(r#"{"channel":"list-1"}"#)).unwrap(), "list-1");
        assert_eq!(on_updates(Some(r#"[{"channel":"list-1"}]"#)).unwrap(), "list-1");
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
            (Some(r#"[{"channel":"a"},1]"#), None),
            (Some(r#""list-1""#), None),
        ] {
            let (message, at) = on_updates(params).unwrap_err();
            assert_eq!(at.as_deref(), path, "{params:?}: {message}");
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
