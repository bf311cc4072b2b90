//! Errors of the paths beside `/rpc`: the object that JSON-RPC errors have, with a status.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tidings_contract::{ErrorKind, RpcError};

/// When a client that was refused for the moment should try again: seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// The answer to a request that was refused.
pub(super) fn refused(error: RpcError) -> Response {
    let status = status(&error);
    let mut answer = (status, Json(error)).into_response();
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        answer.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    answer
}

fn status(error: &RpcError) -> StatusCode {
    let is = |kinds: &[ErrorKind]| kinds.iter().any(|kind| kind.code() == error.code);
    if is(&[ErrorKind::PARSE_ERROR, ErrorKind::INVALID_REQUEST]) {
        StatusCode::BAD_REQUEST
    } else if is(&[ErrorKind::METHOD_NOT_FOUND, ErrorKind::NOT_FOUND]) {
        StatusCode::NOT_FOUND
    } else if is(&[ErrorKind::REQUEST_TOO_LARGE, ErrorKind::BATCH_TOO_LARGE]) {
        StatusCode::PAYLOAD_TOO_LARGE
    } else if is(&[ErrorKind::UNSUPPORTED_MEDIA_TYPE]) {
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    } else if is(&[ErrorKind::INVALID_PARAMS, ErrorKind::IDEMPOTENCY_KEY_REUSED]) {
        StatusCode::UNPROCESSABLE_ENTITY
    } else if is(&[ErrorKind::SERVER_BUSY]) {
        StatusCode::TOO_MANY_REQUESTS
    } else if is(&[ErrorKind::INTERNAL_ERROR]) {
        StatusCode::INTERNAL_SERVER_ERROR
    } else if error.data.as_ref().is_some_and(|data| data.retryable) {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        // `forbidden`, or an error of the service's own from its hook.
        StatusCode::FORBIDDEN
    }
}
