//! An error as the answer to an HTTP request.

use axum::{
    Json,
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tidings_contract::{ErrorKind, RpcError};

use super::body;

/// An error as the answer to an HTTP request: the object that is the `error` of a JSON-RPC answer, and the status that says the
/// same to proxies.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: RpcError,
    /// The method that the path takes, where the request has another one.
    allow: Option<&'static str>,
    /// The connection ends behind the answer: what follows on it is the rest of the request.
    closes: bool,
}

/// When a client that was refused for the moment should try again: seconds.
const RETRY_AFTER: &str = "1";

impl Refusal {
    /// A request with another method than the path takes.
    pub(super) fn method(allow: &'static str, message: &str) -> Self {
        let error = RpcError::new(ErrorKind::INVALID_REQUEST, message);
        Self { status: StatusCode::METHOD_NOT_ALLOWED, error, allow: Some(allow), closes: false }
    }

    /// A request in a version of HTTP that does not do.
    pub(super) fn version(message: &str) -> Self {
        let error = RpcError::new(ErrorKind::INVALID_REQUEST, message);
        Self { status: StatusCode::HTTP_VERSION_NOT_SUPPORTED, error, allow: None, closes: false }
    }

    /// The same, where the body was read to its end, or not.
    pub(super) fn drained(self, drained: bool) -> Self {
        Self { closes: !drained, ..self }
    }

    /// Refuses a request whose body was not read: it is read first, as [`body::drain`] does.
    pub(super) async fn unread(self, headers: &HeaderMap, body: Body) -> Self {
        self.drained(body::drain(headers, body).await)
    }
}

impl From<RpcError> for Refusal {
    fn from(error: RpcError) -> Self {
        Self { status: status(&error), error, allow: None, closes: false }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.error)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if self.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }
}

/// The status for each of Tidings' errors that these requests meet.
const STATUSES: &[(ErrorKind, StatusCode)] = &[
    (ErrorKind::PARSE_ERROR, StatusCode::BAD_REQUEST),
    (ErrorKind::INVALID_REQUEST, StatusCode::BAD_REQUEST),
    (ErrorKind::INVALID_PARAMS, StatusCode::UNPROCESSABLE_ENTITY),
    (ErrorKind::IDEMPOTENCY_KEY_REUSED, StatusCode::UNPROCESSABLE_ENTITY),
    (ErrorKind::UNSUPPORTED_MEDIA_TYPE, StatusCode::UNSUPPORTED_MEDIA_TYPE),
    (ErrorKind::FORBIDDEN, StatusCode::FORBIDDEN),
    (ErrorKind::METHOD_NOT_FOUND, StatusCode::NOT_FOUND),
    (ErrorKind::NOT_FOUND, StatusCode::NOT_FOUND),
    (ErrorKind::REQUEST_TOO_LARGE, StatusCode::PAYLOAD_TOO_LARGE),
    (ErrorKind::BATCH_TOO_LARGE, StatusCode::PAYLOAD_TOO_LARGE),
    (ErrorKind::TOO_MANY_SUBSCRIPTIONS, StatusCode::TOO_MANY_REQUESTS),
    (ErrorKind::INTERNAL_ERROR, StatusCode::INTERNAL_SERVER_ERROR),
    (ErrorKind::SERVER_BUSY, StatusCode::TOO_MANY_REQUESTS),
    (ErrorKind::BROKER_UNAVAILABLE, StatusCode::SERVICE_UNAVAILABLE),
];

/// The answer to a request that is refused with `error`.
pub(super) fn refused(error: RpcError) -> Response {
    Refusal::from(error).into_response()
}

/// The status for an error. One of the service's own comes from an `authorize` or `allow_publish` handler.
fn status(error: &RpcError) -> StatusCode {
    let row = STATUSES.iter().find(|(kind, _)| kind.code() == error.code);
    let is_retryable = error.data.as_ref().is_some_and(|data| data.retryable);
    match row {
        Some((_, status)) => *status,
        None if is_retryable => StatusCode::SERVICE_UNAVAILABLE,
        None => StatusCode::FORBIDDEN,
    }
}
