//! A socket for tests, that keeps what is written to it and takes as much as a test says.

use std::{
    io,
    sync::{Arc, LazyLock, Mutex, MutexGuard},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::{Notify, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Connection, Terms,
    tracker::{FrameTracker, Header, Seen},
    wire::Wire,
};
use crate::metrics::Metrics;

/// Costly to make, and of no interest here.
static METRICS: LazyLock<Arc<Metrics>> = LazyLock::new(Arc::default);

#[derive(Debug)]
pub(crate) struct Tape {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    written: Vec<u8>,
    room: usize,
    writes: usize,
    finished: bool,
    cut: bool,
}

impl Tape {
    /// A socket that takes so many bytes.
    pub(crate) fn new(room: usize) -> Arc<Self> {
        let state = Mutex::new(State { room, ..State::default() });
        Arc::new(Self { state, changed: Notify::new() })
    }

    /// A WebSocket connection on it, with these bounds.
    pub(crate) fn connection(self: &Arc<Self>, outbox_bytes: usize) -> Arc<Connection> {
        self.connection_of(&TaskTracker::new(), outbox_bytes)
    }

    /// A connection whose tasks are these.
    pub(crate) fn connection_of(
        self: &Arc<Self>,
        tasks: &TaskTracker,
        outbox_bytes: usize,
    ) -> Arc<Connection> {
        let connection = self.http_connection_of(tasks, outbox_bytes);
        connection.upgrade();
        let mut outbox = connection.outbox();
        outbox.push_rpc(b"\r\n\r\n", || None);
        connection.flush(&mut outbox);
        drop(outbox);
        self.rewind();
        connection
    }

    /// The same that is no WebSocket.
    pub(crate) fn http_connection_of(
        self: &Arc<Self>,
        tasks: &TaskTracker,
        outbox_bytes: usize,
    ) -> Arc<Connection> {
        let terms = Terms {
            max_subscriptions: 8,
            max_calls: 2,
            max_request_bytes: 100,
            outbox_bytes,
            stall_limit: Duration::from_secs(60),
            metrics: METRICS.clone(),
            leaving: CancellationToken::new(),
            cut: CancellationToken::new(),
        };
        let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let wire = Wire::Tape(self.clone());
        Connection::new(wire, Arc::new(terms), permit, tasks.token())
    }

    /// Takes so many bytes more.
    pub(crate) fn allow(&self, room: usize) {
        let mut state = self.state();
        state.room = state.room.saturating_add(room);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Takes so many bytes from now on.
    pub(crate) fn take_only(&self, room: usize) {
        self.state().room = room;
    }

    /// What was written since the last time.
    pub(crate) fn rewind(&self) -> Vec<u8> {
        std::mem::take(&mut self.state().written)
    }

    /// The text messages in what was written since the last time; the rest of an incomplete one stays.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let mut state = self.state();
        let mut tracker = FrameTracker::default();
        let (mut messages, mut done) = (Vec::new(), 0);
        let mut rest = &state.written[..];
        while let Some(seen) = tracker.next(&mut rest) {
            if let Seen::End(Header { payload_bytes, .. }) = seen {
                done = state.written.len() - rest.len();
                let payload = &state.written[done - payload_bytes as usize..done];
                messages.push(serde_json::from_slice(payload).unwrap());
            }
        }
        state.written.drain(..done);
        messages
    }

    /// How often something was written.
    pub(crate) fn writes(&self) -> usize {
        self.state().writes
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.state().cut
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Tape {
    pub(super) fn try_write(&self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let mut state = self.state();
        if state.cut || state.finished {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if state.room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.writes += 1;
        let mut taken = 0;
        for piece in pieces {
            let here = piece.len().min(state.room);
            state.written.extend(&piece[..here]);
            state.room -= here;
            taken += here;
        }
        Ok(taken)
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        loop {
            let changed = self.changed.notified();
            if self.state().room > 0 || self.state().cut {
                return Ok(());
            }
            changed.await;
        }
    }

    pub(super) fn finish(&self) {
        self.state().finished = true;
    }

    pub(super) fn cut(&self) {
        self.state().cut = true;
        self.changed.notify_waiters();
    }
}
