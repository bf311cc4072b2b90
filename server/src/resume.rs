//! How a stream goes on where it was left: pure functions over what was seen, what was kept and what comes.
//!
//! The hub's channels and single subscribers both resume by them. That the live stream is joined first, and
//! the history read after, and that any doubt is a gap, is how Centrifugo recovers.

use tidings_schema::GapReason;

use crate::broker::{History, Position, Publication, Tracked};

/// What an event that comes is to a channel that stands at `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The next one.
    Next,
    /// It was there before.
    Seen,
    /// Others should have come before it, or it belongs to another epoch: the history has to be asked.
    Ahead,
}

/// Places an event that comes.
pub fn arrival(at: Position, event: Tracked) -> Arrival {
    let Position { epoch, offset } = event.position;
    if epoch != at.epoch || offset > at.offset + 1 {
        Arrival::Ahead
    } else if offset <= at.offset {
        Arrival::Seen
    } else {
        Arrival::Next
    }
}

/// What follows `cursor` in a part of the history that was read for it.
///
/// # Errors
///
/// Why that does not follow: then nothing in it may be delivered as if it did.
pub fn after(cursor: Position, history: &History) -> Result<&[Publication], GapReason> {
    let newest = history.newest;
    if newest.epoch != cursor.epoch {
        return Err(GapReason::EpochChanged);
    }
    if newest.offset < cursor.offset {
        return Err(GapReason::UnknownPosition);
    }
    let unseen = history.events.iter().position(|event| event.offset() > Some(cursor.offset));
    let events = unseen.map_or(&[][..], |from| &history.events[from..]);
    let whole = match events.first() {
        Some(first) => first.offset() == Some(cursor.offset + 1),
        None => newest.offset == cursor.offset,
    };
    let without_holes =
        events.windows(2).all(|pair| pair[1].offset() == pair[0].offset().map(|o| o + 1));
    if whole && without_holes { Ok(events) } else { Err(GapReason::HistoryTrimmed) }
}

/// What a channel makes of its history and of what came while that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Why events before `events` are missing, if they are.
    pub gap: Option<GapReason>,
    /// What is to be delivered now, in order.
    pub events: Vec<Publication>,
    /// Where the channel stands after that.
    pub at: Position,
    /// What came and has no place yet. When `more`, the history has to be read again, from `at`.
    pub rest: Vec<Publication>,
    /// Whether there is more to be read.
    pub more: bool,
}

/// Brings a channel that stood at `from` up to date.
///
/// `live` is what came meanwhile, in order. The first `before` of it came before the reading began: what the
/// history then does not know of is no longer true.
pub fn merge(from: Position, history: &History, live: Vec<Publication>, before: usize) -> Merged {
    let (mut at, mut gap, mut events) = (from, None, Vec::new());
    match after(from, history) {
        Ok(missed) => {
            events.extend_from_slice(missed);
            at.offset += missed.len() as u64;
            if at.offset < history.newest.offset {
                // The budget ended here.
                return Merged { gap, events, at, rest: live, more: true };
            }
        }
        Err(reason) => {
            gap = Some(reason);
            at = history.newest;
        }
    }
    let mut live = live.into_iter().enumerate();
    while let Some((n, event)) = live.next() {
        let Some(tracked) = event.tracked else {
            events.push(event);
            continue;
        };
        match arrival(at, tracked) {
            Arrival::Next => {
                at.offset += 1;
                events.push(event);
            }
            Arrival::Seen => {}
            Arrival::Ahead if n < before => {}
            Arrival::Ahead => {
                let rest = [event].into_iter().chain(live.map(|(_, event)| event)).collect();
                return Merged { gap, events, at, rest, more: true };
            }
        }
    }
    Merged { gap, events, at, rest: Vec::new(), more: false }
}
