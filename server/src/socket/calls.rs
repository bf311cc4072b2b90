//! The calls of one connection: bounds those that are not answered yet, and starts them in the order of arrival.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;

use super::Connection;

/// The calls of one connection that are not answered yet.
///
/// jsonrpsee takes each message in a task of its own, as fast as it can read them, and tokio may run these tasks in
/// any order. Not reading is what both rules come from. Nothing is read from the socket
///
/// - while `limit` messages are not answered, and
/// - while the message that was read last has not started. So there is one at a time that could be passed by another.
#[derive(Debug)]
pub(super) struct Calls {
    open: AtomicUsize,
    limit: usize,
    /// jsonrpsee has been given a message, and has neither started it nor refused it.
    starting: AtomicBool,
    next: AtomicU64,
    reader: AtomicWaker,
}

/// Names a message of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageId(u64);

/// A message that jsonrpsee took for a call, a notification or a batch. Dropping it says that it is answered, or needs
/// no answer.
#[derive(Debug)]
pub(crate) struct Call {
    connection: Arc<Connection>,
    id: MessageId,
    started: bool,
}

impl Calls {
    /// None yet, and at most `limit`.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            open: AtomicUsize::new(0),
            limit,
            starting: AtomicBool::new(false),
            next: AtomicU64::new(0),
            reader: AtomicWaker::new(),
        }
    }

    /// Waits until another message may be read.
    pub(super) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        if self.has_room() {
            return Poll::Ready(());
        }
        self.reader.register(cx.waker());
        // One may have been started or answered just before.
        if self.has_room() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// A message has been read.
    pub(super) fn begin(&self) {
        self.open.fetch_add(1, Ordering::AcqRel);
        self.starting.store(true, Ordering::Release);
    }

    /// The message that was read last may be followed by another.
    pub(super) fn start(&self) {
        if self.starting.swap(false, Ordering::AcqRel) {
            self.reader.wake();
        }
    }

    /// jsonrpsee has answered this many messages by itself: it could not start them.
    pub(super) fn refuse(&self, messages: usize) {
        if messages > 0 {
            self.end(messages);
            self.start();
        }
    }

    /// This many messages have been answered, or need no answer. Answers to messages that were not counted change nothing.
    fn end(&self, messages: usize) {
        let less = |open: usize| Some(open.saturating_sub(messages));
        let before = self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
        if before.is_ok_and(|before| before >= self.limit) {
            self.reader.wake();
        }
    }

    /// Registers the reader, to be woken by [`Calls::wake`].
    pub(super) fn register(&self, cx: &Context<'_>) {
        self.reader.register(cx.waker());
    }

    /// Lets the reader look again.
    pub(super) fn wake(&self) {
        self.reader.wake();
    }

    fn has_room(&self) -> bool {
        self.open.load(Ordering::Acquire) < self.limit && !self.starting.load(Ordering::Acquire)
    }
}

impl Call {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        let id = MessageId(connection.calls.next.fetch_add(1, Ordering::Relaxed));
        Self { connection, id, started: false }
    }

    /// Tells this message from the others of the connection.
    pub(crate) fn id(&self) -> MessageId {
        self.id
    }

    /// Lets the next message start.
    pub(crate) fn started(&mut self) {
        if !std::mem::replace(&mut self.started, true) {
            self.connection.calls.start();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.started();
        self.connection.answered(self.id);
        self.connection.calls.end(1);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::FutureExt;

    use super::*;
    use crate::socket::Tape;

    /// `Tape` has a limit of two.
    #[tokio::test]
    async fn nothing_is_read_while_there_are_too_many() {
        let connection = Tape::new(usize::MAX).connection(1000);
        let calls = &connection.calls;
        let room = || poll_fn(|cx| calls.poll_room(cx));
        let begin = || {
            calls.begin();
            calls.start();
        };
        begin();
        room().await;
        begin();
        begin();
        assert!(room().now_or_never().is_none());
        let call = connection.call();
        let waiting = async {
            room().await;
            calls.open.load(Ordering::Acquire)
        };
        let answering = async {
            drop(call);
            tokio::task::yield_now().await;
            assert!(room().now_or_never().is_none(), "there are two still");
            calls.refuse(1);
        };
        assert_eq!(tokio::join!(waiting, answering).0, 1);
        calls.refuse(7);
        assert_eq!(calls.open.load(Ordering::Acquire), 0, "what was not counted changes nothing");
    }

    #[tokio::test]
    async fn nothing_is_read_until_the_message_before_has_started_or_was_refused_or_is_gone() {
        let connection = Tape::new(usize::MAX).connection(1000);
        let calls = &connection.calls;
        let room = || poll_fn(|cx| calls.poll_room(cx));
        let goes_on = async |go_on: &mut dyn FnMut()| {
            calls.begin();
            assert!(room().now_or_never().is_none());
            let go_on = async { go_on() };
            tokio::join!(room(), go_on);
            calls.refuse(1);
        };
        goes_on(&mut || calls.refuse(1)).await;
        goes_on(&mut || drop(connection.call())).await;
        let mut call = connection.call();
        goes_on(&mut || call.started()).await;
        // It has started before: this says nothing of the message that was read last.
        calls.begin();
        call.started();
        drop(call);
        assert!(room().now_or_never().is_none());
    }
}
