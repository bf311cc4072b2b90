//! One who subscribes to another channel every second.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    clients::{Clients, Guests},
    language::Language,
    stage::Stage,
};
use crate::{error::BoxError, payload::Clock};

const EVERY: Duration = Duration::from_secs(1);
/// Who has no answer by then is refused.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the visits have shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Visits {
    pub(crate) made: u64,
    pub(crate) refused: u64,
    pub(crate) slowest_ms: f64,
}

/// Connects and subscribes to a channel that nobody has, and leaves, once a second.
#[derive(Debug)]
pub(crate) struct Visitor {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Visits, String>>,
}

impl Visitor {
    pub(crate) fn start(stage: &Stage) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let (address, language, clock) = (stage.running.address(), stage.language, stage.clock);
        let thread = thread::spawn(move || {
            run(address, language, clock, &stopped).map_err(|e| e.to_string())
        });
        Self { stop, thread }
    }

    pub(crate) fn stop(self) -> Result<Visits, BoxError> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.thread.join().map_err(|_| "the visitor panicked")??)
    }
}

fn run(
    address: SocketAddr,
    language: Language,
    clock: Clock,
    stop: &AtomicBool,
) -> Result<Visits, BoxError> {
    let mut visits = Visits::default();
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let first = u32::try_from(visits.made)?;
        let guests = Guests { connections: 1, names: "cold", first, each: 1, together: true };
        let mut clients = Clients::open(address, language, guests, clock)?;
        let asked = Instant::now();
        clients.subscribe();
        clients.read_until(PATIENCE, |ledger| ledger.answered() > 0)?;
        visits.made += 1;
        visits.refused += u64::from(clients.ledger().live == 0);
        visits.slowest_ms = visits.slowest_ms.max(asked.elapsed().as_secs_f64() * 1e3);
        thread::sleep(EVERY.saturating_sub(begun.elapsed()));
    }
    Ok(visits)
}
