//! How a stream goes on where it was left: pure functions over what was seen, what was kept and what comes.
//!
//! The hub's channels and single subscribers both resume by them. That the live stream is joined first, and
//! the history read after, and that any doubt is a gap, is how Centrifugo recovers.

use tidings_contract::GapReason;

use crate::broker::{History, Position, Publication, Tracked};

/// What an event that comes is to a channel that stands at `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next one.
    Next,
    /// It was there before.
    Seen,
    /// Others should have come before it, or it belongs to another epoch: the history has to be asked.
    Ahead,
}

/// Places an event that comes.
pub(crate) fn arrival(at: Position, event: Tracked) -> Arrival {
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
pub(crate) fn after(cursor: Position, history: &History) -> Result<&[Publication], GapReason> {
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
pub(crate) struct Merged {
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
pub(crate) fn merge(
    from: Position,
    history: &History,
    live: Vec<Publication>,
    before: usize,
) -> Merged {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const CASES: u32 = 10_000;

    fn event(epoch: u8, offset: u64) -> Publication {
        let position = Position { epoch: Uuid::from_u128(epoch.into()), offset };
        let tracked = Some(Tracked { position, published_at_ms: 0 });
        Publication { tracked, payload: offset.to_string().into() }
    }

    fn at(epoch: u8, offset: u64) -> Position {
        Position { epoch: Uuid::from_u128(epoch.into()), offset }
    }

    /// What a broker answers that stands at `newest`, has kept everything after `kept`, and was asked for what
    /// follows `cursor`, within a budget of so many events.
    fn history(epoch: u8, newest: u64, kept: u64, cursor: u64, budget: usize) -> History {
        let events = (cursor.max(kept) + 1..=newest).take(budget).map(|o| event(epoch, o));
        History { newest: at(epoch, newest), events: events.collect() }
    }

    fn offsets(events: &[Publication]) -> Vec<u64> {
        events.iter().filter_map(Publication::offset).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

        /// What follows a cursor is all of it or an error that tells why.
        #[test]
        fn after_answers_a_run_from_the_cursor_or_says_why_not(
            (cursor_epoch, epoch) in (0..2u8, 0..2u8),
            (cursor, newest) in (0..20u64, 0..20u64),
            kept in 0..20u64,
            budget in 1..20usize,
        ) {
            let history = history(epoch, newest, kept.min(newest), cursor, budget);
            match after(at(cursor_epoch, cursor), &history) {
                Ok(events) => {
                    prop_assert!(cursor_epoch == epoch && cursor <= newest && kept.min(newest) <= cursor);
                    let last = newest.min(cursor + budget as u64);
                    prop_assert_eq!(offsets(events), (cursor + 1..=last).collect::<Vec<_>>());
                }
                Err(GapReason::EpochChanged) => prop_assert!(cursor_epoch != epoch),
                Err(GapReason::UnknownPosition) => prop_assert!(cursor > newest),
                Err(GapReason::HistoryTrimmed) => prop_assert!(kept.min(newest) > cursor),
            }
        }

        /// Whatever was lost on the way, and wherever the reading fell between what came live, the channel has
        /// every event once and in order, or a gap before them.
        #[test]
        fn merge_makes_one_run_of_history_and_live(
            from in 0..10u64,
            published in 0..20u64,
            // When the history was read: after how many events.
            read_at in 0..20u64,
            kept in 0..12u64,
            lost in prop::collection::vec(any::<bool>(), 20),
            plain in prop::collection::vec(any::<bool>(), 20),
            began in 0..20usize,
            epoch_changed in any::<bool>(),
            budget in 1..25usize,
        ) {
            let newest = from + published;
            let read_at = from + read_at.min(published);
            let epoch = u8::from(epoch_changed);
            let kept = kept.min(read_at);
            // What came while the reading was under way; some of it never came.
            let mut live = Vec::new();
            let mut before = 0;
            for offset in from + 1..=newest {
                let n = (offset - from - 1) as usize;
                if plain[n] {
                    live.push(Publication { tracked: None, payload: "plain".into() });
                }
                if !lost[n] {
                    live.push(event(epoch, offset));
                }
                // What came before the reading began was published before it.
                if n < began && offset <= read_at {
                    before = live.len();
                }
            }
            let all_plain = live.iter().filter(|e| e.tracked.is_none()).count();
            let history = history(epoch, read_at, kept, from, budget);
            let merged = merge(at(0, from), &history, live.clone(), before);

            let delivered = offsets(&merged.events);
            prop_assert!(delivered.windows(2).all(|pair| pair[1] == pair[0] + 1), "{:?}", delivered);
            let begin = match merged.gap {
                None => {
                    prop_assert!(!epoch_changed && kept <= from, "a gap was not told");
                    from
                }
                Some(GapReason::EpochChanged) => {
                    prop_assert!(epoch_changed);
                    read_at
                }
                Some(GapReason::HistoryTrimmed) => {
                    prop_assert!(!epoch_changed && kept > from);
                    read_at
                }
                Some(GapReason::UnknownPosition) => return Err(TestCaseError::fail("it was known")),
            };
            prop_assert_eq!(merged.at, at(epoch, begin + delivered.len() as u64));
            if let Some(first) = delivered.first() {
                prop_assert_eq!(*first, begin + 1);
            }
            // Events without a place are neither lost nor doubled.
            let kept_plain = merged.events.iter().chain(&merged.rest).filter(|e| e.tracked.is_none());
            prop_assert_eq!(kept_plain.count(), all_plain);

            // Reading once more, now that nothing comes any more, makes it whole.
            let waiting = merged.rest.len();
            let rest = history_after(epoch, newest, merged.at);
            let whole = merge(merged.at, &rest, merged.rest, waiting);
            prop_assert_eq!((whole.gap, whole.more), (None, false));
            prop_assert_eq!(whole.at, at(epoch, newest));
        }
    }

    fn history_after(epoch: u8, newest: u64, at: Position) -> History {
        history(epoch, newest, 0, at.offset, usize::MAX)
    }
}
