//! One client connection and its subscriptions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tidings_schema::SubscriptionId;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::task_tracker::TaskTrackerToken,
};

use crate::metrics::Metrics;

/// One client connection. It travels in the extensions of each request, and lives as long as the socket
/// or one of the connection's tasks.
#[derive(Debug)]
pub struct Connection {
    max_subscriptions: usize,
    /// Held for look-ups and changes, never over an await.
    subscriptions: Mutex<Subscriptions>,
    metrics: Arc<Metrics>,
    /// Counts against the replica's connections.
    _permit: OwnedSemaphorePermit,
    /// Keeps the replica from ending before the connection.
    _open: TaskTrackerToken,
}

#[derive(Debug, Default)]
struct Subscriptions {
    live: HashMap<SubscriptionId, Live>,
    /// Places taken by subscribe calls that have no id yet.
    opening: usize,
}

/// A subscription of this connection. It keeps its id until nothing more will be sent for it.
#[derive(Debug, Default)]
struct Live {
    /// Cancelled when the client ends it.
    end: CancellationToken,
    /// Cancelled when nothing more will be sent for it.
    over: CancellationToken,
}

/// The place of a subscribe call under way. Dropping it gives the place back.
#[derive(Debug)]
pub struct Opening(Arc<Connection>);

/// What a subscription holds while it is served: dropping it says that nothing more will be sent.
#[derive(Debug)]
pub struct Claim {
    /// What its events bear.
    pub id: SubscriptionId,
    end: CancellationToken,
    _over: DropGuard,
}

impl Claim {
    /// Resolves when the client ends the subscription.
    pub async fn ended(&self) {
        self.end.cancelled().await;
    }
}

/// The connection has as many subscriptions as it may have: this many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this connection has {0} subscriptions, and may not have more; end one, or open another connection"
)]
pub struct TooManySubscriptions(pub usize);

impl Connection {
    /// A connection without subscriptions, counted in the metrics until it is dropped.
    pub fn new(
        max_subscriptions: usize,
        metrics: Arc<Metrics>,
        permit: OwnedSemaphorePermit,
        open: TaskTrackerToken,
    ) -> Arc<Self> {
        metrics.connections.rise();
        let subscriptions = Mutex::default();
        Arc::new(Self { max_subscriptions, subscriptions, metrics, _permit: permit, _open: open })
    }

    /// Takes a place for a new subscription, before anybody is troubled for it.
    ///
    /// # Errors
    ///
    /// When there are as many as there may be.
    pub fn open(self: &Arc<Self>) -> Result<Opening, TooManySubscriptions> {
        let mut subscriptions = self.subscriptions();
        if subscriptions.live.len() + subscriptions.opening >= self.max_subscriptions {
            return Err(TooManySubscriptions(self.max_subscriptions));
        }
        subscriptions.opening += 1;
        Ok(Opening(self.clone()))
    }

    /// Frees the id of a subscription that is over. Nothing happens when it is free.
    pub fn release(&self, id: SubscriptionId) {
        self.subscriptions().live.remove(&id);
    }

    /// Ends a subscription, and resolves when nothing more will be sent for it: with false when there is
    /// none of this id, or it is being ended already.
    pub async fn end(&self, id: SubscriptionId) -> bool {
        let over = {
            let subscriptions = self.subscriptions();
            let Some(live) = subscriptions.live.get(&id) else { return false };
            if live.end.is_cancelled() {
                return false;
            }
            live.end.cancel();
            live.over.clone()
        };
        over.cancelled().await;
        true
    }

    fn subscriptions(&self) -> MutexGuard<'_, Subscriptions> {
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opening {
    /// Takes an id: `shared`, or one from `own` where this connection uses `shared` already.
    pub fn claim(self, shared: SubscriptionId, own: impl FnOnce() -> SubscriptionId) -> Claim {
        let mut subscriptions = self.0.subscriptions();
        let id = if subscriptions.live.contains_key(&shared) { own() } else { shared };
        let live = Live::default();
        let (end, over) = (live.end.clone(), live.over.clone().drop_guard());
        subscriptions.live.insert(id, live);
        // `self` locks again when it is dropped.
        drop(subscriptions);
        Claim { id, end, _over: over }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.subscriptions().opening -= 1;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.metrics.connections.fall();
    }
}
