//! Calls of the functions in `functions.lua`.
//!
//! The library is loaded when the replica connects, when its health check finds it missing or older, and when a call finds
//! a function missing: someone may have flushed the functions, or Valkey may have come back empty.
//!
//! # What an ACL must allow
//!
//! With `PREFIX` for the key prefix. A publisher does not load the library: a replica has. Where a user may use single
//! namespaces only, a replica also needs `~PREFIXtidings:*`, for its health check.
//!
//! ```text
//! ACL SETUSER publisher on >… ~PREFIX* &PREFIX* -@all +fcall +info +time +get +set +hget +hmget +hset +xadd +pexpire
//!     +unlink +publish +ping
//! ACL SETUSER replica on >… ~PREFIX* &PREFIX* -@all (the same) +fcall_ro +function|load +xrange +pttl +hgetall +hdel
//!     +subscribe +unsubscribe +config|get
//! ```
//!
//! `+config|get` may be left out: then the replica does not check the declared durability. A call that the ACL refuses
//! leaves nothing behind.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use redis::{Cmd, FromRedisValue};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    commands::Commands,
    failure::Failure,
    library::{self, Found},
    settings::{OwnSettings, Settings},
};
use crate::broker::{
    BrokerUnavailable, ChannelKey, History, Keep, Kept, Position, Publication, Publish, Tracked,
    Unpublished,
};

#[cfg(test)]
mod tests;

/// How long reads wait for settings to be written: less than a health check may take.
const SETTINGS_TIMEOUT: Duration = Duration::from_millis(500);

/// Events that are published in one pipeline …
const TOGETHER: usize = 256;
/// … and bytes of them, overrun by at most one event.
const TOGETHER_BYTES: usize = 1024 * 1024;

/// Valkey refuses an expiry that overflows its clock: a thousand years.
const MAX_MS: u64 = 1000 * 365 * 24 * 60 * 60 * 1000;

/// What a reading of events answers for each: its offset, the time of its publishing, and its payload.
type EventAnswer = (u64, u64, Vec<u8>);

#[derive(Clone)]
pub(super) struct Functions {
    commands: Commands,
    /// What this replica sets. A publisher sets nothing.
    settings: Option<Arc<OwnSettings>>,
}

impl Functions {
    /// Functions of a replica with these settings, or of a publisher.
    pub(super) fn new(commands: Commands, settings: Option<Settings>) -> Self {
        let own = settings.map(|settings| OwnSettings::new(commands.clone(), settings).into());
        Self { commands, settings: own }
    }

    /// To be called whenever a connection was made: sees to the library, and sets this replica's settings, which takes the
    /// place of what others have set.
    ///
    /// A Valkey that refuses or delays writes keeps the settings that it has: replicas that only read go on.
    pub(super) async fn connected(&self) -> Result<Found, Failure> {
        let found = library::ensure(&self.commands).await?;
        if let Some(settings) = &self.settings {
            best_effort(settings.set_all()).await;
            best_effort(settings.check_durability()).await;
        }
        Ok(found)
    }

    /// The health check, once a second: reads, sees to the library, and warns about other replicas' settings.
    pub(super) async fn check(&self) -> Result<Found, Failure> {
        let found = library::ensure(&self.commands).await?;
        if let Some(settings) = &self.settings {
            best_effort(settings.check()).await;
        }
        Ok(found)
    }

    /// Asks whether Valkey answers this client.
    pub(super) async fn ping(&self) -> Result<(), BrokerUnavailable> {
        Ok(self.commands.query::<redis::Value>(&redis::cmd("PING")).await.map(drop)?)
    }

