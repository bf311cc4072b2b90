//! One HTTP request that follows channels, and its answer: an event stream, or a long poll.
//!
//! hyper writes the head of an event stream. From then on the hub's chunks go through the outbox straight to the socket,
//! beside hyper, whose body stays pending. When the body ends, hyper writes the end, and the connection is HTTP again.
//! The answer to a long poll is made from what is held meanwhile.

use std::sync::Arc;

use bytes::Bytes;

use super::{Connection, Transport, encoding::chunk, frame, queue::Owner, subscriptions::End};

/// One HTTP request that follows channels. Dropping it ends its subscriptions.
#[derive(Debug)]
pub(crate) struct Exchange {
    connection: Arc<Connection>,
    transport: Transport,
}

/// What was pushed to a subscription of a long poll.
#[derive(Debug)]
pub(crate) struct Held {
    /// Whether it is what a subscription begins with, and not what happened since.
    pub(crate) is_greeting: bool,
    frames: Bytes,
}

impl Exchange {
    /// An exchange without subscriptions on a connection that carries one request at a time.
    pub(crate) fn new(connection: Arc<Connection>, transport: Transport) -> Self {
        Self { connection, transport }
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    pub(crate) fn transport(&self) -> Transport {
        self.transport
    }

    /// Sends a text in the event stream, before or between the hub's messages.
    pub(crate) fn say(&self, text: &str) {
        let mut outbox = self.connection.outbox();
        outbox.queue.push(Owner::Answer, chunk(text));
        self.connection.flush(&mut outbox);
    }

    /// Sends a text, unless the client has something to read anyway.
    pub(crate) fn say_if_idle(&self, text: &str) {
        let mut outbox = self.connection.outbox();
        if outbox.queue.bytes() == 0 && outbox.queue.takes_chunks() {
            outbox.queue.push(Owner::Answer, chunk(text));
            self.connection.flush(&mut outbox);
        }
    }

    /// Lets the hub's chunks be written as soon as hyper has written what it has: the head. To be called when hyper asks for
    /// the body.
    pub(crate) fn begin_body(&self) {
        self.connection.outbox().queue.ask();
    }

    /// Resolves when the head of an event stream is written, and no subscription of it is left.
    pub(crate) async fn ended(&self) {
        let is_over = |outbox: &super::outbox::Outbox| {
            !outbox.has_lanes() && (outbox.queue.takes_chunks() || outbox.queue.is_closed())
        };
        self.connection.until(is_over).await;
    }

    /// Resolves when something is held, or no subscription is left.
    pub(crate) async fn held(&self) {
        self.connection.until(|outbox| outbox.queue.holds() || !outbox.has_lanes()).await;
    }

    /// Takes what is held, in order.
    pub(crate) fn take(&self) -> Vec<Held> {
        let held = self.connection.outbox().queue.take_held();
        // There is room again for what waits for some.
        self.connection.moved();
        let held = held.into_iter();
        held.map(|(owner, frames)| Held { is_greeting: !owner.is_lane(), frames }).collect()
    }

    /// Whether a subscription is left.
    pub(crate) fn is_live(&self) -> bool {
        self.connection.outbox().has_lanes()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.connection.end_exchange();
    }
}

impl Held {
    /// Its messages, as text.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &[u8]> {
        frame::messages(&self.frames)
    }
}

impl Connection {
    fn end_exchange(&self) {
        for lane in self.lanes() {
            self.release(lane, End::Untold);
        }
        self.outbox().queue.end_answer();
    }

    /// Says that hyper has handed over all that it had to write.
    pub(super) fn flushed(self: &Arc<Self>) {
        let mut outbox = self.outbox();
        if outbox.queue.flushed() {
            self.flush(&mut outbox);
            drop(outbox);
            self.moved();
        }
    }
}
