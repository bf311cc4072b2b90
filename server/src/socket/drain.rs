//! How what waits is written.
//!
//! At once, by whoever sends it, while the socket takes it. When it does not, a task writes what waits as soon as
//! it does again, and cuts off a peer that takes nothing for too long: neither jsonrpsee's pings nor the
//! kernel would.

use std::{io::ErrorKind, sync::Arc};

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::{
    Connection,
    outbox::Outbox,
    queue::{Owner, Written},
};
use crate::log_limit::bounded;

impl Connection {
    /// Writes frames to a socket before which nothing waits, and leaves the rest to a task.
    pub(super) fn send(self: &Arc<Self>, outbox: &mut Outbox, owner: Owner, frames: &Bytes) {
        let written = match self.wire.send(frames) {
            Ok(written) if written == frames.len() => return,
            Ok(written) => written,
            Err(e) if e.kind() == ErrorKind::WouldBlock => 0,
            Err(e) if e.kind() == ErrorKind::Interrupted => 0,
            Err(error) => return self.broken(outbox, &error),
        };
        outbox.queue.push_rest(owner, frames.clone(), written);
    }

    /// Writes as much as the socket takes, and leaves the rest to a task.
    pub(super) fn flush(self: &Arc<Self>, outbox: &mut Outbox) {
        if outbox.draining || outbox.corks > 0 {
            return;
        }
        match outbox.queue.write(&self.wire) {
            // Somebody may have looked while a cork was in.
            Ok(Written::All) => self.moved(),
            Ok(Written::Blocked { .. }) => {
                outbox.draining = true;
                self.open.task_tracker().spawn(self.clone().drain());
            }
            Err(error) => self.broken(outbox, &error),
        }
    }

    /// Writes until nothing waits. Ends at the latest when the peer has taken nothing for the stall limit.
    async fn drain(self: Arc<Self>) {
        let stall_limit = self.terms().stall_limit;
        let mut stalled = Instant::now() + stall_limit;
        loop {
            let writable = tokio::select! {
                () = self.terms().cut.cancelled() => {
                    tracing::debug!("a client that had not read was cut off, because the replica leaves");
                    return self.cut();
                }
                writable = timeout_at(stalled, self.wire.writable()) => writable,
            };
            if writable.is_err() {
                self.stalled();
                return self.cut();
            }
            {
                let mut outbox = self.outbox();
                // What the socket has to say, good or bad, it says to the writing.
                match outbox.queue.write(&self.wire) {
                    Ok(Written::All) => {
                        outbox.draining = false;
                        drop(outbox);
                        return self.moved();
                    }
                    Ok(Written::Blocked { some: true }) => stalled = Instant::now() + stall_limit,
                    Ok(Written::Blocked { some: false }) => {}
                    Err(error) => return self.broken(&mut outbox, &error),
                }
            }
            self.moved();
        }
    }

    /// The kernel may be the first to find that a peer takes nothing: it has the same limit, and begins to count when
    /// its own buffer is not emptied any more, not when it is full.
    pub(super) fn lost(&self, error: &std::io::Error) {
        match error.kind() {
            ErrorKind::TimedOut => self.stalled(),
            _ => tracing::debug!(%error, "a connection was lost"),
        }
    }

    fn stalled(&self) {
        let stall_limit = self.terms().stall_limit;
        self.terms().metrics.stalled.increment(1);
        bounded!(info, ?stall_limit, "a client was cut off that had read nothing for so long");
    }

    /// The socket takes nothing any more: its reader is told, and ends the connection.
    fn broken(&self, outbox: &mut Outbox, error: &std::io::Error) {
        self.lost(error);
        outbox.clear();
        self.wire.cut();
        self.moved();
    }
}
