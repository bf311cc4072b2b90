//! One subscription's way to its client.

use std::sync::Arc;

use super::{
    Connection, Frame, Kind,
    encoding::{Encoding, Frames},
    subscriptions::End,
};

/// One subscription's way to its client. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    connection: Arc<Connection>,
    key: u32,
    encoding: Encoding,
}

/// What became of frames.
#[derive(Debug)]
pub(crate) enum Pushed {
    /// They will be read, or replaced by a newer state.
    Taken,
    /// Subscriptions of this connection were stopped, because too much waits: perhaps this one. Each is to be
    /// released, when the caller holds no lock.
    Stopped(Vec<Lane>),
    /// The lane is closed.
    Gone,
}

/// Nothing is sent on a lane any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

impl Lane {
    pub(super) fn new(connection: Arc<Connection>, key: u32, encoding: Encoding) -> Self {
        Self { connection, key, encoding }
    }

    /// Hands over whole frames: they are written at once where the socket takes them. Never waits.
    pub(crate) fn push(&self, kind: Kind, frames: &Frames) -> Pushed {
        match self.connection.push(self.key, kind, frames.encoded(self.encoding)) {
            None => Pushed::Gone,
            Some(stopped) if stopped.is_empty() => Pushed::Taken,
            Some(stopped) => {
                let lane = |key| Self { key, ..self.clone() };
                Pushed::Stopped(stopped.into_iter().map(lane).collect())
            }
        }
    }

    /// Resolves when there is room for so many bytes, besides those that live events need.
    ///
    /// # Errors
    ///
    /// When the lane is closed.
    pub(crate) async fn room(&self, bytes: usize) -> Result<(), Gone> {
        self.connection.until(|outbox| outbox.has_room(bytes) || !outbox.is_open(self.key)).await;
        if self.is_open() { Ok(()) } else { Err(Gone) }
    }

    /// Resolves when the lane is closed.
    pub(crate) async fn gone(&self) {
        self.connection.until(|outbox| !outbox.is_open(self.key)).await;
    }

    /// Whether there is room for so many bytes, besides those that live events need.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.connection.outbox().has_room(bytes)
    }

    /// Whether anything can be sent.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.outbox().is_open(self.key)
    }

    /// Closes it behind what waits, with a last word. It is to be released after that.
    pub(crate) fn finish(&self, last: Frame) {
        self.connection.finish_lane(self.key, last);
    }

    /// Ends the subscription for the server, and lets go of what it holds. The connection is not given its id again.
    pub(crate) fn release(&self) {
        self.connection.release(self.key, End::ByServer);
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    pub(super) fn key(&self) -> u32 {
        self.key
    }

    /// Lets several things be written at once.
    pub(crate) fn cork(&self) -> super::Cork {
        self.connection.cork()
    }
}
