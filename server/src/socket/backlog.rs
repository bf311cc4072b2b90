//! What waits for one subscriber to read.
//!
//! Bounded in bytes: frames are shared, so a count would say nothing about the memory that a slow reader
//! holds on to. When full, a `Log` feed's refuses, and the subscription is stopped: nothing is dropped from
//! its middle. A `State` feed's lets go of all that the newest frame replaces.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tidings_schema::Feed;
use tokio::sync::Notify;

use super::Frame;

/// The hub's end: takes a frame at once or refuses it. Dropping it closes the backlog; what waits in it
/// is still read.
#[derive(Debug)]
pub struct Backlog(Arc<Shared>);

/// The reader's end.
#[derive(Debug)]
pub struct BacklogReader(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    feed: Feed,
    limit: usize,
    /// Held for look-ups and changes, never over an await.
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<(Kind, Frame)>,
    /// Of the frames, and of those that were taken out and are not read yet.
    bytes: usize,
    closed: bool,
    gone: bool,
}

/// What a frame is to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An event's payload: in a `State` feed it replaces those before it.
    Data,
    /// Anything else: it always counts.
    Control,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It will be read, or replaced by a newer state.
    Taken,
    /// It would be more than the limit, and was not taken.
    Full,
    /// The reader has gone.
    Gone,
}

/// A backlog of at most `limit` bytes. A single frame is taken by an empty backlog whatever its size.
pub fn backlog(feed: Feed, limit: usize) -> (Backlog, BacklogReader) {
    let shared = Shared { feed, limit, waiting: Mutex::default(), changed: Notify::new() };
    let shared = Arc::new(shared);
    (Backlog(shared.clone()), BacklogReader(shared))
}

impl Backlog {
    /// Adds a frame.
    pub fn push(&self, kind: Kind, frame: Frame) -> Pushed {
        let mut waiting = self.0.waiting();
        if waiting.gone {
            return Pushed::Gone;
        }
        if !waiting.has_room(frame.bytes(), self.0.limit) {
            if self.0.feed == Feed::Log {
                return Pushed::Full;
            }
            // Then at most this one waits, beside the one that is being written.
            waiting.drop_data();
        }
        waiting.add(kind, frame);
        drop(waiting);
        self.0.changed.notify_one();
        Pushed::Taken
    }

    /// Adds a last frame, whether there is room or not, and closes.
    pub fn close_with(self, frame: Frame) {
        self.0.waiting().add(Kind::Control, frame);
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.0.waiting().closed = true;
        self.0.changed.notify_one();
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
        loop {
            {
                let mut waiting = self.0.waiting();
                if let Some((_, frame)) = waiting.frames.pop_front() {
                    return Some(frame);
                }
                if waiting.closed {
                    return None;
                }
            }
            self.0.changed.notified().await;
        }
    }

    /// A frame has been handed on.
    pub fn read(&self, frame: &Frame) {
        self.0.waiting().bytes -= frame.bytes();
    }
}

impl Drop for BacklogReader {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.gone = true;
        waiting.frames.clear();
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.bytes == 0 || self.bytes + bytes <= limit
    }

    fn add(&mut self, kind: Kind, frame: Frame) {
        self.bytes += frame.bytes();
        self.frames.push_back((kind, frame));
    }

    fn drop_data(&mut self) {
        let bytes = &mut self.bytes;
        self.frames.retain(|(kind, frame)| {
            let keep = *kind == Kind::Control;
            if !keep {
                *bytes -= frame.bytes();
            }
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use tidings_schema::{Event, SubscriptionId};

    use super::*;

    /// A frame of about this many bytes, all of the same.
    fn frame(bytes: usize) -> Frame {
        let event = Event::Data {
            id: None,
            published_at: None,
            instance: String::new(),
            data: "x".repeat(bytes),
        };
        Frame::new("m", SubscriptionId(1), &event)
    }

    fn limit(frames: usize) -> usize {
        frames * frame(1).bytes()
    }

    #[tokio::test]
    async fn a_log_refuses_what_would_be_more_than_its_limit_until_there_is_room() {
        let (backlog, mut reader) = backlog(Feed::Log, limit(2));
        assert_eq!(backlog.push(Kind::Data, frame(1)), Pushed::Taken);
        assert_eq!(backlog.push(Kind::Data, frame(2)), Pushed::Full);
        assert_eq!(backlog.push(Kind::Data, frame(1)), Pushed::Taken);
        let first = reader.next().await.unwrap();
        assert_eq!(backlog.push(Kind::Data, frame(1)), Pushed::Full, "one taken out still waits");
        reader.read(&first);
        assert_eq!(backlog.push(Kind::Data, frame(1)), Pushed::Taken);
    }

    #[tokio::test]
    async fn a_log_takes_one_frame_of_any_size() {
        let (backlog, _reader) = backlog(Feed::Log, 1);
        assert_eq!(backlog.push(Kind::Data, frame(5000)), Pushed::Taken);
        assert_eq!(backlog.push(Kind::Data, frame(1)), Pushed::Full);
    }

    #[tokio::test]
    async fn a_state_keeps_the_newest_and_what_is_no_data() {
        let (backlog, mut reader) = backlog(Feed::State, limit(3));
        assert_eq!(backlog.push(Kind::Control, frame(0)), Pushed::Taken);
        for size in [1, 1, 2, 3] {
            assert_eq!(backlog.push(Kind::Data, frame(size)), Pushed::Taken);
        }
        drop(backlog);
        let mut sizes = Vec::new();
        while let Some(frame) = reader.next().await {
            sizes.push(frame.bytes() - self::frame(0).bytes());
        }
        assert_eq!(sizes, [0, 3]);
    }

    #[tokio::test]
    async fn what_waits_is_read_after_closing_and_the_last_frame_comes_last() {
        let (backlog, mut reader) = backlog(Feed::Log, limit(1));
        assert_eq!(backlog.push(Kind::Data, frame(1)), Pushed::Taken);
        backlog.close_with(frame(9));
        assert_eq!(reader.next().await.unwrap().bytes(), frame(1).bytes());
        assert_eq!(reader.next().await.unwrap().bytes(), frame(9).bytes());
        assert!(reader.next().await.is_none());
    }

    #[tokio::test]
    async fn knows_when_its_reader_has_gone() {
        let (backlog, reader) = backlog(Feed::Log, limit(1));
        drop(reader);
        assert_eq!(backlog.push(Kind::Data, frame(1)), Pushed::Gone);
    }
}
