//! What has reached the clients.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;

use crate::payload::{Clock, Stamp, since};

/// What all clients of one thread have got together.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) clock: Clock,
    /// Subscribes that were answered: those that are live, and those that were refused.
    pub(crate) live: u64,
    pub(crate) refused: u64,
    pub(crate) refusals: BTreeMap<String, u64>,
    /// Events.
    pub(crate) received: u64,
    /// Holes: a later event came, this one never.
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    pub(crate) gaps: u64,
    pub(crate) told_down: u64,
    pub(crate) told_up: u64,
    /// When the last of these came, by the clock: nanoseconds.
    pub(crate) told_up_at: u64,
    pub(crate) ended: u64,
    /// Connections that the server closed.
    pub(crate) closed: u64,
    /// From publishing to receiving: microseconds.
    pub(crate) latency: Histogram<u64>,
    /// By channel: whether it has got an event since `forget`.
    fresh: Vec<bool>,
    /// The channels whose subscribe was refused, in the order of refusal, until they are tried again.
    pub(crate) refused_channels: Vec<u32>,
    pub(crate) fresh_channels: u64,
    /// Length of the last event's message: bytes.
    pub(crate) message_bytes: usize,
}

impl Ledger {
    /// For channels below `channels`.
    pub(crate) fn new(clock: Clock, channels: u32) -> Self {
        let longest = Duration::from_secs(300).as_micros();
        let latency = Histogram::new_with_max(u64::try_from(longest).unwrap_or(u64::MAX), 3);
        Self {
            clock,
            live: 0,
            refused: 0,
            refusals: BTreeMap::new(),
            received: 0,
            lost: 0,
            repeated: 0,
            gaps: 0,
            told_down: 0,
            told_up: 0,
            told_up_at: 0,
            ended: 0,
            closed: 0,
            latency: latency.expect("three digits are few enough"),
            fresh: vec![false; channels as usize],
            refused_channels: Vec::new(),
            fresh_channels: 0,
            message_bytes: 0,
        }
    }

    /// Counts events from here on, and no earlier ones.
    pub(crate) fn forget(&mut self) {
        let channels = u32::try_from(self.fresh.len()).unwrap_or(u32::MAX);
        let (live, refused) = (self.live, self.refused);
        let refusals = std::mem::take(&mut self.refusals);
        let refused_channels = std::mem::take(&mut self.refused_channels);
        let new = Self::new(self.clock, channels);
        *self = Self { live, refused, refusals, refused_channels, ..new };
    }

    /// How many subscribes were answered.
    pub(crate) fn answered(&self) -> u64 {
        self.live + self.refused
    }

    pub(crate) fn is_fresh(&self, channel: u32) -> bool {
        self.fresh.get(channel as usize).is_some_and(|fresh| *fresh)
    }

    pub(crate) fn refuse(&mut self, channel: Option<u32>, reason: &[u8]) {
        self.refused += 1;
        self.refused_channels.extend(channel);
        *self.refusals.entry(String::from_utf8_lossy(reason).into_owned()).or_default() += 1;
    }

    /// Counts an event of a channel whose subscriber has to get its event `next`.
    pub(crate) fn count(
        &mut self,
        stamp: Stamp,
        channel: u32,
        event: u32,
        next: &mut u32,
        now: u64,
    ) {
        self.received += 1;
        if event < *next {
            self.repeated += 1;
        } else {
            self.lost += u64::from(event - *next);
            *next = event + 1;
        }
        let latency = since(stamp.published_at, now).as_micros();
        self.latency.saturating_record(u64::try_from(latency).unwrap_or(u64::MAX));
        if let Some(fresh) = self.fresh.get_mut(channel as usize) {
            self.fresh_channels += u64::from(!*fresh);
            *fresh = true;
        }
    }
}
