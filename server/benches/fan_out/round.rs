//! How each scenario is run once.

use std::{
    thread,
    time::{Duration, Instant},
};

use tidings_testkit::Signal;

use crate::{
    error::BoxError,
    figures::{FanOut, Query, Run, Stall},
    query::Caller,
    scenario::{Load, Scenario},
    server::Server,
    watch::Watch,
    window::{Bench, Stage},
};

/// How many of the subscribers of `stalled` read nothing.
const LAZY: usize = 50;
/// How long a replica lets a connection stall there.
pub(crate) const STALL_LIMIT: Duration = Duration::from_secs(5);
/// What it keeps for one connection.
pub(crate) const OUTBOX_BYTES: u32 = 2 * 1024 * 1024;
/// How long a replica may take to end before it is killed. Its own limit is 10 s.
const LEAVING: Duration = Duration::from_secs(30);
/// How few subscribers `valkey` has, beside the many.
const FEW: usize = 10;

impl Bench {
    /// Runs a scenario with one server, which is started anew for it.
    pub(crate) fn run(
        &mut self,
        scenario: Scenario,
        server: Server,
        load: Load,
        round: u32,
    ) -> Result<Vec<Run>, BoxError> {
        let plain = |fan_out| Run::new(scenario, server, round, fan_out);
        Ok(match scenario {
            Scenario::Paced
            | Scenario::Polled
            | Scenario::Saturated
            | Scenario::Wide
            | Scenario::Large => {
                let mut stage = self.set(server, load, 0, &[])?;
                self.warm_up(&mut stage)?;
                vec![plain(self.measure(&mut stage)?)]
            }
            Scenario::Valkey => {
                let mut runs = Vec::new();
                for subscribers in [FEW, load.subscribers] {
                    let mut stage = self.set(server, Load { subscribers, ..load }, 0, &[])?;
                    self.warm_up(&mut stage)?;
                    runs.push(plain(self.measure(&mut stage)?));
                }
                runs
            }
            Scenario::Channels
            | Scenario::Steady
            | Scenario::Recovery
            | Scenario::Hot
            | Scenario::Windows
            | Scenario::Million => vec![self.run_channels(scenario, server, load, round)?],
            Scenario::Parts => {
                vec![Run { parts: self.measure_parts()?, ..plain(FanOut::default()) }]
            }
            Scenario::Query => {
                let mut stage = self.set(server, load, 0, &[])?;
                self.warm_up(&mut stage)?;
                let mut caller = Caller::connect(stage.running.address())?;
                // The caller warms up, too.
                caller.measure(load.warm_up)?;
                let idle = caller.measure(load.window)?;
                let calling = thread::spawn(move || caller.measure(load.window));
                let fan_out = self.measure(&mut stage)?;
                let busy = calling.join().map_err(|_| "the caller panicked")??;
                vec![Run { query: Some(Query { idle, busy }), ..plain(fan_out) }]
            }
            Scenario::Stalled => {
                let mut runs = Vec::new();
                for lazy in [0, LAZY] {
                    let (fan_out, stall) = self.stall(server, load, lazy)?;
                    runs.push(Run { stall: Some(stall), ..plain(fan_out) });
                }
                let (fan_out, stall) = self.leave(server, load)?;
                runs.push(Run { stall: Some(stall), ..plain(fan_out) });
                runs
            }
        })
    }

    /// Some read nothing: what the others get, and what becomes of those.
    fn stall(
        &mut self,
        server: Server,
        load: Load,
        lazy: usize,
    ) -> Result<(FanOut, Stall), BoxError> {
        let (limit, outbox) = (format!("{}s", STALL_LIMIT.as_secs()), OUTBOX_BYTES.to_string());
        let arguments = ["--stall-limit", &limit, "--outbox-bytes", &outbox];
        let mut stage = self.set(server, load, lazy, &arguments)?;
        self.warm_up(&mut stage)?;
        let subscribed = stage.memory_kib()?;
        let watch = stage.watch()?;
        let stopped = Instant::now();
        stage.stop_reading(lazy)?;
        let fan_out = self.measure(&mut stage)?;
        let looks = watch.stop()?;
        let all = looks.first().ok_or("the replica could not be watched")?.connections;
        let gone = |connections: f64| (all - connections).max(0.0);
        let seconds = |at: Instant| at.duration_since(stopped).as_secs_f64();
        let first = looks.iter().find(|look| gone(look.connections) >= 1.0);
        let last = looks.iter().find(|look| lazy > 0 && gone(look.connections) >= lazy as f64);
        let end = looks.last().map_or(all, |look| look.connections);
        let peak = looks.iter().map(|look| look.memory_kib).max().unwrap_or_default();
        let stall = Stall {
            lazy,
            cut: gone(end).round() as usize,
            first_cut_seconds: first.map(|look| seconds(look.at)),
            last_cut_seconds: last.map(|look| seconds(look.at)),
            counted: looks.last().and_then(|look| look.stalled),
            memory_growth_kib: peak.saturating_sub(subscribed),
            asked_to_leave: false,
            left_seconds: None,
        };
        Ok((fan_out, stall))
    }

    /// Some read nothing, and the replica is told to leave before it has cut them.
    fn leave(&mut self, server: Server, load: Load) -> Result<(FanOut, Stall), BoxError> {
        let load = Load { window: load.window / 3, ..load };
        let mut stage = self.set(server, load, LAZY, &[])?;
        stage.stop_reading(LAZY)?;
        let fan_out = self.measure(&mut stage)?;
        let Stage { running, crowd, .. } = &mut stage;
        let replica = running.replica().ok_or("only Tidings can be asked to leave")?;
        let asked = Instant::now();
        replica.process().signal(Signal::TERM);
        while replica.process().is_running() && asked.elapsed() < LEAVING {
            crowd.read_until(Duration::from_millis(20), |_| false)?;
        }
        let stall = Stall {
            lazy: LAZY,
            asked_to_leave: true,
            left_seconds: (!replica.process().is_running()).then(|| asked.elapsed().as_secs_f64()),
            ..Stall::default()
        };
        Ok((fan_out, stall))
    }
}

impl Stage {
    fn watch(&mut self) -> Result<Watch, BoxError> {
        let pid = self.running.pid();
        let replica = self.running.replica().ok_or("only Tidings can be watched")?;
        Ok(Watch::start(replica.admin_address(), pid))
    }
}
