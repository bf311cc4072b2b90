//! A server with a Valkey of its own.

use std::{
    thread,
    time::{Duration, Instant},
};

use redis::Connection;
use tidings_testkit::ValkeyProcess;

use super::{
    clients::{Clients, Guests},
    language::Language,
    press::Press,
};
use crate::{
    broker,
    error::BoxError,
    payload::Clock,
    publisher::Plan,
    server::{Running, Server},
    usage, watch,
    window::Bench,
};

/// Valkey writes down the commands that take a millisecond and more.
const SLOW_LOG: [&str; 4] = ["--slowlog-log-slower-than", "1000", "--slowlog-max-len", "100000"];
/// How long nothing new may come before no more is waited for.
pub(crate) const SILENCE: Duration = Duration::from_secs(10);
/// How long a server may take until it has noticed that all its clients have left.
const LEAVING: Duration = Duration::from_secs(30);

/// A server that runs, and its Valkey: killed when dropped.
pub(crate) struct Stage {
    pub(crate) valkey: ValkeyProcess,
    /// The bench's own.
    pub(crate) admin: Connection,
    pub(crate) running: Running,
    pub(crate) language: Language,
    pub(crate) clock: Clock,
}

/// The CPU time of the server and of Valkey, and the time, at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) server: Duration,
    pub(crate) valkey: Duration,
    pub(crate) at: Instant,
}

impl Stage {
    pub(crate) fn set(
        bench: &mut Bench,
        server: Server,
        arguments: &[&str],
    ) -> Result<Self, BoxError> {
        let arguments = if server == Server::Centrifugo { &[] } else { arguments };
        let valkey = bench.runtime.block_on(ValkeyProcess::start_with(SLOW_LOG))?;
        let (cpu, programs) = (bench.server_cpu, &bench.programs);
        let running = Running::start(server, cpu, &valkey, programs, arguments);
        let running = bench.runtime.block_on(running)?;
        let admin = broker::connect(&valkey)?;
        let (language, clock) = (Language::of(server), Clock::start());
        Ok(Self { valkey, admin, running, language, clock })
    }

    pub(crate) fn open(&self, guests: Guests) -> Result<Clients, BoxError> {
        Clients::open(self.running.address(), self.language, guests, self.clock)
    }

    /// A publisher for the channels of these guests, with payloads of so many bytes.
    pub(crate) fn press(&self, guests: Guests, bytes: usize) -> Result<Press, BoxError> {
        let valkey = broker::connect(&self.valkey)?;
        Press::new(valkey, self.language, (guests.names, guests.channels()), bytes, self.clock)
    }

    pub(crate) fn mark(&self) -> Result<Mark, BoxError> {
        let (server, valkey) = (usage::cpu(self.running.pid())?, usage::cpu(self.valkey.pid())?);
        Ok(Mark { server, valkey, at: Instant::now() })
    }

    /// What has happened since: CPU time of the server and of Valkey, and time, in seconds.
    pub(crate) fn since(&self, mark: Mark) -> Result<[f64; 3], BoxError> {
        let now = self.mark()?;
        let times = [now.server - mark.server, now.valkey - mark.valkey, now.at - mark.at];
        Ok(times.map(|time| time.as_secs_f64()))
    }

    /// The server's connections to Valkey.
    pub(crate) fn connections(&mut self) -> Result<usize, BoxError> {
        broker::connections_of_others(&mut self.admin)
    }

    pub(crate) fn memory_kib(&self) -> Result<u64, BoxError> {
        usage::memory_kib(self.running.pid())
    }

    /// A metric of the server; none where it has none.
    pub(crate) fn metric(&mut self, name: &str) -> Option<f64> {
        let address = self.running.replica()?.admin_address();
        watch::metric(address, name)
    }

    /// Waits until the server has no connection any more.
    pub(crate) fn left(&mut self) {
        let deadline = Instant::now() + LEAVING;
        while self.metric("tidings_connections").is_some_and(|connections| connections > 0.0)
            && Instant::now() < deadline
        {
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// The longest command of the server in Valkey: milliseconds, and its name.
    pub(crate) fn longest_command(&mut self) -> Result<(f64, String), BoxError> {
        let ours = broker::NAME;
        type Entry = (u64, u64, f64, Vec<Vec<u8>>, String, String);
        let entries =
            redis::cmd("SLOWLOG").arg("GET").arg(-1).query::<Vec<Entry>>(&mut self.admin)?;
        let others = entries.into_iter().filter(|entry| entry.5 != ours);
        let longest = others.max_by(|one, other| one.2.total_cmp(&other.2));
        Ok(longest.map_or_else(Default::default, |(_, _, micros, words, ..)| {
            let name = words
                .iter()
                .take(2)
                .map(|word| String::from_utf8_lossy(word).chars().take(20).collect::<String>());
            (micros / 1e3, name.collect::<Vec<_>>().join(" "))
        }))
    }
}

/// Publishes from a thread of its own, while this one reads, and reads until `done` or nothing more comes. Answers how
/// long publishing took.
pub(crate) fn publish(
    clients: &mut Clients,
    press: &mut Press,
    plan: Plan,
    silence: Duration,
    mut done: impl FnMut(&super::ledger::Ledger) -> bool,
) -> Result<Duration, BoxError> {
    let took = publish_while_reading(clients, press, plan)?;
    clients.read_all(silence, &mut done)?;
    Ok(took)
}

/// Publishes from a thread of its own, while this one reads. Answers how long that took.
pub(crate) fn publish_while_reading(
    clients: &mut Clients,
    press: &mut Press,
    plan: Plan,
) -> Result<Duration, BoxError> {
    thread::scope(|scope| {
        let publishing = scope.spawn(|| press.publish(plan));
        while !publishing.is_finished() {
            clients.read_until(Duration::from_millis(20), |_| false)?;
        }
        publishing.join().map_err(|_| "the publisher panicked")?
    })
}
