//! Why an event was not published.

use tidings_contract::RpcError;

use super::batch::{MAX_BATCH, MAX_BATCH_BYTES};
use crate::{
    broker::{BrokerUnavailable, Unpublished},
    error::{broker_unavailable, internal_error},
    log_limit::bounded,
};

/// Why an event was not published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The broker cannot be reached, or refuses. The event may or may not have been published: try again with an
    /// idempotency key.
    #[error("{0}")]
    Unavailable(String),
    /// The payload is larger than replicas forward (`--max-payload-bytes`).
    #[error("the event has {bytes} bytes and may have {max} (--max-payload-bytes)")]
    TooLarge {
        /// The payload's size.
        bytes: usize,
        /// The largest payload.
        max: usize,
    },
    /// The batch is over its bound; nothing of it was published.
    #[error("a batch may have {MAX_BATCH} events and {MAX_BATCH_BYTES} bytes; send it in parts")]
    BatchTooLarge,
    /// The idempotency key was used with another payload before. Nothing was published.
    #[error("the idempotency key was used with another payload")]
    KeyReused,
    /// The event cannot be written as JSON, or the broker's value is not of the event's type.
    #[error("not the JSON of this event: {0}")]
    Json(String),
}

/// Lets a handler use `?`. The client receives `brokerUnavailable`, which is retryable, or `internalError`; the log has
/// the reason.
impl From<PublishError> for RpcError {
    fn from(error: PublishError) -> Self {
        bounded!(warn, %error, "a handler could not publish");
        match error {
            PublishError::Unavailable(_) => broker_unavailable(),
            _ => internal_error(),
        }
    }
}

impl From<BrokerUnavailable> for PublishError {
    fn from(error: BrokerUnavailable) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<Unpublished> for PublishError {
    fn from(error: Unpublished) -> Self {
        match error {
            Unpublished::Unavailable(error) => error.into(),
            Unpublished::KeyReused => Self::KeyReused,
        }
    }
}
