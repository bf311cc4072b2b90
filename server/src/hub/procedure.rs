//! What all channels of one subscription procedure have in common.

use std::{fmt, sync::Arc, time::Duration};

use tidings_contract::{Feed, Subscription};

use super::{
    HubOptions,
    payload::{Decode, decode},
    window_budget::WindowBudget,
};
use crate::metrics::{Count, Metrics};

/// What all channels of one subscription procedure have in common, within one part of the hub.
pub(super) struct Procedure {
    pub(super) name: &'static str,
    pub(super) feed: Feed,
    /// How long a member of a `Members` feed is listed without another report.
    pub(super) member_ttl: Option<Duration>,
    /// How long new subscribers receive the newest value of a `State` feed.
    pub(super) state_retention: Option<Duration>,
    pub(super) decode: Decode,
    /// Payloads that did not fit.
    pub(super) rejected: Count,
    pub(super) options: HubOptions,
    pub(super) window_budget: Arc<WindowBudget>,
}

impl Procedure {
    pub(super) fn new<P: Subscription>(
        options: HubOptions,
        window_budget: Arc<WindowBudget>,
        metrics: &Metrics,
    ) -> Self {
        Self {
            name: P::NAME,
            feed: P::FEED,
            member_ttl: (P::FEED == Feed::Members).then_some(P::MEMBER_TTL),
            state_retention: (P::FEED == Feed::State).then_some(P::STATE_RETENTION),
            decode: decode::<P>,
            rejected: metrics.payloads_rejected(P::NAME),
            options,
            window_budget,
        }
    }
}

impl fmt::Debug for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Procedure").field("name", &self.name).finish_non_exhaustive()
    }
}
