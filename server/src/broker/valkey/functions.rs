//! Calls of the functions in `publish.lua`.
//!
//! The library is loaded whenever the replica connects, and when a call finds it missing: someone may have
//! flushed the functions, or Valkey may have come back empty.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use redis::{
    Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind,
    aio::ConnectionManager,
};
use tokio::time::timeout;
use uuid::Uuid;

use crate::broker::{
    BrokerUnavailable, COUNT_KEPT, ChannelKey, History, Keep, Kept, Position, Publication, Publish,
    Retention, Tracked,
};

/// How long a call may take, reconnecting included, before it counts as failed.
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);

const LIBRARY: &str = include_str!("../publish.lua");

/// Events that are published in one pipeline …
const TOGETHER: usize = 256;
/// … and bytes of them, overrun by at most one event.
const TOGETHER_BYTES: usize = 1024 * 1024;

/// Valkey refuses an expiry that overflows its clock: a thousand years.
const MAX_RETENTION_MS: u64 = 1000 * 365 * 24 * 60 * 60 * 1000;

/// What `tidings_history` answers: the epoch, the newest offset, and of each event its offset, the time of its
/// publishing, and its payload.
type HistoryAnswer = (String, u64, Vec<(u64, u64, Vec<u8>)>);

#[derive(Clone)]
pub(super) struct Functions {
    commands: ConnectionManager,
    library: Arc<str>,
}

impl Functions {
    pub(super) fn new(commands: ConnectionManager, retention: Retention) -> Self {
        let ms = |time: Duration| time.as_millis().to_string();
        let library = LIBRARY
            .replace("@HISTORY_EVENTS@", &retention.events.to_string())
            .replace("@HISTORY_MS@", &ms(retention.time))
            .replace("@META_MS@", &ms(retention.time.max(COUNT_KEPT)))
            .replace("@ONCE_MS@", &ms(retention.once));
        Self { commands, library: library.into() }
    }

    /// Makes sure that the library is there. A Valkey that is full or read-only takes none, but may have it.
    pub(super) async fn ensure(&self) -> Result<(), BrokerUnavailable> {
        let Err(error) = self.load().await else { return Ok(()) };
        let probe = function("tidings_newest", &ChannelKey::from("tidings:{probe}"));
        match self.query::<redis::Value>(&probe).await {
            Ok(_) => {
                tracing::warn!(%error, "Valkey refused the functions; using those that it has");
                Ok(())
            }
            Err(_) => Err(error),
        }
    }

    /// Puts the library into Valkey, in the place of another version.
    async fn load(&self) -> Result<(), BrokerUnavailable> {
        let mut load = redis::cmd("FUNCTION");
        load.arg("LOAD").arg("REPLACE").arg(&*self.library);
        Ok(self.query::<String>(&load).await.map(drop)?)
    }

    /// Asks whether Valkey answers this client.
    pub(super) async fn ping(&self) -> Result<(), BrokerUnavailable> {
        Ok(self.query::<redis::Value>(&redis::cmd("PING")).await.map(drop)?)
    }

