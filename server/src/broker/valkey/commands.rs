//! The connections for commands: all callers share one for writes and one for reads.
//!
//! A connection is made when a call needs it, and dropped when it fails, so that the next call finds the primary again. No call
//! is sent twice: only its caller knows whether that does harm.
//!
//! Writes and reads have connections of their own because Valkey answers a connection's commands in order: while it holds back
//! a write (`CLIENT PAUSE … WRITE`), reads behind it would wait, too.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture, future::Shared};
use redis::{
    Arg, AsyncConnectionConfig, Cmd, FromRedisValue, RedisResult, Value, aio::MultiplexedConnection,
};
use tokio::time::{Instant, error::Elapsed, sleep, timeout, timeout_at};

use super::{failure::Failure, health::Health, node::Node, server::Server};
use crate::broker::BrokerUnavailable;

/// How long a call may take, connecting included, before it counts as failed.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);
/// How long connecting may take: less, so that a caller hears what was wrong.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1500);
/// The pause before connecting again after a connection failed.
const PAUSE: Duration = Duration::from_millis(100);

/// The commands that go over the connection for reads.
const READS: [&[u8]; 2] = [b"FCALL_RO", b"INFO"];

/// The connections for commands.
#[derive(Clone)]
pub(crate) struct Commands(Arc<Shelf>);

struct Shelf {
    server: Server,
    health: Arc<Health>,
    writes: Lane,
    reads: Lane,
    refused_writes: AtomicU64,
}

/// One connection, and its successors.
struct Lane {
    name: &'static str,
    /// Held for look-ups and changes, never over an await.
    state: Mutex<LaneState>,
}

#[derive(Default)]
struct LaneState {
    line: Option<Opened>,
    /// Counts connections.
    number: u64,
    /// When the last one failed.
    failed_at: Option<Instant>,
}

#[derive(Clone)]
struct Opened {
    number: u64,
    round: u64,
    line: Shared<BoxFuture<'static, Result<Line, Failure>>>,
}

#[derive(Clone)]
struct Line {
    number: u64,
    round: u64,
    connection: MultiplexedConnection,
    /// Counts answers.
    answers: Arc<AtomicU64>,
}

impl Commands {
    /// Commands for this server. Nothing is connected yet.
    pub(crate) fn new(server: Server, health: Arc<Health>) -> Self {
        let lane = |name| Lane { name, state: Mutex::default() };
        let (writes, reads) = (lane("writes"), lane("reads"));
        Self(Arc::new(Shelf { server, health, writes, reads, refused_writes: AtomicU64::new(0) }))
    }

