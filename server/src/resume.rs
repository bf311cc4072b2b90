//! Decides what follows what: pure functions over positions, histories and events that arrive.
//!
//! The hub's channels and single subscribers both resume by them. The live stream is joined first, the history is read
//! after that, and any doubt is a gap: that is how Centrifugo recovers.

use tidings_contract::GapReason;

use crate::broker::{History, Position, Publication, Tracked};

/// How an event that arrives relates to the position of its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next event.
    Next,
    /// The first event of a channel to which nothing had been published: it begins a count.
    First,
    /// An event that was there before.
    Seen,
    /// Others should have arrived before it, or it belongs to another epoch: the history has to be read.
    Ahead,
}

/// Relates an event that arrives to `at`, the position of its channel.
pub(crate) fn arrival(at: Position, event: Tracked) -> Arrival {
    let Position { epoch, offset } = event.position;
    if epoch != at.epoch {
        if at.is_void() && offset == 1 { Arrival::First } else { Arrival::Ahead }
    } else if offset > at.offset + 1 {
        Arrival::Ahead
    } else if offset <= at.offset {
        Arrival::Seen
    } else {
        Arrival::Next
    }
}

/// The events that follow the position for which a part of the history was read.
///
/// # Errors
///
/// Why nothing in it follows that position: then none of its events may be delivered as if it did.
pub(crate) fn after(history: &History) -> Result<&[Publication], GapReason> {
    let Some(after) = history.after else { return Err(GapReason::EpochChanged) };
    let newest = history.newest.offset;
    if newest < after {
        return Err(GapReason::UnknownPosition);
    }
    let unseen = history.events.iter().position(|event| event.offset() > Some(after));
    let events = unseen.map_or(&[][..], |from| &history.events[from..]);
    let whole = match events.first() {
        Some(first) => first.offset() == Some(after + 1),
        None => newest == after,
    };
    let without_holes =
        events.windows(2).all(|pair| pair[1].offset() == pair[0].offset().map(|o| o + 1));
    if whole && without_holes { Ok(events) } else { Err(GapReason::HistoryTrimmed) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const CASES: u32 = 10_000;

    fn at(epoch: u8, offset: u64) -> Position {
        Position { epoch: Uuid::from_u128(epoch.into()), offset }
    }

    fn event(epoch: u8, offset: u64) -> Publication {
        let tracked = Some(Tracked { position: at(epoch, offset), published_at_ms: 0 });
        Publication { tracked, payload: offset.to_string().into() }
    }

    fn offsets(events: &[Publication]) -> Vec<u64> {
        events.iter().filter_map(Publication::offset).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_follows_a_cursor_is_a_run_without_holes_or_an_error_that_says_why(
            same_epoch in any::<bool>(),
            (cursor, newest) in (0..20u64, 0..20u64),
            kept in 0..20u64,
            budget in 1..20usize,
        ) {
            let kept = kept.min(newest);
            let events = (cursor.max(kept) + 1..=newest).take(budget).map(|o| event(1, o));
            let history = History {
                newest: at(1, newest),
                after: same_epoch.then_some(cursor),
                events: events.collect(),
            };
            match after(&history) {
                Ok(events) => {
                    prop_assert!(same_epoch && kept <= cursor && cursor <= newest);
                    let last = newest.min(cursor + budget as u64);
                    prop_assert_eq!(offsets(events), (cursor + 1..=last).collect::<Vec<_>>());
                }
                Err(GapReason::EpochChanged) => prop_assert!(!same_epoch),
                Err(GapReason::UnknownPosition) => prop_assert!(cursor > newest),
                Err(GapReason::HistoryTrimmed) => prop_assert!(kept > cursor),
                Err(reason) => return Err(TestCaseError::fail(format!("{reason:?}"))),
            }
        }
    }

    #[test]
    fn a_history_with_a_hole_is_a_gap() {
        let events = vec![event(1, 1), event(1, 3)];
        let history = History { newest: at(1, 3), after: Some(0), events };
        assert_eq!(after(&history), Err(GapReason::HistoryTrimmed));
    }

    #[test]
    fn an_event_is_placed_by_its_epoch_and_offset() {
        let place = |at, event: Publication| arrival(at, event.tracked.unwrap());
        assert_eq!(place(at(1, 7), event(1, 8)), Arrival::Next);
        assert_eq!(place(at(1, 7), event(1, 7)), Arrival::Seen);
        assert_eq!(place(at(1, 7), event(1, 9)), Arrival::Ahead);
        assert_eq!(place(at(1, 7), event(2, 8)), Arrival::Ahead);
        assert_eq!(place(at(1, 0), event(2, 1)), Arrival::Ahead);
        assert_eq!(place(Position::void(0, 1), event(2, 1)), Arrival::First);
        assert_eq!(place(Position::void(0, 1), event(2, 2)), Arrival::Ahead);
    }
}
