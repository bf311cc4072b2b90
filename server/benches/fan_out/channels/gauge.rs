//! The memory of a process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{error::BoxError, usage};

/// How often it is looked at.
const EVERY: Duration = Duration::from_millis(50);
/// What has changed by less in this time has settled: a part of it.
const STEADY: Duration = Duration::from_secs(2);
const CHANGE: f64 = 0.005;
/// The longest wait for that.
const PATIENCE: Duration = Duration::from_secs(15);

/// Looks at a process's memory from a thread of its own.
#[derive(Debug)]
pub(crate) struct Gauge {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Gauge {
    pub(crate) fn start(pid: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut peak = 0;
            while !stopped.load(Ordering::Relaxed) {
                peak = peak.max(usage::memory_kib(pid).unwrap_or_default());
                thread::sleep(EVERY);
            }
            peak
        });
        Self { stop, thread }
    }

    /// The most that was seen: KiB.
    pub(crate) fn peak(self) -> Result<u64, BoxError> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the gauge panicked".into())
    }
}

/// The memory of a process once it no longer changes: KiB.
pub(crate) fn settled(pid: u32) -> Result<u64, BoxError> {
    let start = Instant::now();
    let mut before = usage::memory_kib(pid)?;
    loop {
        thread::sleep(STEADY);
        let now = usage::memory_kib(pid)?;
        let changed = now.abs_diff(before) as f64 > before as f64 * CHANGE;
        if !changed || start.elapsed() > PATIENCE {
            return Ok(now);
        }
        before = now;
    }
}
