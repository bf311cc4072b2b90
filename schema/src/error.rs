//! Every error that a client can meet.
//!
//! Tidings' own errors are one table here; a service declares its own beside them, and names at each procedure which of
//! them it may answer. Both are written into `openrpc.json` as `x-errors`, and the TypeScript types follow from there.
//! JSON-RPC reserves the codes from -32768 to -32000: up to -32600 they are its own, -32005 to -32011 are jsonrpsee's, named
//! here, and the rest are Tidings'. A service takes any other code.
//!
//! An error table that every language shares, with codes reserved for the framework, is Centrifugo's; error types of the
//! service's own are Dropshot's.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::to_value};

/// A kind of error: one row of the table.
///
/// A service declares a constant for each of its errors. Give a kind its own type where it carries details
/// ([`ErrorDetails`]).
///
/// ```
/// use tidings_contract::{ErrorKind, RpcError};
///
/// const SOLD_OUT: ErrorKind =
///     ErrorKind::new(1002, "soldOut", "The item is sold out.").retryable();
///
/// let error = RpcError::new(SOLD_OUT, "the last one was sold a minute ago").at("item");
/// assert_eq!(error.to_string(), "the last one was sold a minute ago (soldOut, 1002)");
/// ```
#[derive(Clone, Copy)]
pub struct ErrorKind {
    code: i32,
    name: &'static str,
    retryable: bool,
    meaning: &'static str,
    details: Option<Details>,
}

/// The type of an error's details.
#[derive(Clone, Copy)]
struct Details {
    schema: fn(&mut SchemaGenerator) -> Schema,
    name: fn() -> &'static str,
}

/// The details of a service's error: typed data that goes to the client beside the message.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::Serialize;
/// use tidings_contract::{ErrorDetails, ErrorKind, RpcError};
///
/// /// How long a title may be, and how long this one was: characters.
/// #[derive(Serialize, JsonSchema)]
/// struct TitleTooLong {
///     max: u32,
///     length: u32,
/// }
///
/// impl ErrorDetails for TitleTooLong {
///     const KIND: ErrorKind =
///         ErrorKind::new(1001, "titleTooLong", "The title is longer than it may be.");
/// }
///
/// // What a procedure names in its `ERRORS`.
/// const ERRORS: &[ErrorKind] = &[ErrorKind::NOT_FOUND, ErrorKind::of::<TitleTooLong>()];
///
/// let error = RpcError::with_details("shorten it to 140 characters", TitleTooLong { max: 140, length: 200 });
/// assert_eq!(error.data.unwrap().details.unwrap()["max"], 140);
/// ```
pub trait ErrorDetails: Serialize + JsonSchema {
    /// The kind of error that carries them.
    const KIND: ErrorKind;
}

impl ErrorKind {
    /// A kind of error of a service, not retryable and without details. A kind with details needs [`ErrorKind::of`].
    ///
    /// `code` is the number in the error's `code` member, outside of -32768 to -32000. `name` is the stable name that client
    /// code compares with, camelCase. `meaning` is a sentence for people. A router refuses a code that is reserved, and a
    /// code or a name that two kinds share.
    pub const fn new(code: i32, name: &'static str, meaning: &'static str) -> Self {
        Self { code, name, retryable: false, meaning, details: None }
    }

    /// The kind of error that carries these details.
    pub const fn of<D: ErrorDetails>() -> Self {
        let details = Details { schema: schema_of::<D>, name: std::any::type_name::<D> };
        Self { details: Some(details), ..D::KIND }
    }

    /// Declares that the same call may work later, unchanged.
    #[must_use]
    pub const fn retryable(self) -> Self {
        Self { retryable: true, ..self }
    }

    /// The number in the `code` member.
    pub const fn code(self) -> i32 {
        self.code
    }

    /// The stable name in `data.name`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Whether the same call may work later, unchanged.
    pub const fn is_retryable(self) -> bool {
        self.retryable
    }

    /// What it means, for people.
    pub const fn meaning(self) -> &'static str {
        self.meaning
    }

    /// Whether JSON-RPC reserves the code, so that only Tidings may use it.
    pub const fn is_reserved(self) -> bool {
        -32768 <= self.code && self.code <= -32000
    }

    /// The schema of the details, if the kind carries any.
    pub(crate) fn details(self, schemas: &mut SchemaGenerator) -> Option<Schema> {
        self.details.map(|details| (details.schema)(schemas))
    }
}

fn schema_of<D: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    schemas.subschema_for::<D>()
}

/// Compares code, name, retryable, meaning and the type of the details.
impl PartialEq for ErrorKind {
    fn eq(&self, other: &Self) -> bool {
        let row = |kind: &Self| {
            let details = kind.details.map(|details| (details.name)());
            (kind.code, kind.name, kind.retryable, kind.meaning, details)
        };
        row(self) == row(other)
    }
}

impl Eq for ErrorKind {}

impl fmt::Debug for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.code)
    }
}

