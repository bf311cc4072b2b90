//! One measured window: a server, its subscribers, and what is published to them.

use std::{
    collections::HashMap,
    thread,
    time::{Duration, Instant},
};

use redis::Connection;
use tidings_testkit::{Replica, ReplicaOptions, ValkeyProcess};
use tokio::runtime::Runtime;

use crate::{
    arguments::Arguments,
    broker,
    crowd::{Crowd, Subscribers},
    error::BoxError,
    figures::FanOut,
    payload::{Clock, Payload},
    publisher::{Plan, Publisher},
    scenario::Load,
    server::{Programs, Running, Server},
    usage,
};

/// How long everything is left alone before memory is read.
const SETTLE: Duration = Duration::from_millis(500);
/// The least time in which something has to come, else nothing more is waited for.
const SILENCE: Duration = Duration::from_secs(1);

/// What every run uses.
pub(crate) struct Bench {
    pub(crate) runtime: Runtime,
    valkey: ValkeyProcess,
    /// The publisher's.
    connection: Connection,
    pub(crate) server_cpu: usize,
    pub(crate) load_cpu: usize,
    pub(crate) programs: Programs,
    /// By payload size: a message of a server that has to send what Tidings sends, but for ids and times.
    messages: HashMap<usize, (Server, Vec<u8>)>,
}

/// A server and its subscribers.
#[derive(Debug)]
pub(crate) struct Stage {
    server: Server,
    pub(crate) running: Running,
    pub(crate) crowd: Crowd,
    load: Load,
    subscribers: usize,
    /// How many of them read no more.
    lazy: usize,
    publisher: Publisher,
    next: u64,
    memory_before_kib: u64,
    memory_subscribed_kib: u64,
    valkey_connections: usize,
}

impl Bench {
    /// Starts what all runs share.
    pub(crate) fn start(arguments: &Arguments) -> Result<Self, BoxError> {
        usage::open_files()?;
        // Before anything is started: Valkey and all threads stay here, and servers are moved away.
        usage::stay_on(arguments.load_cpu)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let valkey = runtime.block_on(ValkeyProcess::start())?;
        // A replica leaves its functions in Valkey, and the publisher uses them whichever server runs.
        let replica = ReplicaOptions::new(env!("CARGO_BIN_EXE_tidings-demo"), "functions");
        let replica = replica.valkey_url(valkey.url());
        runtime.block_on(async { Replica::start(replica).await?.stop().await })?;
        let connection = broker::connect(&valkey)?;
        let (server_cpu, load_cpu) = (arguments.server_cpu, arguments.load_cpu);
        let programs = arguments.programs();
        Ok(Self {
            runtime,
            valkey,
            connection,
            server_cpu,
            load_cpu,
            programs,
            messages: HashMap::new(),
        })
    }

    /// Starts a server, and subscribes to it.
    pub(crate) fn set(
        &mut self,
        server: Server,
        load: Load,
        lazy: usize,
        arguments: &[&str],
    ) -> Result<Stage, BoxError> {
        broker::forget(&mut self.connection)?;
        let start =
            Running::start(server, self.server_cpu, &self.valkey, &self.programs, arguments);
        let running = self.runtime.block_on(start)?;
        thread::sleep(SETTLE);
        let memory_before_kib = usage::memory_kib(running.pid())?;
        let clock = Clock::start();
        let subscribers = Subscribers { count: load.subscribers, lazy };
        let crowd = Crowd::subscribe(running.address(), server.protocol(), subscribers, clock)?;
        thread::sleep(SETTLE);
        Ok(Stage {
            memory_before_kib,
            memory_subscribed_kib: usage::memory_kib(running.pid())?,
            valkey_connections: broker::connections_of_others(&mut self.connection)?,
            publisher: Publisher { payload: Payload::new(load.bytes), clock },
            next: 0,
            server,
            running,
            crowd,
            load,
            subscribers: subscribers.count,
            lazy: 0,
        })
    }

    /// Publishes without measuring, and waits until all has come.
    pub(crate) fn warm_up(&mut self, stage: &mut Stage) -> Result<(), BoxError> {
        let events = stage.load.events(stage.load.warm_up);
        self.publish(stage, events, stage.load.patience)?;
        Ok(())
    }

