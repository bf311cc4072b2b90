//! One subscribed connection.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use redis::{AsyncConnectionConfig, PushInfo, aio::MultiplexedConnection};
use tokio::{
    sync::watch,
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until},
};

use super::{
    failure::Failure,
    feed::Duties,
    health::{Health, Round, ended},
    node::Node,
    reader::Reader,
    server::Server,
    subscribing::{self, Outcome},
};
use crate::broker::{Inbox, Incoming};

/// Names in one SUBSCRIBE: Valkey answers it within about a millisecond.
const CHUNK: usize = 1000;

/// How often the connection, and with the first part's the commands, are checked.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// How long nothing may come while an answer is awaited. With [`CHECK_EVERY`], a Valkey that does not answer is noticed in
/// less than 3 s. Messages count as well: an answer may be far behind them.
const SILENCE: Duration = Duration::from_millis(1800);

/// A deadline that is noticed this late says that this process was busy, not that Valkey was …
const BUSY: Duration = Duration::from_millis(200);
/// … and Valkey has this long from then on.
const GRACE: Duration = Duration::from_millis(500);

/// How often the inbox is asked before anything else: looking at everything costs more than an event does.
const IN_A_ROW: u32 = 64;

/// One subscribed connection.
pub(super) struct Link {
    connection: MultiplexedConnection,
    node: Node,
    address: String,
    reader: Arc<Reader>,
    round: u64,
    rounds: watch::Receiver<Round>,
    /// The chunk that Valkey has yet to confirm. One at a time: so they take effect in order.
    chunk: Option<BoxFuture<'static, Result<Outcome, Failure>>>,
    /// Whether the inbox may have another chunk.
    more: bool,
    /// How often the inbox was asked before anything else.
    in_a_row: u32,
    check: Option<BoxFuture<'static, Result<(), Failure>>>,
    /// The check of the commands, with the first part.
    reads: Option<BoxFuture<'static, Result<(), Failure>>>,
    ticks: Interval,
    /// Since when nothing has come although an answer is awaited; and how much had come before.
    silent: Option<(Instant, u64)>,
    /// Since when no read has succeeded although one was tried, and why.
    failing: Option<(Instant, Failure)>,
}

impl Link {
    /// Connects to the primary. Takes as long as it takes.
    pub(super) async fn connect(
        server: &Server,
        part: usize,
        health: &Health,
        inbox: Arc<Inbox>,
    ) -> Result<Self, Failure> {
        let (round, rounds) = (health.round(), health.rounds());
        let reader = Arc::new(Reader::new(inbox));
        let config = AsyncConnectionConfig::new().set_push_sender({
            let reader = reader.clone();
            move |push: PushInfo| -> Result<(), std::convert::Infallible> {
                reader.take(push);
                Ok(())
            }
        });
        let connected = server.connect(&format!("feed-{part}"), &config).await?;
        let node = connected.node.ok_or_else(|| {
            Failure::Other(
                "its ACL does not let this user ask whether it is the primary: a replica of a service needs +info"
                    .to_owned(),
            )
        })?;
        let mut ticks = interval_at(Instant::now() + CHECK_EVERY, CHECK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            connection: connected.connection,
            node,
            address: connected.address,
            reader,
            round,
            rounds,
            chunk: None,
            more: true,
            in_a_row: 0,
            check: None,
            reads: None,
            ticks,
            silent: None,
            failing: None,
        })
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn round(&self) -> u64 {
        self.round
    }

