//! What all parts of one running server share.

use std::{num::NonZero, sync::Arc, time::Duration};

use tidings_schema::RpcError;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    broker::{Broker, IncomingStream, MemoryBroker, ValkeyBroker},
    config::{Limits, ServeArgs},
    error::BoxError,
    hub::{Hub, HubOptions},
    metrics::Metrics,
    socket::Terms,
    user_directory::UserDirectory,
};

/// How often idle channels are asked after at the most, however short the history.
const TOUCH_AT_MOST: Duration = Duration::from_millis(100);

/// More would only be a longer list to look through.
const MOST_SHARDS: usize = 16;

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
    /// What holds for all connections.
    pub terms: Arc<Terms>,
    /// Tasks of subscriptions that are catching up with what they missed.
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
            // What is at hand must fit an outbox, beside what is live.
            window_bytes: config.limits.window_bytes.min(config.limits.outbox_bytes / 2) as usize,
            shards: std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_SHARDS),
            touch_every: (config.broker.history_time / 3).max(TOUCH_AT_MOST),
        };
        let end = CancellationToken::new();
        let hub = Hub::new(options, broker.clone(), metrics.clone(), end.clone());
        let users = UserDirectory::new(config.users.clone())?;
        let terms = Arc::new(terms(&config.limits, metrics.clone()));
        let (subscriptions, tasks) = (TaskTracker::new(), TaskTracker::new());
        let app = Self { config, broker, hub, users, metrics, terms, subscriptions, tasks, end };
        Ok((Arc::new(app), incoming))
    }
}

fn terms(limits: &Limits, metrics: Arc<Metrics>) -> Terms {
    Terms {
        max_subscriptions: limits.max_subscriptions as usize,
        max_calls: limits.max_calls as usize,
        max_request_bytes: u64::from(limits.max_request_bytes),
        outbox_bytes: limits.outbox_bytes as usize,
        stall_limit: limits.stall_limit,
        metrics,
        leaving: CancellationToken::new(),
        cut: CancellationToken::new(),
    }
}
