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
        match transport {
            Transport::EventStream => connection.terms().metrics.event_streams.rise(),
            Transport::LongPoll => connection.terms().metrics.polls.increment(1),
            Transport::WebSocket => {}
        }
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
        if self.transport == Transport::EventStream {
            self.connection.terms().metrics.event_streams.fall();
        }
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use bytes::Bytes;
    use futures_util::FutureExt;
    use tidings_contract::{Event, StopReason, Subscription, SubscriptionId};
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::{
        sample::{OnNewest, OnProducts},
        socket::{Frame, Frames, Kind, Lane, Pushed, Tape},
    };

    const LIMIT: usize = 1000;

    fn begin<P: Subscription>(exchange: &Exchange, id: u64) -> Lane {
        let opening = exchange.connection().open(exchange.transport()).unwrap();
        let claim = opening.claim::<P>(SubscriptionId(id), || panic!("{id} may be used"));
        let lane = claim.lane().clone();
        claim.hold(Box::new(()));
        lane
    }

    fn event(id: u64, data: &str) -> Frames {
        let instance = "a".to_owned();
        let event = Event::Data { id: None, published_at: None, instance, data };
        Frame::new(OnProducts::NAME, SubscriptionId(id), &event).into()
    }

    fn push(lane: &Lane, data: &str) {
        assert!(matches!(lane.push(Kind::Data, &event(7, data)), Pushed::Taken), "{data}");
    }

    /// The payloads of what was written, and the rest of hyper's.
    fn written(tape: &Tape) -> String {
        let written = String::from_utf8(tape.rewind()).unwrap();
        let lines = written.split("\r\n").map(|line| match line.split_once(r#""data":""#) {
            Some((_, data)) => data.split_once('"').unwrap().0,
            None if line.chars().all(|c| c.is_ascii_hexdigit()) && line != "0" => "",
            None => line,
        });
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }

    fn http(tape: &Arc<Tape>) -> Arc<Connection> {
        tape.http_connection_of(&TaskTracker::new(), LIMIT)
    }

    #[tokio::test]
    async fn what_comes_before_the_head_follows_it() {
        let tape = Tape::new(usize::MAX);
        let connection = http(&tape);
        for _ in 0..2 {
            let exchange = Exchange::new(connection.clone(), Transport::EventStream);
            let lane = begin::<OnProducts>(&exchange, 7);
            push(&lane, "one");
            // hyper may flush what it has before it has the head.
            connection.flushed();
            exchange.begin_body();
            push(&lane, "two");
            assert!(poll_fn(|cx| connection.poll_write(cx, b"HTTP/1.1 2")).await > 0);
            push(&lane, "three");
            assert!(poll_fn(|cx| connection.poll_write(cx, b"00 OK\r\n\r\n")).await > 0);
            assert!(exchange.ended().now_or_never().is_none());
            assert_eq!(written(&tape), "HTTP/1.1 200 OK");
            connection.flushed();
            let writes = tape.writes();
            push(&lane, "four");
            push(&lane, "five");
            assert_eq!(tape.writes() - writes, 2, "at once");
            assert_eq!(written(&tape), "one two three four five");

            let stopped = StopReason::Draining;
            let last = Event::<()>::Stopped { reason: stopped, retry_after_ms: None };
            lane.finish(Frame::new(OnProducts::NAME, SubscriptionId(7), &last));
            lane.release();
            assert!(exchange.ended().now_or_never().is_some());
            drop(exchange);
            assert!(poll_fn(|cx| connection.poll_write(cx, b"0\r\n\r\n")).await > 0);
            let end = String::from_utf8(tape.rewind()).unwrap();
            assert!(end.contains("draining") && end.ends_with("\n\n\r\n0\r\n\r\n"), "{end:?}");
        }
    }

    #[tokio::test]
    async fn what_waits_for_a_head_is_bounded_and_goes_with_the_exchange() {
        let tape = Tape::new(usize::MAX);
        let connection = http(&tape);
        for transport in [Transport::EventStream, Transport::LongPoll] {
            let exchange = Exchange::new(connection.clone(), transport);
            let lane = begin::<OnProducts>(&exchange, 7);
            push(&lane, &"x".repeat(LIMIT / 2));
            let stopped = lane.push(Kind::Data, &event(7, &"x".repeat(LIMIT / 2)));
            let Pushed::Stopped(stopped) = stopped else { panic!("{stopped:?}") };
            // As the hub does. The next exchange may use the id nevertheless.
            stopped.iter().for_each(Lane::release);
            assert!(!exchange.is_live());
            if transport == Transport::LongPoll {
                let held = exchange.take();
                let messages: Vec<_> = held.iter().flat_map(Held::messages).collect();
                assert_eq!(messages.len(), 1);
                assert!(String::from_utf8_lossy(messages[0]).contains("slowConsumer"));
            }
            drop(exchange);
            let outbox = connection.outbox();
            assert_eq!((outbox.queue.bytes(), outbox.queue.counts()), (0, [0; 3]));
        }
        assert_eq!(tape.rewind(), Bytes::new());
    }

    #[tokio::test]
    async fn a_poll_takes_the_newest_value_only() {
        let tape = Tape::new(usize::MAX);
        let exchange = Exchange::new(http(&tape), Transport::LongPoll);
        let lane = begin::<OnNewest>(&exchange, 7);
        assert!(exchange.held().now_or_never().is_none());
        push(&lane, "one");
        push(&lane, "two");
        assert!(exchange.held().now_or_never().is_some());
        let held = exchange.take();
        assert_eq!(held.iter().flat_map(Held::messages).count(), 1);
        assert_eq!(exchange.connection().outbox().queue.counts(), [0; 3]);
        assert!(exchange.held().now_or_never().is_none());
    }
}
