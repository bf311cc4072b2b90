//! Brings Valkey's subscriptions closer to those that are wanted, one chunk at a time.

use futures_util::future::join_all;
use redis::{ErrorKind, RedisError, ServerErrorKind, aio::MultiplexedConnection};

use super::failure::Failure;
use crate::broker::{BrokerUnavailable, Changes, ChannelKey};

/// What became of a chunk of subscriptions.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// These are subscribed to.
    pub(super) confirmed: Vec<ChannelKey>,
    /// The ACL refuses these.
    pub(super) refused: Vec<ChannelKey>,
    pub(super) reason: Option<BrokerUnavailable>,
}

/// Sends a chunk, and waits for all confirmations. Takes as long as it takes.
///
/// # Errors
///
/// When the connection cannot be used. A name that the ACL refuses is no error.
pub(super) async fn send(
    mut connection: MultiplexedConnection,
    changes: Changes,
) -> Result<Outcome, Failure> {
    let Changes { subscribe, unsubscribe } = changes;
    let failure = |error| Failure::of(&error);
    if !unsubscribe.is_empty() {
        connection.unsubscribe(names(&unsubscribe)).await.map_err(failure)?;
    }
    let mut outcome = Outcome::default();
    if subscribe.is_empty() {
        return Ok(outcome);
    }
    match connection.subscribe(names(&subscribe)).await {
        Ok(()) => outcome.confirmed = subscribe,
        // Valkey refuses the whole command for one name, and does not say which.
        Err(error) if is_refused_name(&error) => {
            let answers = subscribe.iter().map(|key| {
                let mut connection = connection.clone();
                async move { connection.subscribe(key.as_str()).await }
            });
            let answers = join_all(answers).await;
            for (key, answer) in subscribe.into_iter().zip(answers) {
                match answer {
                    Ok(()) => outcome.confirmed.push(key),
                    Err(error) if is_refused_name(&error) => {
                        outcome.refused.push(key);
                        outcome.reason = Some(Failure::of(&error).into());
                    }
                    Err(error) => return Err(failure(error)),
                }
            }
        }
        Err(error) => return Err(failure(error)),
    }
    Ok(outcome)
}

/// Whether the ACL refuses the name of a channel. Where it refuses the command, no name can be subscribed to.
fn is_refused_name(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm)
        && error.detail().is_some_and(|detail| detail.contains("channel"))
}

fn names(keys: &[ChannelKey]) -> Vec<&str> {
    keys.iter().map(ChannelKey::as_str).collect()
}
