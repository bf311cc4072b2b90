//! What all parts of one running server share, whatever the service.

use std::{num::NonZero, sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    broker::{Broker, IncomingStream, MemoryBroker, ValkeyBroker},
    config::{Config, Limits},
    error::Error,
    hub::{Hub, HubOptions},
    metrics::Metrics,
    publisher::Publisher,
    socket::Terms,
};

/// The shortest time between two reads of idle channels. Applies when `--history-time` is very short.
const TOUCH_AT_MOST: Duration = Duration::from_millis(100);

/// More would only be a longer list to look through.
const MOST_SHARDS: usize = 16;

/// What all parts of one running server share, whatever the service.
#[derive(Debug)]
pub(crate) struct Engine {
    /// How this server was configured.
    pub(crate) config: Config,
    /// Where channels live.
    pub(crate) broker: Arc<dyn Broker>,
    /// Channel → subscribers.
    pub(crate) hub: Arc<Hub>,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// What holds for all connections.
    pub(crate) terms: Arc<Terms>,
    /// Tasks of subscriptions that are catching up with what they missed.
    pub(crate) subscriptions: TaskTracker,
    /// Open connections and running mutations. The server ends when they have.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when all clients have gone: ends the rest.
    pub(crate) end: CancellationToken,
}

impl Engine {
    /// The parts of a server with this configuration, and the stream that its hub has to run on. Nothing is connected and
    /// no task is started yet.
    ///
    /// # Errors
    ///
    /// When a part cannot be made from its configuration.
    pub(crate) fn new(config: Config) -> Result<(Arc<Self>, IncomingStream), Error> {
        let retention = config.broker.retention();
        let (broker, incoming): (Arc<dyn Broker>, _) = match config.broker.server()? {
            Some(server) => {
                let (broker, incoming) = ValkeyBroker::new(server, retention)
                    .map_err(|e| Error::Config(format!("the Valkey URL cannot be used: {e}")))?;
                (broker, incoming)
            }
            None => {
                let (broker, incoming) = MemoryBroker::new(retention);
                (broker, incoming)
            }
        };
        let metrics = Arc::new(Metrics::new());
        let options = HubOptions {
            instance: config.instance.clone(),
            max_payload_bytes: config.limits.max_payload_bytes as usize,
            // What the window sends at once must fit an outbox, beside live events.
            window_bytes: config.limits.window_bytes.min(config.limits.outbox_bytes / 2) as usize,
            shards: std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_SHARDS),
            touch_every: (config.broker.history_time / 3).max(TOUCH_AT_MOST),
        };
        let end = CancellationToken::new();
        let hub = Hub::new(options, broker.clone(), metrics.clone(), end.clone());
        let terms = Arc::new(terms(&config.limits, metrics.clone()));
        let (subscriptions, tasks) = (TaskTracker::new(), TaskTracker::new());
        let engine = Self { config, broker, hub, metrics, terms, subscriptions, tasks, end };
        Ok((Arc::new(engine), incoming))
    }

    pub(crate) fn publisher(&self) -> Publisher {
        let max = self.config.limits.max_payload_bytes as usize;
        Publisher::new(self.broker.clone(), &self.config.broker.key_prefix, Some(max))
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
