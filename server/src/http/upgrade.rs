//! The request that begins a WebSocket: what is checked before jsonrpsee sees it, and what a refusal says.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// The subprotocol that a client may offer: this protocol, in its first version.
const SUBPROTOCOL: &str = "tidings.v1";

/// The version of the WebSocket protocol, RFC 6455.
const VERSION: &str = "13";

/// Refuses a `GET` that asks for no WebSocket.
pub(super) fn required(headers: &HeaderMap) -> Response {
    let asks = items(headers, &header::UPGRADE).any(|item| item.eq_ignore_ascii_case("websocket"));
    let missing = if asks { "Connection: Upgrade" } else { "Upgrade: websocket" };
    refuse(format!(
        "/rpc takes a WebSocket, or calls by POST. This GET has no `{missing}`: the client did not send it, or a proxy in front \
        removed it\n"
    ))
}

/// The refusal of another version of the WebSocket protocol, or of none.
pub(super) fn wrong_version(headers: &HeaderMap) -> Option<Response> {
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == VERSION) {
        return None;
    }
    let mut refusal = refuse(format!("use `Sec-WebSocket-Version: {VERSION}` (RFC 6455)\n"));
    refusal.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
    Some(refusal)
}

/// The subprotocol to be taken, of those that are offered.
pub(super) fn subprotocol(headers: &HeaderMap) -> Option<HeaderValue> {
    items(headers, &header::SEC_WEBSOCKET_PROTOCOL)
        .any(|offered| offered == SUBPROTOCOL)
        .then(|| HeaderValue::from_static(SUBPROTOCOL))
}

/// RFC 9110, section 15.5.22: 426 names the protocol in `Upgrade`.
fn refuse(fault: String) -> Response {
    let upgrade = [(header::UPGRADE, "websocket"), (header::CONNECTION, "upgrade")];
    (StatusCode::UPGRADE_REQUIRED, upgrade, fault).into_response()
}

/// The items of a header that is a list.
fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lists = headers.get_all(name).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim)
}