    /// The next message or notice. Meanwhile keeps Valkey's subscriptions equal to those that are wanted, and checks the connection.
    ///
    /// # Errors
    ///
    /// When the connection cannot be used any longer.
    pub(super) async fn next(
        &mut self,
        inbox: &Inbox,
        health: &Health,
        duties: Option<&Duties>,
    ) -> Result<Incoming, Failure> {
        // Hands messages on at once, and polls the other futures only now and then.
        if self.in_a_row < IN_A_ROW
            && let Some(incoming) = inbox.take()
        {
            self.in_a_row += 1;
            return Ok(incoming);
        }
        self.in_a_row = 0;
        loop {
            if self.more && self.chunk.is_none() {
                self.send_chunk(inbox);
            }
            let (silence, failing) = (self.silence_ends(), self.failing_ends());
            // Answers before deadlines: an answer that has arrived counts, also when it is polled late.
            tokio::select! {
                biased;
                () = ended(&mut self.rounds, self.round) => {
                    return Err(Failure::Other("another connection found that the node cannot be used".to_owned()));
                }
                () = self.reader.disconnected() => {
                    return Err(Failure::Other("the connection was closed".to_owned()));
                }
                outcome = answer(&mut self.chunk), if self.chunk.is_some() => {
                    self.chunk = None;
                    self.answered();
                    let Outcome { confirmed, refused, reason } = outcome?;
                    inbox.confirm(&confirmed);
                    if let Some(reason) = reason {
                        inbox.refuse(&refused, &reason);
                    }
                    self.more = true;
                }
                checked = answer(&mut self.check), if self.check.is_some() => {
                    self.check = None;
                    self.answered();
                    if let Err(failure) = checked {
                        if failure == Failure::ReadOnly {
                            health.end_round(self.round);
                        }
                        return Err(failure);
                    }
                }
                read = answer(&mut self.reads), if self.reads.is_some() => {
                    self.reads = None;
                    self.failing = match (read, self.failing.take()) {
                        (Ok(()), _) => None,
                        (Err(Failure::ReadOnly), _) => return Err(Failure::ReadOnly),
                        (Err(failure), failing) => {
                            Some((failing.map_or_else(Instant::now, |(since, _)| since), failure))
                        }
                    };
                }
                _ = self.ticks.tick() => self.begin_checks(duties),
                () = sleep_until(silence.unwrap_or_else(Instant::now)), if silence.is_some() => {
                    let received = self.reader.received();
                    match self.silent {
                        Some((since, before)) if before == received => {
                            let since = unless_busy(since).ok_or_else(|| Failure::late(SILENCE))?;
                            self.silent = Some((since, received));
                        }
                        _ => self.silent = Some((Instant::now(), received)),
                    }
                }
                () = sleep_until(failing.unwrap_or_else(Instant::now)), if failing.is_some() => {
                    if let Some((since, failure)) = self.failing.take() {
                        let Some(since) = unless_busy(since) else {
                            health.end_round(self.round);
                            return Err(failure);
                        };
                        self.failing = Some((since, failure));
                    }
                }
                () = inbox.changed(), if self.chunk.is_none() => self.more = true,
                incoming = inbox.next() => return Ok(incoming),
            }
        }
    }

    fn send_chunk(&mut self, inbox: &Inbox) {
        let changes = inbox.changes(CHUNK);
        self.more = !(changes.subscribe.is_empty() && changes.unsubscribe.is_empty());
        if self.more {
            self.chunk = Some(subscribing::send(self.connection.clone(), changes).boxed());
            self.asked();
        }
    }

    fn begin_checks(&mut self, duties: Option<&Duties>) {
        if self.check.is_none() {
            self.check = Some(check(self.connection.clone(), self.node.run_id.clone()).boxed());
            self.asked();
        }
        if let Some(duties) = duties
            && self.reads.is_none()
        {
            self.reads = Some(duties.check(self.round));
            self.failing.get_or_insert_with(|| (Instant::now(), Failure::late(SILENCE)));
        }
    }

    /// An answer is awaited.
    fn asked(&mut self) {
        self.silent.get_or_insert_with(|| (Instant::now(), self.reader.received()));
    }

    /// An answer has come.
    fn answered(&mut self) {
        let awaited = self.chunk.is_some() || self.check.is_some();
        self.silent = awaited.then(|| (Instant::now(), self.reader.received()));
    }

    fn silence_ends(&self) -> Option<Instant> {
        self.silent.map(|(since, _)| since + SILENCE)
    }

    fn failing_ends(&self) -> Option<Instant> {
        self.failing.as_ref().map(|(since, _)| *since + SILENCE)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.reader.close();
    }
}

/// Checks that the connection leads to the same primary as before.
async fn check(mut connection: MultiplexedConnection, run_id: String) -> Result<(), Failure> {
    let mut answers = Vec::new();
    for question in Node::question() {
        let answer = question.query_async::<String>(&mut connection).await;
        answers.push(answer.map_err(|error| Failure::of(&error))?);
    }
    let node = Node::read(&answers)?;
    match node {
        Node { is_primary: false, .. } => Err(Failure::ReadOnly),
        Node { run_id: other, .. } if other != run_id => {
            Err(Failure::Other("its address leads to another node now".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Another beginning of a silence whose end was noticed too late to count; `None` where it counts.
fn unless_busy(since: Instant) -> Option<Instant> {
    let now = Instant::now();
    (now > since + SILENCE + BUSY).then(|| now + GRACE - SILENCE)
}

async fn answer<T>(asked: &mut Option<BoxFuture<'static, T>>) -> T {
    match asked {
        Some(asked) => asked.await,
        None => std::future::pending().await,
    }
}

impl Duties {
    fn check(&self, round: u64) -> BoxFuture<'static, Result<(), Failure>> {
        let Self { commands, functions, probe } = self.clone();
        async move {
            // Somebody may have flushed the functions, or loaded older ones.
            functions.check().await?;
            commands.check(round, &probe).await.map(drop)
        }
        .boxed()
    }

    /// Makes the commands ready for use. Answers where they are.
    pub(super) async fn prepare(&self, round: u64) -> Result<Node, Failure> {
        self.functions.connected().await?;
        self.commands.check(round, &self.probe).await
    }
}