macro_rules! tidings_errors {
    ($($(#[doc = $meaning:literal])+ $constant:ident = $code:literal, $name:literal $(, $retryable:ident)?;)+) => {
        /// Tidings' own errors.
        impl ErrorKind {
            $($(#[doc = $meaning])+ pub const $constant: Self =
                Self::new($code, $name, concat!($($meaning),+).trim_ascii())$(.$retryable())?;)+

            /// Tidings' own errors, in the order of the table.
            pub const TIDINGS: &'static [Self] = &[$(Self::$constant),+];
        }
    };
}

tidings_errors! {
    /// The message is not JSON.
    PARSE_ERROR = -32700, "parseError";
    /// The message is JSON, but no JSON-RPC 2.0 request.
    INVALID_REQUEST = -32600, "invalidRequest";
    /// There is no procedure of this name.
    METHOD_NOT_FOUND = -32601, "methodNotFound";
    /// The input does not fit the procedure's type; `path` names the member.
    INVALID_PARAMS = -32602, "invalidParams";
    /// The server failed; what happened is in its log.
    INTERNAL_ERROR = -32603, "internalError";
    /// What was asked for does not exist.
    NOT_FOUND = -32004, "notFound";
    /// The server takes no batches.
    BATCH_UNSUPPORTED = -32005, "batchUnsupported";
    /// The connection has as many subscriptions as it may have.
    TOO_MANY_SUBSCRIPTIONS = -32006, "tooManySubscriptions";
    /// The request is larger than the server takes.
    REQUEST_TOO_LARGE = -32007, "requestTooLarge";
    /// The response would be larger than the server sends.
    RESPONSE_TOO_LARGE = -32008, "responseTooLarge";
    /// The server has too much to do.
    SERVER_BUSY = -32009, "serverBusy", retryable;
    /// The batch has more calls than the server takes.
    BATCH_TOO_LARGE = -32010, "batchTooLarge";
    /// The batch's response would be larger than the server sends.
    BATCH_RESPONSE_TOO_LARGE = -32011, "batchResponseTooLarge";
    /// The replica cannot reach its broker at the moment.
    BROKER_UNAVAILABLE = -32050, "brokerUnavailable", retryable;
    /// A subscribe call stood in a batch; send it on its own.
    SUBSCRIPTION_IN_BATCH = -32051, "subscriptionInBatch";
    /// A subscription needs a WebSocket; this was a POST.
    WEB_SOCKET_REQUIRED = -32052, "webSocketRequired";
    /// The caller may not call this procedure, or not with this input.
    FORBIDDEN = -32053, "forbidden";
    /// The idempotency key was used in the same channel with another payload.
    IDEMPOTENCY_KEY_REUSED = -32054, "idempotencyKeyReused";
    /// The request is not declared as JSON, by its content type.
    UNSUPPORTED_MEDIA_TYPE = -32055, "unsupportedMediaType";
}

/// An error as it goes over the wire, and as procedures return it.
///
/// `message` is for people and may change; programs compare `data.name` or `code`. It never holds internal detail: that
/// goes into the server's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpcError {
    /// The number, as in [`ErrorKind::code`].
    pub code: i32,
    /// What went wrong and what to do about it.
    pub message: String,
    /// Absent only where the transport itself answered (parse errors). For size errors the transport sends a plain
    /// string, which this type cannot deserialize.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<ErrorData>,
}

/// The typed part of an error: `error.data`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorData {
    /// The kind of error, by its stable name.
    pub name: Cow<'static, str>,
    /// Whether the same call may work later, unchanged.
    pub retryable: bool,
    /// The member of the input that is at fault, such as `channel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub path: Option<String>,
    /// What a service's error carries, as `x-errors` describes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub details: Option<Box<Value>>,
}

impl RpcError {
    /// An error of this kind, with a message for people. Use [`RpcError::with_details`] for a kind that carries details.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (name, retryable) = (kind.name.into(), kind.retryable);
        let data = ErrorData { name, retryable, path: None, details: None };
        Self { code: kind.code, message: message.into(), data: Some(data) }
    }

    /// An error that carries details.
    ///
    /// # Panics
    ///
    /// When the details cannot be written as JSON, which plain data always can.
    pub fn with_details<D: ErrorDetails>(message: impl Into<String>, details: D) -> Self {
        let mut error = Self::new(D::KIND, message);
        if let Some(data) = &mut error.data {
            data.details = Some(Box::new(to_value(details).expect("the details are plain data")));
        }
        error
    }

    /// The caller may not do this: what an `authorize` handler answers.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::FORBIDDEN, message)
    }

    /// Names the member of the input that is at fault.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        if let Some(data) = &mut self.data {
            data.path = Some(path.into());
        }
        self
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.data {
            Some(data) => write!(f, "{} ({}, {})", self.message, data.name, self.code),
            None => write!(f, "{} ({})", self.message, self.code),
        }
    }
}

impl std::error::Error for RpcError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidings_errors_are_reserved_and_unique() {
        for (n, kind) in ErrorKind::TIDINGS.iter().enumerate() {
            assert!(kind.is_reserved(), "{kind:?} is not in the reserved range");
            for other in &ErrorKind::TIDINGS[n + 1..] {
                assert!(
                    kind.code != other.code && kind.name != other.name,
                    "{kind:?} and {other:?}"
                );
            }
        }
    }

    #[test]
    fn protocol_md_lists_the_error_table_as_it_is() {
        let protocol = include_str!("../PROTOCOL.md");
        for kind in ErrorKind::TIDINGS {
            let retryable = if kind.retryable { "yes" } else { "no" };
            let row =
                format!("| {} | `{}` | {retryable} | {} |", kind.code, kind.name, kind.meaning);
            assert!(protocol.contains(&row), "PROTOCOL.md lacks the row\n{row}");
        }
    }
}
