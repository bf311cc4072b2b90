//! One client connection and its subscriptions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tidings_schema::SubscriptionId;
use tokio::{sync::OwnedSemaphorePermit, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::task_tracker::TaskTrackerToken};

use crate::metrics::Metrics;

/// One client connection. It travels in the extensions of each request, and lives as long as the socket
/// or one of the connection's tasks.
#[derive(Debug)]
pub struct Connection {
    max_subscriptions: usize,
    /// Held for look-ups and changes, never over an await.
    subscriptions: Mutex<HashMap<SubscriptionId, Live>>,
    metrics: Arc<Metrics>,
    /// Counts against the replica's connections.
    _permit: OwnedSemaphorePermit,
    /// Keeps the replica from ending before the connection.
    _open: TaskTrackerToken,
}

/// A subscription of this connection. Before it is started there is only its place.
#[derive(Debug, Default)]
struct Live {
    end: CancellationToken,
    task: Option<JoinHandle<()>>,
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

    /// Whether one more subscription may be opened.
    ///
    /// # Errors
    ///
    /// When there are as many as there may be.
    pub fn has_room(&self) -> Result<(), TooManySubscriptions> {
        self.check(&self.subscriptions())
    }

    /// Takes an id for a new subscription: `shared`, or one from `own` where this connection uses `shared`
    /// already. The token is cancelled when the client ends the subscription.
    ///
    /// # Errors
    ///
    /// When there are as many subscriptions as there may be.
    pub fn claim(
        &self,
        shared: SubscriptionId,
        own: impl FnOnce() -> SubscriptionId,
    ) -> Result<(SubscriptionId, CancellationToken), TooManySubscriptions> {
        let mut subscriptions = self.subscriptions();
        self.check(&subscriptions)?;
        let id = if subscriptions.contains_key(&shared) { own() } else { shared };
        let live = Live::default();
        let end = live.end.clone();
        subscriptions.insert(id, live);
        Ok((id, end))
    }

    /// Notes the task that serves a claimed subscription.
    pub fn started(&self, id: SubscriptionId, task: JoinHandle<()>) {
        if let Some(live) = self.subscriptions().get_mut(&id) {
            live.task = Some(task);
        }
    }

    /// Frees the id of a subscription that is over. Nothing happens when it is free.
    pub fn release(&self, id: SubscriptionId) {
        self.subscriptions().remove(&id);
    }

    /// Ends a subscription, and resolves when nothing more will be sent for it: with false when there is
    /// none of this id.
    pub async fn end(&self, id: SubscriptionId) -> bool {
        let Some(live) = self.subscriptions().remove(&id) else { return false };
        live.end.cancel();
        if let Some(task) = live.task {
            // Its panic, if it was one, is reported by its own task.
            let _ = task.await;
        }
        true
    }

    fn check(&self, live: &HashMap<SubscriptionId, Live>) -> Result<(), TooManySubscriptions> {
        if live.len() < self.max_subscriptions {
            Ok(())
        } else {
            Err(TooManySubscriptions(self.max_subscriptions))
        }
    }

    fn subscriptions(&self) -> MutexGuard<'_, HashMap<SubscriptionId, Live>> {
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.metrics.connections.fall();
    }
}