    /// Publishes for the length of the window, waits until all has come, and answers what was seen.
    pub(crate) fn measure(&mut self, stage: &mut Stage) -> Result<FanOut, BoxError> {
        let events = stage.load.events(stage.load.window);
        let (server, valkey) = (stage.running.pid(), self.valkey.pid());
        stage.crowd.tally().restart(stage.next);
        let (cpu, valkey_cpu) = (usage::cpu(server)?, usage::cpu(valkey)?);
        let (busy, start) = (usage::busy(self.server_cpu)?, Instant::now());
        let publishing = self.publish(stage, events, stage.load.patience)?;
        let seconds = start.elapsed().as_secs_f64();
        let cpu = usage::cpu(server)? - cpu;
        let valkey_cpu = usage::cpu(valkey)? - valkey_cpu;
        let busy = usage::busy(self.server_cpu)?.saturating_sub(busy);
        let expected = stage.expected(events);
        self.compare(stage)?;
        let tally = stage.crowd.tally();
        Ok(FanOut {
            subscribers: stage.subscribers,
            events,
            seconds,
            publishing_seconds: publishing.as_secs_f64(),
            expected,
            received: tally.received,
            deliveries: tally.deliveries,
            lost: tally.lost,
            repeated: tally.repeated,
            closed: tally.closed,
            cpu_us: micros(cpu),
            valkey_cpu_us: micros(valkey_cpu),
            foreign_us: micros(busy.saturating_sub(cpu)),
            latency_p50_us: tally.latency.value_at_quantile(0.5),
            latency_p99_us: tally.latency.value_at_quantile(0.99),
            latency_max_us: tally.latency.max(),
            message_bytes: tally.sample.len(),
            memory_before_kib: stage.memory_before_kib,
            memory_subscribed_kib: stage.memory_subscribed_kib,
            memory_after_kib: usage::memory_kib(server)?,
            valkey_connections: stage.valkey_connections,
        })
    }

    /// Checks that those who have to send the same do so: a server that sends less would have it easier.
    fn compare(&mut self, stage: &mut Stage) -> Result<(), BoxError> {
        let server = stage.server;
        let message = &stage.crowd.tally().sample;
        if message.is_empty() || !server.sends_the_same() {
            return Ok(());
        }
        // Ids, times and numbers are made of these, and always as long.
        let blank = |byte: &u8| if byte.is_ascii_hexdigit() { b'0' } else { *byte };
        let message = message.iter().map(blank).collect::<Vec<_>>();
        let first = (server, message.clone());
        let (other, expected) = self.messages.entry(stage.load.bytes).or_insert(first);
        if message != *expected {
            let (one, two) = (message.escape_ascii(), expected.escape_ascii());
            let (server, other) = (server.name(), other.name());
            return Err(format!("{server} does not send what {other} sends:\n{one}\n{two}").into());
        }
        Ok(())
    }

    /// Publishes from a thread of its own, while this one reads; then reads until all has come.
    fn publish(
        &mut self,
        stage: &mut Stage,
        events: u64,
        patience: Duration,
    ) -> Result<Duration, BoxError> {
        let Load { burst, .. } = stage.load;
        let plan =
            Plan { from: stage.next, events, burst: burst.into(), every: stage.load.every() };
        let expected = stage.tally_of(events);
        stage.next += events;
        let Stage { crowd, publisher, .. } = stage;
        let connection = &mut self.connection;
        let took = thread::scope(|scope| {
            let publishing = scope.spawn(move || publisher.publish(plan, connection));
            while !publishing.is_finished() {
                crowd.read_until(Duration::from_millis(20), |_| false)?;
            }
            publishing.join().map_err(|_| "the publisher panicked")?
        })?;
        let deadline = Instant::now() + patience;
        let mut seen = crowd.tally().deliveries;
        loop {
            let done = crowd.read_until(SILENCE, |tally| tally.deliveries >= expected)?;
            let deliveries = crowd.tally().deliveries;
            if done || deliveries == seen || Instant::now() > deadline {
                return Ok(took);
            }
            seen = deliveries;
        }
    }
}

impl Stage {
    /// Lets the lazy ones read no more.
    pub(crate) fn stop_reading(&mut self, lazy: usize) -> Result<(), BoxError> {
        self.lazy = lazy;
        Ok(self.crowd.stop_reading(lazy)?)
    }

    pub(crate) fn memory_kib(&self) -> Result<u64, BoxError> {
        usage::memory_kib(self.running.pid())
    }

    fn expected(&self, events: u64) -> u64 {
        events * (self.subscribers - self.lazy) as u64
    }

    /// What the tally will say when all of the coming events are there.
    fn tally_of(&mut self, events: u64) -> u64 {
        let expected = self.expected(events);
        self.crowd.tally().deliveries + expected
    }
}

/// A time in microseconds.
pub(crate) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
