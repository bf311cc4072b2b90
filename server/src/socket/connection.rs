//! One client connection.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use tidings_contract::{Feed, SubscriptionId};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit},
    time::timeout,
};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{
    CloseCode, Frame, Kind, Terms,
    calls::{Call, Calls, MessageId},
    encoding::Encoding,
    outbox::Outbox,
    queue::Owner,
    subscriptions::{End, Subscriptions},
    wire::Wire,
};

/// How long a client that was told to close is waited for.
const CLOSE_TIME: Duration = Duration::from_secs(2);

/// One client connection. It travels in the extensions of each request, and lives as long as its socket, or
/// anything that still writes to it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) wire: Wire,
    terms: Arc<Terms>,
    /// Held for changes and for writes that do not wait, never over an await. No other lock is taken under it.
    outbox: Mutex<Outbox>,
    /// Held for look-ups and changes. Only the outbox's lock is taken under it.
    subscriptions: Mutex<Subscriptions>,
    pub(super) calls: Calls,
    /// Serialises answers and calls that wait for room for an answer. It is fair.
    answering: tokio::sync::Mutex<()>,
    /// Something went out, or a lane was closed.
    changed: Notify,
    /// jsonrpsee, waiting to write or to close.
    writer: AtomicWaker,
    is_websocket: AtomicBool,
    /// The request that may begin the WebSocket has come, and nothing behind it.
    may_upgrade: AtomicBool,
    /// The client has sent a close frame, or nothing follows without one.
    peer_closed: AtomicBool,
    /// Counts against the replica's connections.
    _permit: OwnedSemaphorePermit,
    /// Keeps the replica from ending before the connection.
    pub(super) open: TaskTrackerToken,
}

/// A call's turn to start. The connection's next call waits until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a>(
    #[expect(dead_code, reason = "it is held")] tokio::sync::MutexGuard<'a, ()>,
);

/// While it lives, what is sent waits, to be written at once when it is dropped. To be dropped when nothing is
/// locked: subscriptions may be found then that have not kept up.
#[derive(Debug)]
pub(crate) struct Cork(Arc<Connection>);

impl Connection {
    /// A connection without subscriptions, counted in the metrics until it is dropped.
    pub(crate) fn new(
        wire: Wire,
        terms: Arc<Terms>,
        permit: OwnedSemaphorePermit,
        open: TaskTrackerToken,
    ) -> Arc<Self> {
        terms.metrics.connections.rise();
        Arc::new(Self {
            wire,
            outbox: Mutex::new(Outbox::new(terms.outbox_bytes)),
            subscriptions: Mutex::default(),
            calls: Calls::new(terms.max_calls),
            terms,
            answering: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            writer: AtomicWaker::new(),
            is_websocket: AtomicBool::new(false),
            may_upgrade: AtomicBool::new(false),
            peer_closed: AtomicBool::new(false),
            _permit: permit,
            open,
        })
    }

    /// Whether the request under way may begin a WebSocket: a `GET` that nothing else stands before or behind.
    pub(crate) fn may_upgrade(&self) -> bool {
        self.may_upgrade.load(Ordering::Acquire)
    }

    /// Says whether that is so.
    pub(super) fn let_upgrade(&self, may: bool) {
        self.may_upgrade.store(may, Ordering::Release);
    }

    /// Says that what is written next is the answer that begins a WebSocket. To be called before it is written.
    pub(crate) fn upgrade(&self) {
        self.outbox().queue.upgrade();
        self.is_websocket.store(true, Ordering::Release);
    }

    /// Stands for the message that was read last. Dropping it says that it is answered, or needs no answer.
    pub(crate) fn call(self: &Arc<Self>) -> Call {
        Call::new(self.clone())
    }

    /// A message has been answered.
    pub(super) fn answered(&self, message: MessageId) {
        self.subscriptions().ids.answered(message);
    }

