//! The calls of one connection that are not answered yet.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;

/// The calls of one connection that are not answered yet.
///
/// jsonrpsee takes each message in a task of its own, as fast as they can be read. So what bounds them is that
/// nothing is read from the socket while there are too many.
#[derive(Debug)]
pub(super) struct Calls {
    open: AtomicUsize,
    limit: usize,
    reader: AtomicWaker,
}

/// A call that is being answered. Dropping it says that it is.
#[derive(Debug)]
pub(crate) struct Call<'a>(&'a Calls);

impl Calls {
    /// None yet, and at most so many, overrun by those that one reading of the socket brings (8 KiB).
    pub(super) fn new(limit: usize) -> Self {
        Self { open: AtomicUsize::new(0), limit, reader: AtomicWaker::new() }
    }

    /// Waits until there may be another one.
    pub(super) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        if self.has_room() {
            return Poll::Ready(());
        }
        self.reader.register(cx.waker());
        // One may have been answered just before.
        if self.has_room() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// So many messages have been read.
    pub(super) fn begin(&self, messages: usize) {
        self.open.fetch_add(messages, Ordering::AcqRel);
    }

    /// So many have been answered, or need no answer. An answer to nothing that was counted changes nothing.
    pub(super) fn end(&self, messages: usize) {
        if messages == 0 {
            return;
        }
        let less = |open: usize| Some(open.saturating_sub(messages));
        let before = self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
        if before.is_ok_and(|before| before >= self.limit) {
            self.reader.wake();
        }
    }

    /// Lets the reader look again.
    pub(super) fn wake(&self) {
        self.reader.wake();
    }

    pub(super) fn call(&self) -> Call<'_> {
        Call(self)
    }

    fn has_room(&self) -> bool {
        self.open.load(Ordering::Acquire) < self.limit
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.end(1);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn nothing_is_read_while_there_are_too_many() {
        let calls = Calls::new(2);
        let room = || poll_fn(|cx| calls.poll_room(cx));
        calls.begin(1);
        room().await;
        calls.begin(2);
        assert!(room().now_or_never().is_none());
        let call = calls.call();
        let waiting = async {
            room().await;
            calls.open.load(Ordering::Acquire)
        };
        let answering = async {
            drop(call);
            tokio::task::yield_now().await;
            assert!(room().now_or_never().is_none(), "there are two still");
            calls.end(1);
        };
        assert_eq!(tokio::join!(waiting, answering).0, 1);
        calls.end(7);
        assert_eq!(calls.open.load(Ordering::Acquire), 0, "what was not counted changes nothing");
    }
}
