//! The JSON-RPC 2.0 frames that clients and servers exchange.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RpcError;

/// The `"jsonrpc": "2.0"` member of every frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Version {
    /// The only version there is.
    #[default]
    #[serde(rename = "2.0")]
    V2,
}

/// A call. Ids are the caller's; Tidings' own clients count 1, 2, 3 …
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request<P> {
    /// Always `"2.0"`.
    pub jsonrpc: Version,
    /// What the response will bear.
    pub id: u64,
    /// The procedure's name.
    pub method: String,
    /// The input, by name.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub params: Option<P>,
}

impl<P> Request<P> {
    /// A call of `method` with `params`.
    pub fn new(id: u64, method: &str, params: Option<P>) -> Self {
        Self { jsonrpc: Version::V2, id, method: method.to_owned(), params }
    }
}

/// The answer to a call: a result or an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response<R> {
    /// Always `"2.0"`.
    pub jsonrpc: Version,
    /// The call's id; `null` where the request was too broken to have one.
    pub id: Option<u64>,
    /// The outcome, as the member `result` or `error`.
    #[serde(flatten)]
    pub outcome: Outcome<R>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome<R> {
    /// It worked.
    Result(R),
    /// It did not.
    Error(RpcError),
}

/// What names a subscription within its connection. Another connection may use the same one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct SubscriptionId(pub u64);

/// A frame from the server that carries an event of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification<E> {
    /// Always `"2.0"`.
    pub jsonrpc: Version,
    /// The subscription procedure's name.
    pub method: String,
    /// Whose event, and the event.
    pub params: NotificationParams<E>,
}

/// The parameters of a [`Notification`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationParams<E> {
    /// The id that the subscribe call answered.
    pub subscription: SubscriptionId,
    /// The event.
    pub result: E,
}

impl<E> Notification<E> {
    /// An event of the subscription `id` of the procedure `method`.
    pub fn new(method: &str, id: SubscriptionId, event: E) -> Self {
        let params = NotificationParams { subscription: id, result: event };
        Self { jsonrpc: Version::V2, method: method.to_owned(), params }
    }
}
