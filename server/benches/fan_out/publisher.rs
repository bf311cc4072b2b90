//! The one who publishes.

use std::{
    thread,
    time::{Duration, Instant},
};

use redis::Connection;

use crate::{
    broker::CHANNEL,
    error::BoxError,
    payload::{Clock, Payload},
};

/// What to publish.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The number of the first event.
    pub(crate) from: u64,
    pub(crate) events: u64,
    /// How many are published at once.
    pub(crate) burst: u64,
    /// The time between two bursts.
    pub(crate) every: Duration,
}

/// Publishes by Tidings' own function, so that every server gets the same messages.
#[derive(Debug)]
pub(crate) struct Publisher {
    pub(crate) payload: Payload,
    pub(crate) clock: Clock,
}

impl Publisher {
    /// Publishes by plan. Who is late goes on at once, so that the number of events in a time stays right. Answers how
    /// long it took.
    pub(crate) fn publish(
        &mut self,
        plan: Plan,
        valkey: &mut Connection,
    ) -> Result<Duration, BoxError> {
        let start = Instant::now();
        let bursts = plan.events.div_ceil(plan.burst);
        for burst in 0..bursts {
            let due = plan.every * u32::try_from(burst)?;
            thread::sleep(due.saturating_sub(start.elapsed()));
            let mut calls = redis::pipe();
            let first = burst * plan.burst;
            for event in first..plan.events.min(first + plan.burst) {
                let payload = self.payload.stamp(plan.from + event, self.clock);
                calls.cmd("FCALL").arg("tidings_publish").arg(1).arg(CHANNEL).arg(payload).ignore();
            }
            calls.exec(valkey)?;
        }
        // The last event has its time, too.
        let end = plan.every * u32::try_from(bursts)?;
        thread::sleep(end.saturating_sub(start.elapsed()));
        Ok(start.elapsed())
    }
}