    /// Waits until a call may be worked on: when no answer waits to be taken in, and there is room for one. So the server
    /// does not work for a client that does not read answers; what may wait are the answers of calls that ran at the same
    /// time. Calls get their turns in the order in which they asked, and the next one when the turn is dropped.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        let turn = self.answering.lock().await;
        self.until(|outbox| outbox.has_room_for_answer(1)).await;
        Turn(turn)
    }

    /// Resolves when the replica leaves and has waited long enough.
    pub(crate) async fn cut_off(&self) {
        self.terms.cut.cancelled().await;
    }

    /// Sends an answer, when there is room for it.
    pub(crate) async fn answer(self: &Arc<Self>, answer: Frame) {
        // One after the other, so that a long answer is not passed by short ones for ever.
        let _turn = self.answering.lock().await;
        loop {
            let changed = self.changed.notified();
            {
                let mut outbox = self.outbox();
                if outbox.has_room_for_answer(answer.bytes()) {
                    outbox.queue.push(Owner::Answer, answer.into());
                    return self.flush(&mut outbox);
                }
            }
            changed.await;
        }
    }

    /// Sends an answer of the reader's, and leaves nothing of it; waits until there is room for it.
    pub(super) fn poll_answer(
        self: &Arc<Self>,
        cx: &Context<'_>,
        answer: &mut Option<Frame>,
    ) -> Poll<()> {
        let Some(bytes) = answer.as_ref().map(Frame::bytes) else { return Poll::Ready(()) };
        // Before the look: room that comes after it wakes the reader.
        self.calls.register(cx);
        let mut outbox = self.outbox();
        if !outbox.queue.is_closed() && !outbox.has_room_for_answer(bytes) {
            return Poll::Pending;
        }
        if let Some(answer) = answer.take() {
            outbox.queue.push(Owner::Answer, answer.into());
            self.flush(&mut outbox);
        }
        Poll::Ready(())
    }

    /// Sends a short answer, whether there is room or not.
    pub(crate) fn answer_now(self: &Arc<Self>, answer: Frame) {
        let mut outbox = self.outbox();
        outbox.queue.push(Owner::Answer, answer.into());
        self.flush(&mut outbox);
    }

    /// Lets several things be written at once.
    pub(crate) fn cork(self: &Arc<Self>) -> Cork {
        self.outbox().corks += 1;
        Cork(self.clone())
    }

    /// Closes the WebSocket from our side, and the connection when the client does not.
    pub(super) fn close(self: &Arc<Self>, code: CloseCode) {
        {
            let mut outbox = self.outbox();
            outbox.close(code);
            self.flush(&mut outbox);
        }
        self.moved();
        let connection = self.clone();
        self.open.task_tracker().spawn(async move {
            // Done when jsonrpsee has let go, too.
            let gone = connection.until(|outbox| outbox.is_over());
            if timeout(CLOSE_TIME, gone).await.is_err() {
                connection.cut();
            }
        });
    }

    /// The socket is no longer served: nothing more can be sent.
    pub(super) fn closed(&self) {
        self.outbox().over();
        self.changed.notify_waiters();
        self.release_all();
    }

    /// Ends the connection at once.
    pub(super) fn cut(&self) {
        self.outbox().clear();
        self.wire.cut();
        self.moved();
    }

    /// Takes bytes of jsonrpsee's.
    pub(super) fn poll_write(self: &Arc<Self>, cx: &Context<'_>, bytes: &[u8]) -> Poll<usize> {
        let mut outbox = self.outbox();
        let (taken, messages) = outbox.push_rpc(bytes, || self.close_code());
        if taken == 0 && !bytes.is_empty() {
            self.writer.register(cx.waker());
            return Poll::Pending;
        }
        self.flush(&mut outbox);
        drop(outbox);
        self.calls.refuse(messages);
        Poll::Ready(taken)
    }

    /// Waits until everything is written.
    pub(super) fn poll_written(&self, cx: &Context<'_>) -> Poll<()> {
        let outbox = self.outbox();
        if outbox.queue.is_written() {
            return Poll::Ready(());
        }
        self.writer.register(cx.waker());
        Poll::Pending
    }

    /// Hands over frames. Nothing when the lane is closed, else the lanes of subscriptions that were stopped.
    pub(super) fn push(
        self: &Arc<Self>,
        lane: u32,
        kind: Kind,
        frames: &Bytes,
    ) -> Option<Vec<u32>> {
        let mut outbox = self.outbox();
        // What is nearly always so comes first.
        if outbox.is_idle() && outbox.is_open(lane) {
            self.send(&mut outbox, kind.owner(lane), frames);
        } else if !outbox.push(lane, kind, frames) {
            return None;
        }
        if outbox.queue.bytes() == 0 || outbox.corks > 0 {
            return Some(Vec::new());
        }
        self.flush(&mut outbox);
        let stopped = outbox.relieve();
        drop(outbox);
        self.stopped(&stopped);
        Some(stopped)
    }

    fn stopped(&self, lanes: &[u32]) {
        if !lanes.is_empty() {
            self.terms.metrics.slow_consumers.increment(lanes.len() as u64);
            self.changed.notify_waiters();
        }
    }

    pub(super) fn open_lane(
        &self,
        id: SubscriptionId,
        procedure: &'static str,
        feed: Feed,
        encoding: Encoding,
    ) -> u32 {
        self.outbox().open(id, procedure, feed, encoding)
    }

    /// False when it was closed already.
    pub(super) fn close_lane(&self, lane: u32) -> bool {
        let was_open = self.outbox().close_lane(lane);
        if was_open {
            self.changed.notify_waiters();
        }
        was_open
    }

    pub(super) fn finish_lane(self: &Arc<Self>, lane: u32, last: Frame) {
        let mut outbox = self.outbox();
        outbox.finish_lane(lane, last);
        self.flush(&mut outbox);
        drop(outbox);
        self.changed.notify_waiters();
    }

    /// Resolves when something about what waits is so.
    pub(super) async fn until(&self, is_so: impl Fn(&Outbox) -> bool) {
        loop {
            let changed = self.changed.notified();
            if is_so(&self.outbox()) {
                return;
            }
            changed.await;
        }
    }

    /// Tells those who wait that something went out, or that nothing will any more.
    pub(super) fn moved(&self) {
        self.writer.wake();
        self.calls.wake();
        self.changed.notify_waiters();
    }

    pub(super) fn is_websocket(&self) -> bool {
        self.is_websocket.load(Ordering::Acquire)
    }

    /// Whether nothing more can be sent.
    pub(super) fn is_closed(&self) -> bool {
        self.outbox().queue.is_closed()
    }

    pub(super) fn peer_closes(&self) {
        self.peer_closed.store(true, Ordering::Release);
    }

    pub(super) fn terms(&self) -> &Terms {
        &self.terms
    }

    pub(super) fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn subscriptions(&self) -> MutexGuard<'_, Subscriptions> {
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to say where jsonrpsee closes, which always says 1000: to be asked once. Nothing where it echoes the
    /// client's code.
    fn close_code(&self) -> Option<CloseCode> {
        if self.peer_closed.load(Ordering::Acquire) {
            None
        } else if self.terms.leaving.is_cancelled() {
            Some(CloseCode::Restart)
        } else {
            self.terms.metrics.silent.increment(1);
            Some(CloseCode::Silent)
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.terms.metrics.connections.fall();
    }
}

impl Drop for Cork {
    fn drop(&mut self) {
        let Self(connection) = self;
        let stopped = {
            let mut outbox = connection.outbox();
            outbox.corks -= 1;
            connection.flush(&mut outbox);
            if outbox.corks == 0 { outbox.relieve() } else { Vec::new() }
        };
        connection.stopped(&stopped);
        for lane in stopped {
            connection.release(lane, End::ByServer);
        }
    }
}