    /// Sends a command.
    ///
    /// # Cancel safety
    ///
    /// When dropped or failed, the command may or may not have taken effect.
    pub(crate) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        let (lane, deadline) = (self.lane(command), Instant::now() + TIMEOUT);
        let mut line = self.line(lane, deadline).await?;
        let before = line.answers.load(Ordering::Relaxed);
        let answer = timeout_at(deadline, line.connection.send_packed_command(command)).await;
        let answer = answer.map(|answer| answer.and_then(Value::extract_error));
        let answer = self.settle(lane, &line, before, answer)?;
        T::from_redis_value(answer).map_err(|error| Failure::Other(error.to_string()))
    }

    /// Sends several commands in one pipeline. One answer for each, in order.
    ///
    /// # Errors
    ///
    /// When the pipeline fails as a whole. Each command may or may not have taken effect.
    pub(crate) async fn query_all(
        &self,
        commands: &[Cmd],
    ) -> Result<Vec<Result<String, Failure>>, BrokerUnavailable> {
        let Some(first) = commands.first() else { return Ok(Vec::new()) };
        let (lane, deadline) = (self.lane(first), Instant::now() + TIMEOUT);
        let mut line = self.line(lane, deadline).await?;
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        for command in commands {
            pipeline.add_command(command.clone());
        }
        let before = line.answers.load(Ordering::Relaxed);
        let answers = pipeline.query_async::<Vec<RedisResult<String>>>(&mut line.connection);
        let answers = timeout_at(deadline, answers).await;
        let answers = self.settle(lane, &line, before, answers)?;
        let read = |answer: RedisResult<String>| answer.map_err(|e| self.failure(&line, &e));
        Ok(answers.into_iter().map(read).collect())
    }

    /// How many writes Valkey has refused although it answers reads: too few replicas, a full memory, a disk that cannot be
    /// written.
    pub(crate) fn refused_writes(&self) -> u64 {
        self.0.refused_writes.load(Ordering::Relaxed)
    }

    /// Checks that reads work, at the node where the others are: asks for its role, and then calls `probe`.
    pub(super) async fn check(&self, round: u64, probe: &Cmd) -> Result<Node, Failure> {
        let answers = self.query_all(&Node::question()).await;
        let answers = answers.map_err(|BrokerUnavailable(reason)| Failure::Other(reason))?;
        let node = Node::read(&answers.into_iter().collect::<Result<Vec<_>, _>>()?)?;
        let health = &self.0.health;
        if !node.is_primary {
            health.end_round(round);
            return Err(Failure::ReadOnly);
        }
        health.agree(round, &node)?;
        self.query::<Value>(probe).await?;
        health.read();
        Ok(node)
    }

    fn lane(&self, command: &Cmd) -> &Lane {
        match command.args_iter().next() {
            Some(Arg::Simple(name)) if READS.contains(&name) => &self.0.reads,
            _ => &self.0.writes,
        }
    }

    /// The lane's connection. Makes one where there is none, once for all calls that wait for it.
    async fn line(&self, lane: &Lane, deadline: Instant) -> Result<Line, Failure> {
        let opened = self.opened(lane);
        match timeout_at(deadline, opened.line).await {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(failure)) => {
                lane.close(opened.number);
                Err(failure)
            }
            Err(_) => Err(Failure::late(TIMEOUT)),
        }
    }

    fn opened(&self, lane: &Lane) -> Opened {
        let mut state = lane.state();
        let round = self.0.health.round();
        if let Some(opened) = state.line.as_ref().filter(|opened| opened.round == round) {
            return opened.clone();
        }
        state.number += 1;
        let now = Instant::now();
        let pause = state.failed_at.map_or(Duration::ZERO, |at| (at + PAUSE).duration_since(now));
        let (number, name) = (state.number, lane.name);
        let (server, health) = (self.0.server.clone(), self.0.health.clone());
        // A task, so that it makes progress also when the caller has gone.
        let line = tokio::spawn(async move {
            sleep(pause).await;
            connect(&server, &health, name, number, round).await
        });
        let gone = |_| Err(Failure::Other("connecting was aborted".to_owned()));
        let line = line.map(move |line| line.unwrap_or_else(gone)).boxed().shared();
        let opened = Opened { number, round, line };
        state.line = Some(opened.clone());
        opened
    }

    /// Draws the consequences of an answer, or of none.
    fn settle<T>(
        &self,
        lane: &Lane,
        line: &Line,
        before: u64,
        answer: Result<RedisResult<T>, Elapsed>,
    ) -> Result<T, Failure> {
        match answer {
            Ok(answer) => {
                line.answers.fetch_add(1, Ordering::Relaxed);
                answer.map_err(|error| {
                    if error.is_io_error() || error.is_unrecoverable_error() {
                        lane.close(line.number);
                    }
                    self.failure(line, &error)
                })
            }
            Err(_) => {
                // Where others were answered meanwhile, this call was slow, and the connection is not.
                if line.answers.load(Ordering::Relaxed) == before {
                    lane.close(line.number);
                }
                Err(Failure::late(TIMEOUT))
            }
        }
    }

    fn failure(&self, line: &Line, error: &redis::RedisError) -> Failure {
        let failure = Failure::of(error);
        match failure {
            // Every connection to that node is at the wrong node.
            Failure::ReadOnly => self.0.health.end_round(line.round),
            Failure::WritesRefused(_) => {
                self.0.refused_writes.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
        failure
    }
}

async fn connect(
    server: &Server,
    health: &Health,
    name: &str,
    number: u64,
    round: u64,
) -> Result<Line, Failure> {
    let config = AsyncConnectionConfig::new();
    let connected = match timeout(CONNECT_TIMEOUT, server.connect(name, &config)).await {
        Ok(connected) => connected,
        Err(_) => Err(Failure::late(CONNECT_TIMEOUT)),
    };
    let connected = connected.inspect_err(|failure| {
        if *failure == Failure::ReadOnly {
            health.end_round(round);
        }
    })?;
    if let Some(node) = &connected.node {
        health.agree(round, node)?;
    }
    Ok(Line { number, round, connection: connected.connection, answers: Arc::default() })
}

impl Lane {
    fn state(&self) -> std::sync::MutexGuard<'_, LaneState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up a connection, unless that has been done. Calls that wait for its answers keep it until they have them.
    fn close(&self, number: u64) {
        let mut state = self.state();
        if state.line.as_ref().is_some_and(|opened| opened.number == number) {
            state.line = None;
            state.failed_at = Some(Instant::now());
        }
    }
}

impl std::fmt::Debug for Commands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Commands").field(&self.0.server).finish()
    }
}
