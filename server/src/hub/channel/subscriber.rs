//! One subscription, as the hub sees it.

use tidings_contract::SubscriptionId;

use crate::{
    broker::Position,
    socket::{Frame, Lane},
};

/// One subscription, as the hub sees it.
#[derive(Debug)]
pub(crate) struct Subscriber {
    /// What its events bear.
    pub id: SubscriptionId,
    /// Where its events go.
    pub lane: Lane,
    /// What the client has: events up to here are not sent to it. The replica it was on before may have been
    /// quicker than this one.
    pub has: Option<Position>,
}

impl Subscriber {
    pub(super) fn has_already(&self, at: Option<Position>) -> bool {
        let (Some(at), Some(has)) = (at, self.has) else { return false };
        at.epoch == has.epoch && at.offset <= has.offset
    }

    /// A frame that bears the shared id, as this one gets it.
    pub(super) fn addressed(&self, frame: &Frame, shared_id: SubscriptionId) -> Frame {
        if self.id == shared_id { frame.clone() } else { frame.with_id(self.id) }
    }
}
