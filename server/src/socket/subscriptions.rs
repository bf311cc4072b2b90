//! The subscriptions of one connection.

use std::sync::Arc;

use smallvec::SmallVec;
use tidings_contract::{Feed, Subscription, SubscriptionId};

use super::{
    Connection, Lane,
    calls::MessageId,
    encoding::{Encoding, Transport},
    ids::Ids,
};

/// The subscriptions of one connection.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    /// Nearly always one: then it needs no memory of its own.
    live: SmallVec<[Live; 1]>,
    /// Places taken by subscribe calls that have no id yet.
    opening: usize,
    pub(super) ids: Ids,
    /// The connection has ended, and will hold nothing any more.
    over: bool,
}

#[derive(Debug)]
struct Live {
    id: SubscriptionId,
    lane: u32,
    /// Whether `id` may not be given again when the server has ended it. The ids of an HTTP answer hold within that answer.
    retires: bool,
    seat: Option<Held>,
}

/// How a subscription ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By an unsubscribe call in this message.
    ByClient(MessageId),
    /// For any reason that the client has not given, after it was told the id.
    ByServer,
    /// Before the client was told the id.
    Untold,
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
    transport: Transport,
    claimed: bool,
}

/// A subscription that is being set up. Dropping it ends the subscription, unless [`Claim::hold`] has been called.
#[derive(Debug)]
pub(crate) struct Claim {
    /// What its events bear.
    pub id: SubscriptionId,
    lane: Lane,
    told: bool,
    held: bool,
}

impl Connection {
    /// Takes a place for a new subscription, before anybody is troubled for it.
    ///
    /// # Errors
    ///
    /// When there are as many as there may be.
    pub(crate) fn open(
        self: &Arc<Self>,
        transport: Transport,
    ) -> Result<Opening, TooManySubscriptions> {
        let max = self.terms().max_subscriptions;
        let mut subscriptions = self.subscriptions();
        if subscriptions.live.len() + subscriptions.opening >= max {
            return Err(TooManySubscriptions(max));
        }
        subscriptions.opening += 1;
        Ok(Opening { connection: self.clone(), transport, claimed: false })
    }

    /// Ends a subscription, as the client asks in `message`: nothing more is sent for it from now on. False when there is
    /// none of this id.
    pub(crate) fn end(&self, id: SubscriptionId, message: MessageId) -> bool {
        let lane =
            self.subscriptions().live.iter().find(|live| live.id == id).map(|live| live.lane);
        lane.is_some_and(|lane| self.release(lane, End::ByClient(message)))
    }

    /// Ends the subscription of a lane. False when the lane has been closed already.
    pub(super) fn release(&self, lane: u32, end: End) -> bool {
        let was_open = self.close_lane(lane);
        let live = {
            let mut subscriptions = self.subscriptions();
            let at = subscriptions.live.iter().position(|live| live.lane == lane);
            let live = at.map(|at| subscriptions.live.swap_remove(at));
            if let Some(Live { id, retires: true, .. }) = live {
                match end {
                    End::ByClient(message) if was_open => subscriptions.ids.end(id, message),
                    // The server has closed the lane before: it was the first to end it.
                    End::ByClient(_) | End::ByServer => subscriptions.ids.retire(id),
                    End::Untold => {}
                }
            }
            live
        };
        if live.is_some() {
            self.terms().metrics.subscriptions.fall();
        }
        // What it held goes here, when nothing is locked: that locks the hub.
        drop(live);
        was_open
    }

    /// The lanes of all subscriptions.
    pub(super) fn lanes(&self) -> Vec<u32> {
        self.subscriptions().live.iter().map(|live| live.lane).collect()
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
    /// Takes an id: `shared`, or one from `own` where this connection uses `shared` or may not be given it again.
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
        let shares = !taken && subscriptions.ids.may_share(shared);
        let id = if shares { shared } else { own() };
        let encoding = Encoding::new(self.transport, feed);
        let lane = connection.open_lane(id, procedure, feed, encoding);
        let retires = shares && self.transport == Transport::WebSocket;
        subscriptions.live.push(Live { id, lane, retires, seat: None });
        subscriptions.opening -= 1;
        self.claimed = true;
        connection.terms().metrics.subscriptions.rise();
        drop(subscriptions);
        let lane = Lane::new(connection.clone(), lane, encoding);
        Claim { id, lane, told: false, held: false }
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

    /// Says that the client is being told the id. To be called before it is.
    pub(crate) fn tell(&mut self) {
        self.told = true;
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
            let end = if self.told { End::ByServer } else { End::Untold };
            self.lane.connection().release(self.lane.key(), end);
        }
    }
}