    pub(super) fn publish(
        &self,
        publish: &Publish,
    ) -> impl Future<Output = Result<Position, Unpublished>> + Send + 'static {
        let call = publish_call(publish);
        let functions = self.clone();
        let key = publish.key.clone();
        async move {
            functions.meet(&[key]).await;
            Ok(position(&functions.call_or_fail::<String>(&call).await?)?)
        }
    }

    /// Publishes in order, in one pipeline for each [`TOGETHER`] or [`TOGETHER_BYTES`]. Where a pipeline fails as a whole, those
    /// behind it are not sent.
    pub(super) async fn publish_all(
        self,
        publishes: Vec<Publish>,
    ) -> Vec<Result<Position, Unpublished>> {
        let mut results = Vec::with_capacity(publishes.len());
        let mut rest = &publishes[..];
        while !rest.is_empty() {
            let mut bytes = 0;
            let together = rest.iter().take(TOGETHER).take_while(|publish| {
                let fits = bytes < TOGETHER_BYTES;
                bytes += publish.payload.len();
                fits
            });
            let (now, later) = rest.split_at(together.count());
            match self.publish_together(now).await {
                Ok(positions) => results.extend(positions),
                Err(error) => {
                    results.resize(publishes.len(), Err(error.into()));
                    break;
                }
            }
            rest = later;
        }
        results
    }

    async fn publish_together(
        &self,
        publishes: &[Publish],
    ) -> Result<Vec<Result<Position, Unpublished>>, BrokerUnavailable> {
        let keys: Vec<_> = publishes.iter().map(|publish| publish.key.clone()).collect();
        self.meet(&keys).await;
        let calls: Vec<_> = publishes.iter().map(publish_call).collect();
        let mut answers = self.commands.query_all(&calls).await?;
        // Only those that found no function: the others are published.
        let missing: Vec<_> = answers
            .iter()
            .enumerate()
            .filter(|(_, answer)| matches!(answer, Err(Failure::Missing)))
            .map(|(n, _)| n)
            .collect();
        if !missing.is_empty() {
            library::ensure(&self.commands).await?;
            let calls: Vec<_> = missing.iter().map(|n| calls[*n].clone()).collect();
            for (n, answer) in missing.into_iter().zip(self.commands.query_all(&calls).await?) {
                answers[n] = answer;
            }
        }
        Ok(answers.into_iter().map(|id| Ok(position(&id?)?)).collect())
    }

    pub(super) fn newest(
        &self,
        key: &ChannelKey,
    ) -> impl Future<Output = Result<Option<Kept>, BrokerUnavailable>> + Send + 'static {
        let call = reading("tidings_newest", key);
        let functions = self.clone();
        async move {
            let NewestAnswer(newest) = functions.call(&call).await?;
            let Some((epoch, offset, published_at_ms, payload, expires_in_ms)) = newest else {
                return Ok(None);
            };
            let epoch = epoch.parse().map_err(|_| unexpected("tidings_newest"))?;
            let tracked = Tracked { position: Position { epoch, offset }, published_at_ms };
            let publication = Publication { tracked: Some(tracked), payload: payload.into() };
            Ok(Some(Kept { publication, expires_in: Duration::from_millis(expires_in_ms) }))
        }
    }

    /// Where `Log` channels stand: at most [`POSITIONS_AT_ONCE`](crate::broker::POSITIONS_AT_ONCE). One answer for each, in order.
    pub(super) fn positions(
        &self,
        keys: &[ChannelKey],
    ) -> impl Future<Output = Result<Vec<Position>, BrokerUnavailable>> + Send + 'static {
        let keys = keys.to_vec();
        let functions = self.clone();
        async move {
            functions.meet(&keys).await;
            let mut call = redis::cmd("FCALL_RO");
            call.arg("tidings_positions").arg(keys.len());
            for key in &keys {
                call.arg(key.as_str());
            }
            let PositionsAnswer(positions) = functions.call(&call).await?;
            if positions.len() == keys.len() {
                Ok(positions)
            } else {
                Err(unexpected("tidings_positions"))
            }
        }
    }

    /// Reads what follows a position: about `budget_bytes` of payload, overrun by about one, and a bounded number of events.
    pub(super) fn history(
        &self,
        key: &ChannelKey,
        after: Position,
        budget_bytes: usize,
    ) -> impl Future<Output = Result<History, BrokerUnavailable>> + Send + 'static {
        let mut call = reading("tidings_read", key);
        call.arg(after.epoch.to_string()).arg(after.offset).arg(budget_bytes);
        let (functions, key) = (self.clone(), key.clone());
        async move {
            functions.meet(&[key]).await;
            let (epoch, offset, after, events): (String, u64, Option<u64>, Vec<EventAnswer>) =
                functions.call(&call).await?;
            let epoch = epoch.parse().map_err(|_| unexpected("tidings_read"))?;
            let events = events.into_iter().map(|event| publication(epoch, event)).collect();
            Ok(History { newest: Position { epoch, offset }, after, events })
        }
    }

    /// Begins another epoch, if the channel still stands in the epoch of `seen`, and before it.
    pub(super) fn renew(
        &self,
        key: &ChannelKey,
        seen: Position,
    ) -> impl Future<Output = Result<(), BrokerUnavailable>> + Send + 'static {
        let mut call = function("tidings_renew", key);
        call.arg(seen.epoch.to_string()).arg(seen.offset);
        let functions = self.clone();
        async move { functions.call::<u64>(&call).await.map(drop) }
    }

    pub(super) fn report(
        &self,
        key: &ChannelKey,
        member: &str,
        element: Option<&Bytes>,
        ttl: Duration,
    ) -> impl Future<Output = Result<usize, BrokerUnavailable>> + Send + 'static {
        let mut call = function("tidings_report", key);
        call.arg(member).arg(element.map_or(&[][..], |element| element)).arg(milliseconds(ttl));
        let functions = self.clone();
        async move { functions.call(&call).await }
    }

    pub(super) fn members(
        &self,
        key: &ChannelKey,
    ) -> impl Future<Output = Result<Bytes, BrokerUnavailable>> + Send + 'static {
        let call = reading("tidings_members", key);
        let functions = self.clone();
        async move { functions.call::<Vec<u8>>(&call).await.map(Bytes::from) }
    }

    async fn call<T: FromRedisValue>(&self, call: &Cmd) -> Result<T, BrokerUnavailable> {
        Ok(self.call_or_fail(call).await?)
    }

    async fn call_or_fail<T: FromRedisValue>(&self, call: &Cmd) -> Result<T, Failure> {
        match self.commands.query(call).await {
            Err(Failure::Missing) => {
                library::ensure(&self.commands).await?;
                self.commands.query(call).await
            }
            answer => answer,
        }
    }

    /// Sets this replica's settings for namespaces that it meets for the first time.
    async fn meet(&self, keys: &[ChannelKey]) {
        if let Some(settings) = &self.settings {
            best_effort(settings.meet(keys)).await;
        }
    }
}

