//! What reached the subscribers.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::payload::{Stamp, since};

/// What all subscribers of a run received together.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Events of the measured window, each subscriber counted.
    pub(crate) received: u64,
    /// All events, also late ones of the warm-up.
    pub(crate) deliveries: u64,
    /// Events that never came, although a later one did.
    pub(crate) lost: u64,
    /// Events that came twice, or behind a later one.
    pub(crate) repeated: u64,
    /// Connections that the server closed.
    pub(crate) closed: u64,
    /// From publishing to receiving: microseconds.
    pub(crate) latency: Histogram<u64>,
    /// The number of the window's first event.
    from: u64,
    /// One message, to compare with other servers'.
    pub(crate) sample: Vec<u8>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        let longest = Duration::from_secs(120).as_micros();
        let latency = Histogram::new_with_max(u64::try_from(longest).unwrap_or(u64::MAX), 3);
        Self {
            received: 0,
            deliveries: 0,
            lost: 0,
            repeated: 0,
            closed: 0,
            latency: latency.expect("three digits are few enough"),
            from: 0,
            sample: Vec::new(),
        }
    }

    /// Counts from the event `from` on.
    pub(crate) fn restart(&mut self, from: u64) {
        let sample = std::mem::take(&mut self.sample);
        *self = Self { closed: self.closed, from, sample, ..Self::new() };
    }

    /// Counts an event for a subscriber that has to get the event `next`, and answers which it has to get then.
    pub(crate) fn count(&mut self, stamp: Stamp, next: u64, now: u64) -> u64 {
        self.deliveries += 1;
        if stamp.number < next {
            self.repeated += 1;
            return next;
        }
        // What is missing of the warm-up is not missing here.
        self.lost += stamp.number.saturating_sub(next.max(self.from));
        if stamp.number >= self.from {
            self.received += 1;
            let latency = since(stamp.published_at, now).as_micros();
            self.latency.saturating_record(u64::try_from(latency).unwrap_or(u64::MAX));
        }
        stamp.number + 1
    }
}
