//! Calls of the functions in `publish.lua`.
//!
//! The library is loaded whenever the replica connects, and when a call finds it missing: someone may have
//! flushed the functions, or Valkey may have come back empty.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind, aio::ConnectionManager};
use tokio::time::timeout;
use uuid::Uuid;

use crate::broker::{
    BrokerUnavailable, COUNT_KEPT, ChannelKey, History, Position, Publication, Retention, Tracked,
};

/// How long a call may take, reconnecting included, before it counts as failed.
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);

const LIBRARY: &str = include_str!("../publish.lua");

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
        let probe = function("tidings_state", &ChannelKey::from("tidings:{probe}"));
        match self.query::<redis::Value>(&probe).await {
            Ok(_) => {
                tracing::warn!(%error, "Valkey takes no functions; those that it has are used");
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

    pub(super) fn publish(
        &self,
        key: &ChannelKey,
        payload: &[u8],
        idempotency_key: Option<&str>,
    ) -> impl Future<Output = Result<Position, BrokerUnavailable>> + Send + 'static {
        let mut call = function("tidings_publish", key);
        call.arg(payload).arg(idempotency_key);
        let functions = self.clone();
        async move {
            let id: String = functions.call(&call).await?;
            id.parse().map_err(|_| unexpected("tidings_publish"))
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
        state: Option<&Bytes>,
        ttl: Duration,
    ) -> impl Future<Output = Result<(), BrokerUnavailable>> + Send + 'static {
        let mut call = function("tidings_report", key);
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        call.arg(member).arg(state.map_or(&[][..], |state| state)).arg(ttl_ms);
        let functions = self.clone();
        async move { functions.call::<redis::Value>(&call).await.map(drop) }
    }

    pub(super) fn state(
        &self,
        key: &ChannelKey,
    ) -> impl Future<Output = Result<Bytes, BrokerUnavailable>> + Send + 'static {
        let call = function("tidings_state", key);
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
            Ok(Err(e)) if is_missing(&e) => Err(Failure::Missing),
            Ok(Err(e)) => Err(Failure::Other(e.to_string())),
            Err(_) => Err(Failure::Other(format!("no answer within {TIMEOUT:?}"))),
        }
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

/// Whether Valkey does not have the function. It has no error code of its own for that.
fn is_missing(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ResponseError)
        && error.detail().is_some_and(|detail| detail.contains("Function not found"))
}

fn unexpected(function: &str) -> BrokerUnavailable {
    BrokerUnavailable(format!("{function} answered something else than it should"))
}