/// Waits a little for something without which reads work, too.
async fn best_effort<T: std::fmt::Debug>(setting: impl Future<Output = T>) {
    match timeout(SETTINGS_TIMEOUT, setting).await {
        Ok(set) => tracing::trace!(?set, "the settings of this replica"),
        Err(_) => tracing::debug!("the settings of this replica are not set in time"),
    }
}

/// What `tidings_positions` answers: an epoch and an offset for each channel, flat.
struct PositionsAnswer(Vec<Position>);

impl FromRedisValue for PositionsAnswer {
    fn from_redis_value(value: redis::Value) -> Result<Self, redis::ParsingError> {
        let flat: Vec<redis::Value> = FromRedisValue::from_redis_value(value)?;
        let mut flat = flat.into_iter();
        let mut positions = Vec::with_capacity(flat.len() / 2);
        while let (Some(epoch), Some(offset)) = (flat.next(), flat.next()) {
            let epoch: String = FromRedisValue::from_redis_value(epoch)?;
            let epoch: Uuid = epoch.parse().map_err(|_| "an epoch is no UUID".to_owned())?;
            let offset = FromRedisValue::from_redis_value(offset)?;
            positions.push(Position { epoch, offset });
        }
        Ok(Self(positions))
    }
}

/// The result of `tidings_newest`: epoch, version, time of publishing, payload, and for how many more milliseconds the value
/// is kept; `None` when no value is kept.
struct NewestAnswer(Option<(String, u64, u64, Vec<u8>, u64)>);

impl FromRedisValue for NewestAnswer {
    fn from_redis_value(value: redis::Value) -> Result<Self, redis::ParsingError> {
        match value {
            redis::Value::Array(values) if values.is_empty() => Ok(Self(None)),
            value => FromRedisValue::from_redis_value(value).map(|newest| Self(Some(newest))),
        }
    }
}

fn publish_call(publish: &Publish) -> Cmd {
    let mut call = match publish.keep {
        Keep::History => function("tidings_publish", &publish.key),
        Keep::Newest(_) => function("tidings_set", &publish.key),
    };
    call.arg(&publish.payload[..]);
    if let Keep::Newest(retention) = publish.keep {
        call.arg(milliseconds(retention));
    }
    if let Some(key) = &publish.idempotency_key {
        call.arg(key).arg(publish.digest.as_deref());
    }
    call
}

fn position(id: &str) -> Result<Position, BrokerUnavailable> {
    id.parse().map_err(|_| unexpected("publishing"))
}

fn publication(epoch: Uuid, (offset, published_at_ms, payload): EventAnswer) -> Publication {
    let tracked = Some(Tracked { position: Position { epoch, offset }, published_at_ms });
    Publication { tracked, payload: payload.into() }
}

/// A read that says whether reads work: of a channel without events, whose name begins as an ACL may require.
pub(super) fn probe(key_prefix: &str) -> Cmd {
    reading("tidings_newest", &ChannelKey::from(&*format!("{key_prefix}tidings:{{probe}}")))
}

/// As Valkey takes times: whole milliseconds, at least one.
pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, MAX_MS)
}

/// A call of a function that writes.
fn function(name: &str, key: &ChannelKey) -> Cmd {
    call("FCALL", name, key)
}

/// A call of a function that only reads.
fn reading(name: &str, key: &ChannelKey) -> Cmd {
    call("FCALL_RO", name, key)
}

fn call(command: &str, name: &str, key: &ChannelKey) -> Cmd {
    let mut call = redis::cmd(command);
    call.arg(name).arg(1).arg(key.as_str());
    call
}

fn unexpected(function: &str) -> BrokerUnavailable {
    BrokerUnavailable(format!("{function} answered something else than it should"))
}
