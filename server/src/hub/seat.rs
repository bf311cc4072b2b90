//! A subscriber's place in a channel.

use std::sync::Arc;

use tidings_contract::{Event, GapReason, SubscriptionId};

use super::{
    channel::{HubChannel, Place, Subscriber},
    page::Paged,
    part::Part,
};
use crate::{
    broker::{BrokerUnavailable, Position},
    socket::{Frame, Version},
};

/// A subscriber's place in a channel. Dropping it leaves the channel.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(super) part: Arc<Part>,
    pub(super) channel: Arc<HubChannel>,
    pub(super) taken: Option<Place>,
}

/// How a subscriber's stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Now.
    Now,
    /// After what it has.
    After {
        cursor: Position,
        /// Events that it missed are in the history, and not in the window: they have to be read first.
        missed: bool,
    },
    /// Now, because it cannot go on after what it has.
    Gap(GapReason),
}

impl Seat {
    /// The id whose encoding all subscribers of the channel share. A connection's second subscription to
    /// the channel needs another one, from [`super::Hub::next_id`].
    pub(crate) fn shared_id(&self) -> SubscriptionId {
        self.channel.shared_id
    }

    /// Says how the stream of a subscriber begins that has the events up to `cursor`.
    ///
    /// # Errors
    ///
    /// When the broker has to be asked, and is out of reach.
    pub(crate) async fn start(&self, cursor: Option<Position>) -> Result<Start, BrokerUnavailable> {
        let Some(cursor) = cursor else { return Ok(Start::Now) };
        if self.channel.has_since(cursor) {
            return Ok(Start::After { cursor, missed: false });
        }
        Ok(match &*self.page(cursor).await? {
            Ok(page) => Start::After { cursor, missed: !page.events.is_empty() },
            Err(reason) => Start::Gap(*reason),
        })
    }

    /// Lets in a subscriber whose stream begins now: with `started`, or just going on; behind a gap, if there
    /// is a reason. `seen` is the version of the newest value that it has, in a feed without event ids.
    pub(crate) fn take(
        &mut self,
        subscriber: Subscriber,
        started: bool,
        gap: Option<GapReason>,
        seen: Option<Version>,
    ) {
        self.part.shared.metrics.gaps.increment(u64::from(gap.is_some()));
        self.taken = Some(self.channel.add(subscriber, started, gap, seen));
        // This one may have divided the subscribers, and the batches on their way need a walk again.
        self.part.fan_out(&self.channel);
        self.part.drain_late(&self.channel);
    }

    /// Lets in a subscriber that has the events up to `cursor`, behind what it missed: at most
    /// `--window-bytes`. False when the window does not have that: then it needs a [`Seat::page`] first.
    pub(crate) fn take_after(&mut self, cursor: Position, subscriber: Subscriber) -> bool {
        self.taken = self.channel.add_after(cursor, subscriber);
        if self.taken.is_some() {
            self.part.fan_out(&self.channel);
            self.part.drain_late(&self.channel);
        }
        self.taken.is_some()
    }

    /// Has the channel look where it stands: its history knows more than it does.
    pub(crate) fn catch_up(&self) {
        self.part.catch_up(&self.channel);
    }

    /// What follows `cursor` in the history.
    ///
    /// # Errors
    ///
    /// When the broker is out of reach.
    pub(crate) async fn page(&self, cursor: Position) -> Result<Arc<Paged>, BrokerUnavailable> {
        self.channel.page(cursor, &self.part).await
    }

    /// Encodes an event that is no data.
    pub(crate) fn encode(&self, id: SubscriptionId, event: &Event<()>) -> Frame {
        self.channel.encode(id, event)
    }

    /// A frame of a page, as the subscription `id` gets it.
    pub(crate) fn addressed(&self, frame: &Frame, id: SubscriptionId) -> Frame {
        if id == self.channel.shared_id { frame.clone() } else { frame.with_id(id) }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.part.leave(&self.channel, self.taken);
    }
}
