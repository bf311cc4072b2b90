//! Whether the subscribers got what they were promised.

use std::{collections::HashSet, time::Duration};

use tidings_contract::EventId;

use super::{Entry, Record};

/// What subscribers are promised while something is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Every event, once, in order, without a gap.
    Everything,
    /// What was in Valkey is lost: every event, once, in order, but for one gap.
    OneGap,
    /// Valkey may have lost something, and nobody declared that it does not: every event, once, in order, or a gap in
    /// its place. A gap may also stand where nothing was lost.
    AnyGaps,
}

/// What became of all that was published, for all subscribers together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Events that were acknowledged to their publisher.
    pub published: u64,
    /// Deliveries of them that are due: each event to each subscriber of its channel.
    pub expected: u64,
    /// Deliveries of them that were made, each counted once.
    pub delivered: u64,
    /// Those that were not, and no gap said so.
    pub lost: u64,
    /// Those that were not, and a gap stands in their place.
    pub behind_gaps: u64,
    /// Events that came again, or out of order.
    pub duplicates: u64,
    /// Gaps.
    pub gaps: u64,
    /// Subscribers that did not have exactly one gap.
    pub without_one_gap: u64,
    /// How often subscribers came back.
    pub reconnects: u64,
    /// The longest time that a subscriber was without an event.
    pub silence: Duration,
    /// What the protocol forbids: the first few.
    pub violations: Vec<String>,
}

/// How many violations are kept to be shown.
const SHOWN: usize = 5;

impl Verdict {
    /// Compares what was seen, each with the index of its channel, with the number of the newest event of each
    /// channel. Every subscriber must have been there from its channel's first event on.
    pub fn of<'a>(
        records: impl IntoIterator<Item = &'a (usize, Record)>,
        published: &[u64],
    ) -> Self {
        let mut verdict = Self { published: published.iter().sum(), ..Self::default() };
        for (channel, record) in records {
            verdict.add(record, published[*channel]);
        }
        verdict
    }

    fn add(&mut self, record: &Record, published: u64) {
        self.expected += published;
        self.reconnects += record.resumes.len() as u64;
        self.silence = self.silence.max(record.silence);
        let mut seen = HashSet::<&EventId>::new();
        let (mut next, mut gaps, mut gap_stands_here) = (1, 0, false);
        for entry in &record.entries {
            match entry {
                Entry::Event { number, id } => {
                    if !seen.insert(id) {
                        self.duplicates += 1;
                    } else if *number >= next {
                        self.missing(*number - next, gap_stands_here);
                        self.delivered += 1;
                        next = number + 1;
                    } else if !gap_stands_here {
                        self.duplicates += 1;
                    }
                    // Else Valkey took it, could not say so, lost it, and was given it again, under another id.
                    gap_stands_here = false;
                }
                Entry::Gap(_) => {
                    gaps += 1;
                    gap_stands_here = true;
                }
                Entry::Violation(what) if self.violations.len() < SHOWN => {
                    self.violations.push(what.clone());
                }
                Entry::Violation(_) => {}
            }
        }
        self.missing((published + 1).saturating_sub(next), gap_stands_here);
        self.gaps += gaps;
        self.without_one_gap += u64::from(gaps != 1);
    }

    fn missing(&mut self, events: u64, gap_stands_here: bool) {
        *(if gap_stands_here { &mut self.behind_gaps } else { &mut self.lost }) += events;
    }

    /// What of the promise was broken, in words. Nothing when it was kept.
    pub fn broken(&self, promise: Promise) -> Vec<String> {
        let mut broken = self.violations.clone();
        let mut none = |count: u64, what: &str| {
            if count > 0 {
                broken.push(format!("{count} {what}"));
            }
        };
        none(self.lost, "lost");
        none(self.duplicates, "duplicates");
        match promise {
            Promise::Everything => none(self.gaps, "gaps"),
            Promise::AnyGaps => {}
            Promise::OneGap => none(self.without_one_gap, "subscribers without exactly one gap"),
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use tidings_contract::GapReason;

    use super::*;

    /// Events by number and by epoch, `None` for a gap.
    fn judge(entries: &[Option<(u64, char)>], published: u64) -> Verdict {
        let entries = entries.iter().map(|entry| match entry {
            Some((number, epoch)) => {
                Entry::Event { number: *number, id: format!("{epoch}:{number}").into() }
            }
            None => Entry::Gap(GapReason::EpochChanged),
        });
        let record = Record { entries: entries.collect(), ..Record::default() };
        Verdict::of(&[(0, record)], &[published])
    }

    #[test]
    fn everything_once_and_in_order_keeps_the_promise() {
        let verdict = judge(&[Some((1, 'a')), Some((2, 'a')), Some((3, 'a'))], 3);
        assert_eq!((verdict.expected, verdict.delivered), (3, 3));
        assert!(verdict.broken(Promise::Everything).is_empty());
        assert_eq!(verdict.broken(Promise::OneGap), ["1 subscribers without exactly one gap"]);
    }

    #[test]
    fn what_is_missing_in_the_middle_or_at_the_end_is_lost() {
        let verdict = judge(&[Some((1, 'a')), Some((4, 'a'))], 6);
        assert_eq!((verdict.delivered, verdict.lost), (2, 4));
        assert_eq!(verdict.broken(Promise::Everything), ["4 lost"]);
        assert_eq!(verdict.broken(Promise::AnyGaps), ["4 lost"]);
    }

    #[test]
    fn what_comes_again_or_late_is_a_duplicate() {
        assert_eq!(judge(&[Some((1, 'a')), Some((1, 'a'))], 1).duplicates, 1);
        let late = judge(&[Some((1, 'a')), Some((3, 'a')), Some((2, 'a'))], 3);
        assert_eq!((late.duplicates, late.lost), (1, 1));
    }

    #[test]
    fn what_is_missing_where_a_gap_stands_is_not_lost() {
        let verdict = judge(&[Some((1, 'a')), None, Some((4, 'b'))], 4);
        assert_eq!((verdict.lost, verdict.behind_gaps, verdict.gaps), (0, 2, 1));
        assert!(verdict.broken(Promise::OneGap).is_empty());
        assert_eq!(verdict.broken(Promise::Everything), ["1 gaps"]);
    }

    #[test]
    fn gaps_where_nothing_is_missing_break_the_promise_where_everything_was_promised() {
        let verdict = judge(&[Some((1, 'a')), None, Some((2, 'b')), None, Some((3, 'c'))], 3);
        assert_eq!((verdict.lost, verdict.behind_gaps, verdict.gaps), (0, 0, 2));
        assert!(verdict.broken(Promise::AnyGaps).is_empty());
        assert_eq!(verdict.broken(Promise::Everything), ["2 gaps"]);
        assert_eq!(verdict.broken(Promise::OneGap), ["1 subscribers without exactly one gap"]);
    }

    #[test]
    fn a_gap_excuses_only_what_is_missing_right_there() {
        let verdict = judge(&[Some((1, 'a')), None, Some((2, 'b')), Some((4, 'b'))], 4);
        assert_eq!((verdict.lost, verdict.behind_gaps), (1, 0));
    }

    #[test]
    fn an_event_that_was_lost_unacknowledged_may_come_again_behind_the_gap() {
        let verdict = judge(&[Some((1, 'a')), None, Some((1, 'b')), Some((2, 'b'))], 2);
        assert_eq!((verdict.delivered, verdict.duplicates), (2, 0));
        let same = judge(&[Some((1, 'a')), None, Some((1, 'a'))], 1);
        assert_eq!(same.duplicates, 1, "with the same id it is the same event");
    }
}
