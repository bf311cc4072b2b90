//! Watching a replica while it works.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{error::BoxError, usage};

/// How often it is looked at.
const EVERY: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(2);

/// One look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) at: Instant,
    pub(crate) connections: f64,
    /// How many it has cut because they stalled, if it counts those.
    pub(crate) stalled: Option<f64>,
    pub(crate) memory_kib: u64,
}

/// Looks at a replica from a thread of its own, until it is told to stop.
#[derive(Debug)]
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Look>>,
}

impl Watch {
    pub(crate) fn start(metrics: SocketAddr, pid: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut looks = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                // One that fails is one look less.
                looks.extend(look(metrics, pid).ok());
                thread::sleep(EVERY);
            }
            looks
        });
        Self { stop, thread }
    }

    /// Everything that was seen.
    pub(crate) fn stop(self) -> Result<Vec<Look>, BoxError> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the watch panicked".into())
    }
}

fn look(metrics: SocketAddr, pid: u32) -> Result<Look, BoxError> {
    let answer = read(metrics)?;
    let metric = |name: &str| find(&answer, name);
    Ok(Look {
        at: Instant::now(),
        connections: metric("tidings_connections").ok_or("it does not count its connections")?,
        stalled: metric("tidings_connections_stalled_total"),
        memory_kib: usage::memory_kib(pid)?,
    })
}

/// One metric's value now.
pub(crate) fn metric(metrics: SocketAddr, name: &str) -> Option<f64> {
    find(&read(metrics).ok()?, name)
}

fn read(metrics: SocketAddr) -> Result<String, BoxError> {
    let mut socket = TcpStream::connect(metrics)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    write!(socket, "GET /metrics HTTP/1.0\r\nHost: {metrics}\r\n\r\n")?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}

fn find(metrics: &str, name: &str) -> Option<f64> {
    metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}
