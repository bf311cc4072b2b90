//! What all parts of one running server share.

use std::{sync::Arc, time::Duration};

use tidings_schema::RpcError;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    broker::{Broker, IncomingStream, MemoryBroker, ValkeyBroker},
    config::ServeArgs,
    error::BoxError,
    hub::{Hub, HubOptions},
    metrics::Metrics,
    user_directory::UserDirectory,
};

/// How often idle channels are asked after at the most, however short the history.
const TOUCH_AT_MOST: Duration = Duration::from_millis(100);

/// What all parts of one running server share.
#[derive(Debug)]
pub struct App {
    /// How this server was started.
    pub config: ServeArgs,
    /// Where channels live.
    pub broker: Arc<dyn Broker>,
    /// Channel → subscribers.
    pub hub: Arc<Hub>,
    /// Where users come from.
    pub users: UserDirectory,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The tasks of live subscriptions.
    pub subscriptions: TaskTracker,
    /// Open connections and running mutations. The server ends when they have.
    pub tasks: TaskTracker,
    /// Cancelled when all clients have gone: ends the rest.
    pub end: CancellationToken,
}

/// What a procedure answers.
pub type Answer<T> = Result<T, RpcError>;

impl App {
    /// The parts of a server with this configuration, and the stream that its hub has to run on. Nothing is
    /// connected and no task is started yet.
    ///
    /// # Errors
    ///
    /// When a part cannot be made from its configuration.
    pub fn new(config: ServeArgs) -> Result<(Arc<Self>, IncomingStream), BoxError> {
        let (broker, incoming): (Arc<dyn Broker>, _) = match config.broker.server()? {
            Some(server) => {
                let (broker, incoming) = ValkeyBroker::new(server, config.broker.retention())?;
                (broker, incoming)
            }
            None => {
                let (broker, incoming) = MemoryBroker::new(config.broker.retention());
                (broker, incoming)
            }
        };
        let metrics = Arc::new(Metrics::new());
        let options = HubOptions {
            instance: config.instance.clone(),
            max_payload_bytes: config.limits.max_payload_bytes as usize,
            // What is at hand must fit a backlog, also with longer ids.
            window_bytes: config.limits.window_bytes.min(config.limits.backlog_bytes / 2) as usize,
            touch_every: (config.broker.history_time / 3).max(TOUCH_AT_MOST),
        };
        let end = CancellationToken::new();
        let hub = Hub::new(options, broker.clone(), metrics.clone(), end.clone());
        let users = UserDirectory::new(config.users.clone())?;
        let (subscriptions, tasks) = (TaskTracker::new(), TaskTracker::new());
        let app = Self { config, broker, hub, users, metrics, subscriptions, tasks, end };
        Ok((Arc::new(app), incoming))
    }
}
