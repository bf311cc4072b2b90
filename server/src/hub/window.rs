//! The newest events of an active channel, kept in memory so that those who come back are served without
//! asking the broker.
//!
//! Always a run without holes up to the newest event. Bounded in bytes, by itself and together with all others
//! (`window_budget.rs`): the oldest go first, and the broker's history has them still.

use std::collections::VecDeque;

use crate::broker::Position;

#[derive(Debug)]
pub(super) struct Window<T> {
    newest: Position,
    events: VecDeque<(T, u32)>,
    bytes: usize,
}

impl<T> Window<T> {
    /// An empty window on a channel that stands at `newest`.
    pub(super) fn new(newest: Position) -> Self {
        Self { newest, events: VecDeque::new(), bytes: 0 }
    }

    pub(super) fn newest(&self) -> Position {
        self.newest
    }

    /// Bytes of all events.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds the next event, and drops the oldest above `limit` bytes.
    pub(super) fn push(&mut self, event: T, bytes: usize, limit: usize) {
        self.newest.offset += 1;
        self.events.push_back((event, size(bytes)));
        self.bytes += bytes;
        while self.bytes > limit {
            let Some((_, bytes)) = self.events.pop_front() else { break };
            self.bytes -= bytes as usize;
        }
    }

    /// Adds an event that stands right before the first one, if there is room for it.
    pub(super) fn push_front(&mut self, offset: u64, event: T, bytes: usize, limit: usize) -> bool {
        let fits = offset == self.start() && offset > 0 && self.bytes + bytes <= limit;
        if fits {
            self.events.push_front((event, size(bytes)));
            self.bytes += bytes;
        }
        fits
    }

    /// Begins again at another position, without events.
    pub(super) fn reset(&mut self, newest: Position) {
        *self = Self::new(newest);
    }

    /// Drops all events, and stays at its position.
    pub(super) fn clear(&mut self) {
        self.reset(self.newest);
    }

    /// The events after `cursor`, or `None` where they do not reach back so far. None of them, where it is ahead of the newest.
    pub(super) fn since(&self, cursor: Position) -> Option<impl Iterator<Item = (u64, &T)>> {
        let skip = if cursor.epoch == self.newest.epoch {
            usize::try_from(cursor.offset.checked_sub(self.start())?).ok()?
        } else if cursor.is_same_place(self.newest) {
            0
        } else {
            return None;
        };
        let events = self.events.iter().enumerate().skip(skip);
        Some(events.map(|(n, (event, _))| (self.start() + 1 + n as u64, event)))
    }

    /// The offset before the first event.
    pub(super) fn start(&self) -> u64 {
        self.newest.offset - self.events.len() as u64
    }
}

/// Payloads are far smaller than 4 GiB.
fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const LIMIT: usize = 3;

    fn at(offset: u64) -> Position {
        Position { epoch: Uuid::nil(), offset }
    }

    fn since(window: &Window<char>, offset: u64) -> Option<String> {
        Some(window.since(at(offset))?.map(|(_, event)| *event).collect())
    }

    #[test]
    fn answers_what_came_after_an_offset_while_it_has_it() {
        let mut window = Window::new(at(7));
        assert_eq!(since(&window, 7).as_deref(), Some(""));
        assert_eq!(since(&window, 6), None);
        for event in ['a', 'b', 'c', 'd'] {
            window.push(event, 1, LIMIT);
        }
        assert_eq!(window.newest(), at(11));
        assert_eq!(since(&window, 11).as_deref(), Some(""));
        assert_eq!(since(&window, 8).as_deref(), Some("bcd"));
        assert_eq!(since(&window, 7), None, "`a` was dropped");
        assert_eq!(since(&window, 12).as_deref(), Some(""), "12 is not known yet");
        assert_eq!(
            window.since(at(9)).unwrap().map(|(offset, _)| offset).collect::<Vec<_>>(),
            [10, 11]
        );
        window.clear();
        assert_eq!((window.newest(), window.bytes()), (at(11), 0));
        assert_eq!(since(&window, 10), None);
    }

    #[test]
    fn takes_older_events_while_there_is_room() {
        let mut window = Window::new(at(7));
        assert!(!window.push_front(6, 'x', 1, LIMIT), "7 is missing between");
        assert!(window.push_front(7, 'b', 1, LIMIT));
        assert!(window.push_front(6, 'a', 2, LIMIT));
        assert!(!window.push_front(5, '9', 1, LIMIT), "there is no room");
        assert_eq!(since(&window, 5).as_deref(), Some("ab"));
    }

    #[test]
    fn an_event_larger_than_the_window_leaves_it_empty_and_in_place() {
        let mut window = Window::new(at(0));
        window.push('a', 4, LIMIT);
        assert_eq!(window.newest(), at(1));
        assert_eq!(since(&window, 1).as_deref(), Some(""));
        assert_eq!(since(&window, 0), None);
    }
}