    pub(super) fn publish(
        &self,
        publish: &Publish,
    ) -> impl Future<Output = Result<Position, BrokerUnavailable>> + Send + 'static {
        let call = publish_call(publish);
        let functions = self.clone();
        async move { position(&functions.call::<String>(&call).await?) }
    }

    /// Publishes in order, in one pipeline for each [`TOGETHER`] or [`TOGETHER_BYTES`]. Where a pipeline fails as a whole, those
    /// behind it are not sent.
    pub(super) async fn publish_all(
        self,
        publishes: Vec<Publish>,
    ) -> Vec<Result<Position, BrokerUnavailable>> {
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
                    results.resize(publishes.len(), Err(error));
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
    ) -> Result<Vec<Result<Position, BrokerUnavailable>>, BrokerUnavailable> {
        let calls: Vec<_> = publishes.iter().map(publish_call).collect();
        let mut answers = self.query_all(&calls).await?;
        // Only those that found no function: the others are published.
        let missing: Vec<_> = answers
            .iter()
            .enumerate()
            .filter(|(_, answer)| matches!(answer, Err(Failure::Missing)))
            .map(|(n, _)| n)
            .collect();
        if !missing.is_empty() {
            self.load().await?;
            let calls: Vec<_> = missing.iter().map(|n| calls[*n].clone()).collect();
            for (n, answer) in missing.into_iter().zip(self.query_all(&calls).await?) {
                answers[n] = answer;
            }
        }
        Ok(answers.into_iter().map(|id| position(&id?)).collect())
    }

    async fn query_all(
        &self,
        calls: &[Cmd],
    ) -> Result<Vec<Result<String, Failure>>, BrokerUnavailable> {
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        for call in calls {
            pipeline.add_command(call.clone());
        }
        let mut commands = self.commands.clone();
        let answers = pipeline.query_async::<Vec<RedisResult<String>>>(&mut commands);
        match timeout(TIMEOUT, answers).await {
            Ok(Ok(answers)) => {
                Ok(answers.into_iter().map(|a| a.map_err(|error| Failure::of(&error))).collect())
            }
            Ok(Err(error)) => Err(Failure::of(&error).into()),
            Err(_) => Err(late().into()),
        }
    }

    pub(super) fn newest(
        &self,
        key: &ChannelKey,
    ) -> impl Future<Output = Result<Option<Kept>, BrokerUnavailable>> + Send + 'static {
        let call = function("tidings_newest", key);
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

    pub(super) fn history(
        &self,
        key: &ChannelKey,
        after: Option<u64>,
        budget_bytes: usize,
        seen: Option<Position>,
    ) -> impl Future<Output = Result<History, BrokerUnavailable>> + Send + 'static {
        let mut call = function("tidings_history", key);
        match after {
            Some(after) => call.arg(after),
            None => call.arg(-1),
        };
        call.arg(budget_bytes);
        if let Some(seen) = seen {
            call.arg(seen.epoch.to_string()).arg(seen.offset);
        }
        let functions = self.clone();
        async move {
            let (epoch, offset, events): HistoryAnswer = functions.call(&call).await?;
            let epoch: Uuid = epoch.parse().map_err(|_| unexpected("tidings_history"))?;
            let events = events.into_iter().map(|(offset, published_at_ms, payload)| {
                let position = Position { epoch, offset };
                let tracked = Some(Tracked { position, published_at_ms });
                Publication { tracked, payload: payload.into() }
            });
            Ok(History { newest: Position { epoch, offset }, events: events.collect() })
        }
    }

    pub(super) fn report(
        &self,
        key: &ChannelKey,
        member: &str,
        element: Option<&Bytes>,
        ttl: Duration,
    ) -> impl Future<Output = Result<usize, BrokerUnavailable>> + Send + 'static {
        let mut call = function("tidings_report", key);
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).clamp(1, MAX_RETENTION_MS);
        call.arg(member).arg(element.map_or(&[][..], |element| element)).arg(ttl_ms);
        let functions = self.clone();
        async move { functions.call(&call).await }
    }

    pub(super) fn members(
        &self,
        key: &ChannelKey,
    ) -> impl Future<Output = Result<Bytes, BrokerUnavailable>> + Send + 'static {
        let call = function("tidings_members", key);
        let functions = self.clone();
        async move { functions.call::<Vec<u8>>(&call).await.map(Bytes::from) }
    }

    async fn call<T: FromRedisValue>(&self, call: &Cmd) -> Result<T, BrokerUnavailable> {
        match self.query(call).await {
            Err(Failure::Missing) => {
                self.load().await?;
                Ok(self.query(call).await?)
            }
            answer => Ok(answer?),
        }
    }

    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        match timeout(TIMEOUT, command.query_async(&mut self.commands.clone())).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Failure::of(&error)),
            Err(_) => Err(late()),
        }
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
        // Valkey takes milliseconds and rejects 0.
        call.arg(
            u64::try_from(retention.as_millis()).unwrap_or(u64::MAX).clamp(1, MAX_RETENTION_MS),
        );
    }
    call.arg(publish.idempotency_key.as_deref());
    call
}

fn position(id: &str) -> Result<Position, BrokerUnavailable> {
    id.parse().map_err(|_| unexpected("publishing"))
}

fn late() -> Failure {
    Failure::Other(format!("no answer within {TIMEOUT:?}"))
}

impl Failure {
    fn of(error: &RedisError) -> Self {
        if is_missing(error) { Self::Missing } else { Self::Other(describe(error)) }
    }
}

/// Why a command failed.
enum Failure {
    /// Valkey does not have the function.
    Missing,
    Other(String),
}

impl From<Failure> for BrokerUnavailable {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Missing => Self("the functions of Tidings do not stay loaded".to_owned()),
            Failure::Other(reason) => Self(reason),
        }
    }
}

fn function(name: &str, key: &ChannelKey) -> Cmd {
    let mut call = redis::cmd("FCALL");
    call.arg(name).arg(1).arg(key.as_str());
    call
}

/// What went wrong, for operators. redis-rs names its own error classes, which say less.
pub(super) fn describe(error: &RedisError) -> String {
    match error.kind() {
        ErrorKind::AuthenticationFailed => {
            "it refuses the user or the password of the Valkey URL".to_owned()
        }
        // redis-rs has no kind for it.
        _ if error.code() == Some("NOAUTH") => {
            "it asks for a password; put it into the Valkey URL".to_owned()
        }
        ErrorKind::Server(ServerErrorKind::NoPerm) => format!(
            "its ACL does not let this user do what Tidings needs: {}",
            error.detail().unwrap_or_default()
        ),
        _ => error.to_string(),
    }
}

/// Whether Valkey does not have the function. It has no error code of its own for that.
fn is_missing(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ResponseError)
        && error.detail().is_some_and(|detail| detail.contains("Function not found"))
}

fn unexpected(function: &str) -> BrokerUnavailable {
    BrokerUnavailable(format!("{function} answered something else than it should"))
}
