//! What one subscriber saw.

use std::time::Duration;

use tokio::time::Instant;

use tidings_contract::{EventId, GapReason};

/// What one subscriber saw, from its first `started` on. Grows with what is published.
#[derive(Debug, Default)]
pub struct Record {
    /// Events and gaps, in the order in which they came.
    pub entries: Vec<Entry>,
    /// Each time that it came back.
    pub resumes: Vec<Resume>,
    /// When it was told that its replica's broker is down.
    pub told_down: Vec<Instant>,
    /// The longest time between two events.
    pub silence: Duration,
}

/// One thing that a subscriber saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An event.
    Event {
        /// Its number in its channel.
        number: u64,
        /// Its id.
        id: EventId,
    },
    /// A gap.
    Gap(GapReason),
    /// Something that the protocol forbids.
    Violation(String),
}

/// How a subscriber came back.
#[derive(Clone, Copy, Debug)]
pub struct Resume {
    /// Whether it went on where it had been.
    pub resumed: bool,
    /// From its first attempt to the last event that was published before that, or to `started` where it had missed
    /// none. Pauses between failed attempts count, the one before the first does not.
    pub took: Duration,
}
