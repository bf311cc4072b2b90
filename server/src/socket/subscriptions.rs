//! The subscriptions of one connection.

use std::sync::Arc;

use smallvec::SmallVec;
use tidings_contract::{Feed, Subscription, SubscriptionId};

use super::{Connection, Lane};

/// The subscriptions of one connection.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    /// Nearly always one: then it needs no memory of its own.
    live: SmallVec<[Live; 1]>,
    /// Places taken by subscribe calls that have no id yet.
    opening: usize,
    /// The connection has ended, and will hold nothing any more.
    over: bool,
}

#[derive(Debug)]
struct Live {
    id: SubscriptionId,
    lane: u32,
    seat: Option<Held>,
}

/// What a subscription holds as long as it lives: its seat in the hub, of which this room knows nothing else.
pub(super) type Held = Box<dyn std::fmt::Debug + Send>;

/// The connection has as many subscriptions as it may have: this many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this connection has {0} subscriptions, and may not have more; end one, or open another connection"
)]
pub(crate) struct TooManySubscriptions(pub usize);

/// The place of a subscribe call under way. Dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Opening {
    connection: Arc<Connection>,
    claimed: bool,
}

/// A subscription that is being set up. Dropping it ends the subscription, unless [`Claim::hold`] has been called.
#[derive(Debug)]
pub(crate) struct Claim {
    /// What its events bear.
    pub id: SubscriptionId,
    lane: Lane,
    held: bool,
}

impl Connection {
    /// Takes a place for a new subscription, before anybody is troubled for it.
    ///
    /// # Errors
    ///
    /// When there are as many as there may be.
    pub(crate) fn open(self: &Arc<Self>) -> Result<Opening, TooManySubscriptions> {
        let max = self.terms().max_subscriptions;
        let mut subscriptions = self.subscriptions();
        if subscriptions.live.len() + subscriptions.opening >= max {
            return Err(TooManySubscriptions(max));
        }
        subscriptions.opening += 1;
        Ok(Opening { connection: self.clone(), claimed: false })
    }

    /// Ends a subscription: nothing more is sent for it from now on. False when there is none of this id.
    pub(crate) fn end(&self, id: SubscriptionId) -> bool {
        let lane =
            self.subscriptions().live.iter().find(|live| live.id == id).map(|live| live.lane);
        lane.is_some_and(|lane| self.release(lane))
    }

    /// Ends the subscription of a lane. False when it has ended already.
    pub(super) fn release(&self, lane: u32) -> bool {
        self.close_lane(lane);
        let live = {
            let mut subscriptions = self.subscriptions();
            let at = subscriptions.live.iter().position(|live| live.lane == lane);
            at.map(|at| subscriptions.live.swap_remove(at))
        };
        // What it held goes here, when nothing is locked: that locks the hub.
        live.inspect(|_| self.terms().metrics.subscriptions.fall()).is_some()
    }

    /// Ends all subscriptions.
    pub(super) fn release_all(&self) {
        let live = {
            let mut subscriptions = self.subscriptions();
            subscriptions.over = true;
            std::mem::take(&mut subscriptions.live)
        };
        for _ in &live {
            self.terms().metrics.subscriptions.fall();
        }
    }
}

impl Opening {
    /// Takes an id: `shared`, or one from `own` where this connection uses `shared` already.
    pub(crate) fn claim<P: Subscription>(
        self,
        shared: SubscriptionId,
        own: impl FnOnce() -> SubscriptionId,
    ) -> Claim {
        self.claim_for(P::NAME, P::FEED, shared, own)
    }

    fn claim_for(
        mut self,
        procedure: &'static str,
        feed: Feed,
        shared: SubscriptionId,
        own: impl FnOnce() -> SubscriptionId,
    ) -> Claim {
        let connection = self.connection.clone();
        let mut subscriptions = connection.subscriptions();
        let taken = subscriptions.live.iter().any(|live| live.id == shared);
        let id = if taken { own() } else { shared };
        let lane = connection.open_lane(id, procedure, feed);
        subscriptions.live.push(Live { id, lane, seat: None });
        subscriptions.opening -= 1;
        self.claimed = true;
        connection.terms().metrics.subscriptions.rise();
        drop(subscriptions);
        let lane = Lane::new(connection.clone(), lane);
        Claim { id, lane, held: false }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if !self.claimed {
            self.connection.subscriptions().opening -= 1;
        }
    }
}

impl Claim {
    /// Where its events go.
    pub(crate) fn lane(&self) -> &Lane {
        &self.lane
    }

    /// Leaves the subscription to the connection, which drops `seat` when it ends; at once, if it has ended.
    pub(crate) fn hold(mut self, seat: Held) {
        let mut subscriptions = self.lane.connection().subscriptions();
        let over = subscriptions.over;
        let live = subscriptions.live.iter_mut().find(|live| live.lane == self.lane.key());
        let seat = match live.filter(|_| !over) {
            Some(live) => {
                self.held = true;
                live.seat.replace(seat)
            }
            None => Some(seat),
        };
        // Dropping a seat locks the hub.
        drop(subscriptions);
        drop(seat);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.held {
            self.lane.release();
        }
    }
}
