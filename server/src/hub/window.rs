//! The newest events of an active channel, kept in memory so that those who come back are served without
//! asking the broker.
//!
//! Always a run without holes up to the newest event. Bounded in bytes: the oldest go first, and the broker's
//! history has them still.

use std::collections::VecDeque;

use crate::broker::Position;

#[derive(Debug)]
pub(super) struct Window<T> {
    newest: Position,
    events: VecDeque<(T, usize)>,
    bytes: usize,
    limit: usize,
}

impl<T> Window<T> {
    /// An empty window on a channel that stands at `newest`.
    pub(super) fn new(newest: Position, limit: usize) -> Self {
        Self { newest, events: VecDeque::new(), bytes: 0, limit }
    }

    pub(super) fn newest(&self) -> Position {
        self.newest
    }

    /// Adds the next event.
    pub(super) fn push(&mut self, event: T, bytes: usize) {
        self.newest.offset += 1;
        self.events.push_back((event, bytes));
        self.bytes += bytes;
        while self.bytes > self.limit {
            let Some((_, bytes)) = self.events.pop_front() else { break };
            self.bytes -= bytes;
        }
    }

    /// Adds an event that stands right before the first one, if there is room for it.
    pub(super) fn push_front(&mut self, offset: u64, event: T, bytes: usize) -> bool {
        let fits = offset == self.start() && offset > 0 && self.bytes + bytes <= self.limit;
        if fits {
            self.events.push_front((event, bytes));
            self.bytes += bytes;
        }
        fits
    }

    /// Begins anew at another place.
    pub(super) fn reset(&mut self, newest: Position) {
        *self = Self::new(newest, self.limit);
    }

    /// The events after `offset`, or nothing where they do not reach back so far.
    pub(super) fn since(&self, offset: u64) -> Option<impl Iterator<Item = (u64, &T)>> {
        let skip = usize::try_from(offset.checked_sub(self.start())?).ok()?;
        let events = self.events.iter().enumerate().skip(skip);
        Some(events.map(|(n, (event, _))| (self.start() + 1 + n as u64, event)))
    }

    /// The place before the first event.
    pub(super) fn start(&self) -> u64 {
        self.newest.offset - self.events.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(offset: u64) -> Position {
        Position { epoch: Uuid::nil(), offset }
    }

    fn since(window: &Window<char>, offset: u64) -> Option<String> {
        Some(window.since(offset)?.map(|(_, event)| *event).collect())
    }

    #[test]
    fn answers_what_came_after_an_offset_while_it_has_it() {
        let mut window = Window::new(at(7), 3);
        assert_eq!(since(&window, 7).as_deref(), Some(""));
        assert_eq!(since(&window, 6), None);
        for event in ['a', 'b', 'c', 'd'] {
            window.push(event, 1);
        }
        assert_eq!(window.newest(), at(11));
        assert_eq!(since(&window, 11).as_deref(), Some(""));
        assert_eq!(since(&window, 8).as_deref(), Some("bcd"));
        assert_eq!(since(&window, 7), None, "`a` had to go");
        assert_eq!(
            window.since(9).unwrap().map(|(offset, _)| offset).collect::<Vec<_>>(),
            [10, 11]
        );
    }

    #[test]
    fn takes_older_events_while_there_is_room() {
        let mut window = Window::new(at(7), 3);
        assert!(!window.push_front(6, 'x', 1), "7 is missing between");
        assert!(window.push_front(7, 'b', 1));
        assert!(window.push_front(6, 'a', 2));
        assert!(!window.push_front(5, '9', 1), "there is no room");
        assert_eq!(since(&window, 5).as_deref(), Some("ab"));
    }

    #[test]
    fn an_event_larger_than_the_window_leaves_it_empty_and_in_place() {
        let mut window = Window::new(at(0), 3);
        window.push('a', 4);
        assert_eq!(window.newest(), at(1));
        assert_eq!(since(&window, 1).as_deref(), Some(""));
        assert_eq!(since(&window, 0), None);
    }
}
