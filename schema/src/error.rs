//! Every error that a client can meet, in one table.
//!
//! The table is part of the contract: it is written into `openrpc.json` as `x-errors`, and the
//! TypeScript client's codes are generated from there. Codes up to -32600 are JSON-RPC's own; -32005 to
//! -32011 are jsonrpsee's, named here; the rest are Tidings'. A new code is worth its place only when a
//! client would act on it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $code:literal, $name:literal, retryable: $retryable:literal;)+) => {
        /// A kind of error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum ErrorCode {
            $($(#[doc = $meaning])+ #[serde(rename = $name)] $variant,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The number in the `code` member.
            pub const fn code(self) -> i32 {
                match self { $(Self::$variant => $code),+ }
            }

            /// The stable name in `data.name`: what client code compares with.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Whether the same call may work later, unchanged.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => $retryable),+ }
            }

            /// What it means, for people.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($meaning),+).trim()),+ }
            }
        }
    };
}

error_codes! {
    /// The message is not JSON.
    ParseError = -32700, "parseError", retryable: false;
    /// The message is JSON, but no JSON-RPC 2.0 request.
    InvalidRequest = -32600, "invalidRequest", retryable: false;
    /// There is no procedure of this name.
    MethodNotFound = -32601, "methodNotFound", retryable: false;
    /// The input does not fit the procedure's type; `path` names the member.
    InvalidParams = -32602, "invalidParams", retryable: false;
    /// The server failed; what happened is in its log.
    InternalError = -32603, "internalError", retryable: false;
    /// What was asked for does not exist.
    NotFound = -32004, "notFound", retryable: false;
    /// The server takes no batches.
    BatchUnsupported = -32005, "batchUnsupported", retryable: false;
    /// The connection has as many subscriptions as it may have.
    TooManySubscriptions = -32006, "tooManySubscriptions", retryable: false;
    /// The request is larger than the server takes.
    RequestTooLarge = -32007, "requestTooLarge", retryable: false;
    /// The response would be larger than the server sends.
    ResponseTooLarge = -32008, "responseTooLarge", retryable: false;
    /// The server has too much to do.
    ServerBusy = -32009, "serverBusy", retryable: true;
    /// The batch has more calls than the server takes.
    BatchTooLarge = -32010, "batchTooLarge", retryable: false;
    /// The batch's response would be larger than the server sends.
    BatchResponseTooLarge = -32011, "batchResponseTooLarge", retryable: false;
    /// The replica cannot reach its broker at the moment.
    BrokerUnavailable = -32050, "brokerUnavailable", retryable: true;
    /// A subscribe call stood in a batch; send it on its own.
    SubscriptionInBatch = -32051, "subscriptionInBatch", retryable: false;
    /// A subscription needs a WebSocket; this was a POST.
    WebSocketRequired = -32052, "webSocketRequired", retryable: false;
}

/// An error as it goes over the wire, and as procedures return it.
///
/// `message` is for people and may change; programs compare `data.name` or `code`. It never holds
/// internal detail: that goes into the server's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpcError {
    /// The number, as in [`ErrorCode::code`].
    pub code: i32,
    /// What went wrong and what to do about it.
    pub message: String,
    /// Absent only where the transport itself answered (parse errors). For sizes it writes a plain string here,
    /// which this type does not take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<ErrorData>,
}

/// The typed part of an error: `error.data`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorData {
    /// The kind of error.
    pub name: ErrorCode,
    /// Whether the same call may work later, unchanged.
    pub retryable: bool,
    /// The member of the input that is at fault, such as `channel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub path: Option<String>,
}

impl RpcError {
    /// An error of this kind, with a message for people.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let data = ErrorData { name: code, retryable: code.retryable(), path: None };
        Self { code: code.code(), message: message.into(), data: Some(data) }
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
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for RpcError {}
