//! What waits for one subscriber to read.
//!
//! Bounded in bytes: frames are shared, so a count would say nothing about the memory that a slow reader
//! holds on to. When full it refuses, and the subscription is stopped; nothing is dropped from its middle.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::mpsc;

use super::Frame;

/// The hub's end: takes a frame at once or refuses it. Dropping it closes the backlog; what waits in it
/// is still read.
#[derive(Debug)]
pub struct Backlog {
    /// Unbounded in number, but for `limit`.
    frames: mpsc::UnboundedSender<Frame>,
    waiting_bytes: Arc<AtomicUsize>,
    limit: usize,
}

/// The reader's end.
#[derive(Debug)]
pub struct BacklogReader {
    frames: mpsc::UnboundedReceiver<Frame>,
    waiting_bytes: Arc<AtomicUsize>,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It will be read.
    Taken,
    /// It would be more than the limit, and was not taken.
    Full,
    /// The reader has gone.
    Gone,
}

/// A backlog of at most `limit` bytes. A single frame is taken by an empty backlog whatever its size.
pub fn backlog(limit: usize) -> (Backlog, BacklogReader) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting_bytes = Arc::new(AtomicUsize::new(0));
    (
        Backlog { frames: sender, waiting_bytes: waiting_bytes.clone(), limit },
        BacklogReader { frames: receiver, waiting_bytes },
    )
}

impl Backlog {
    /// Adds a frame.
    pub fn push(&self, frame: Frame) -> Pushed {
        let bytes = frame.bytes();
        let waiting = self.waiting_bytes.load(Ordering::Relaxed);
        if waiting > 0 && waiting + bytes > self.limit {
            return Pushed::Full;
        }
        self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        match self.frames.send(frame) {
            Ok(()) => Pushed::Taken,
            Err(_) => Pushed::Gone,
        }
    }

    /// Adds a last frame, whether there is room or not, and closes.
    pub fn close_with(self, frame: Frame) {
        self.waiting_bytes.fetch_add(frame.bytes(), Ordering::Relaxed);
        // A reader that has gone needs no farewell.
        let _ = self.frames.send(frame);
    }
}

impl BacklogReader {
    /// The next frame, or nothing when the backlog is closed and empty. The frame counts as waiting until
    /// [`BacklogReader::read`] says that it is gone.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Frame> {
        self.frames.recv().await
    }

    /// A frame has been handed on.
    pub fn read(&self, frame: &Frame) {
        self.waiting_bytes.fetch_sub(frame.bytes(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: usize) -> Frame {
        Frame::new(&"x".repeat(bytes - 2))
    }

    #[tokio::test]
    async fn refuses_what_would_be_more_than_its_limit_until_there_is_room() {
        let (backlog, mut reader) = backlog(100);
        assert_eq!(backlog.push(frame(60)), Pushed::Taken);
        assert_eq!(backlog.push(frame(41)), Pushed::Full);
        assert_eq!(backlog.push(frame(40)), Pushed::Taken);
        let first = reader.next().await.unwrap();
        assert_eq!(backlog.push(frame(10)), Pushed::Full, "a frame that was taken out still waits");
        reader.read(&first);
        assert_eq!(backlog.push(frame(10)), Pushed::Taken);
    }

    #[tokio::test]
    async fn takes_one_frame_of_any_size() {
        let (backlog, _reader) = backlog(100);
        assert_eq!(backlog.push(frame(5000)), Pushed::Taken);
        assert_eq!(backlog.push(frame(2)), Pushed::Full);
    }

    #[tokio::test]
    async fn what_waits_is_read_after_closing_and_the_last_frame_comes_last() {
        let (backlog, mut reader) = backlog(10);
        assert_eq!(backlog.push(frame(10)), Pushed::Taken);
        backlog.close_with(frame(4));
        assert_eq!(reader.next().await.unwrap().bytes(), 10);
        assert_eq!(reader.next().await.unwrap().bytes(), 4);
        assert!(reader.next().await.is_none());
    }

    #[tokio::test]
    async fn knows_when_its_reader_has_gone() {
        let (backlog, reader) = backlog(10);
        drop(reader);
        assert_eq!(backlog.push(frame(4)), Pushed::Gone);
    }
}
