//! A quiet channel: its publisher and its subscriber, in a thread of their own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    clients::{Clients, Guests},
    figures::Latencies,
    press::Press,
    stage::Stage,
};
use crate::{error::BoxError, publisher::Plan, scenario::Load};

const GUESTS: Guests = Guests { connections: 1, names: "quiet", first: 0, each: 1, together: true };
const BYTES: usize = 200;

/// A quiet channel with a subscriber, to which an event is published now and then.
#[derive(Debug)]
pub(crate) struct Quiet {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(Latencies, u64), String>>,
}

impl Quiet {
    /// Subscribes, and begins.
    pub(crate) fn start(stage: &Stage, load: Load) -> Result<Self, BoxError> {
        let mut clients = stage.open(GUESTS)?;
        let press = stage.press(GUESTS, BYTES)?;
        clients.subscribe();
        if !clients.read_until(Duration::from_secs(10), |ledger| ledger.live == 1)? {
            return Err("the quiet channel's subscriber was refused".into());
        }
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread =
            thread::spawn(move || run(clients, press, load, &stopped).map_err(|e| e.to_string()));
        Ok(Self { stop, thread })
    }

    /// Publishes no more, waits for what has not come, and answers how long events were on their way, and how often the
    /// subscriber was told that the broker is out of reach.
    pub(crate) fn stop(self) -> Result<(Latencies, u64), BoxError> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.thread.join().map_err(|_| "the quiet channel panicked")??)
    }
}

fn run(
    mut clients: Clients,
    mut press: Press,
    load: Load,
    stop: &AtomicBool,
) -> Result<(Latencies, u64), BoxError> {
    let (every, start) = (load.every(), Instant::now());
    let mut published = 0;
    while !stop.load(Ordering::Relaxed) {
        press.publish(Plan { from: published, events: 1, burst: 1, every: Duration::ZERO })?;
        published += 1;
        let due = every * u32::try_from(published)?;
        clients.read_until(due.saturating_sub(start.elapsed()), |_| false)?;
    }
    clients.read_until(load.patience, |ledger| ledger.received >= published)?;
    let ledger = clients.ledger();
    let ms = |micros: u64| micros as f64 / 1e3;
    let latencies = Latencies {
        published,
        received: ledger.received,
        p50_ms: ms(ledger.latency.value_at_quantile(0.5)),
        p99_ms: ms(ledger.latency.value_at_quantile(0.99)),
        max_ms: ms(ledger.latency.max()),
    };
    Ok((latencies, ledger.told_down))
}
