//! What all parts of one running server share, whatever the service.

use std::{num::NonZero, sync::Arc, task::Poll};

use futures_util::poll;
use tidings_contract::{ErrorKind, RpcError};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    broker::{Broker, IncomingStream, MemoryBroker, Settings, ValkeyBroker},
    config::{Config, Limits},
    error::{Error, internal_error},
    handler::Answer,
    hub::{Hub, HubOptions},
    log_limit::bounded,
    metrics::Metrics,
    publisher::Publisher,
    socket::Terms,
};

/// The most parts that a hub, and the subscribers of one channel, are divided into. Each part of the hub has a connection to
/// Valkey.
const MOST_PARTS: usize = 16;

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
    /// Mutations that may still be started: they outlive their connections, whose calls are bounded.
    mutations: Arc<Semaphore>,
    /// Cancelled when all clients have gone: ends the rest.
    pub(crate) end: CancellationToken,
}

impl Engine {
    /// The parts of a server with this configuration, and the streams that its hub has to run on. Nothing is connected and
    /// no task is started yet.
    ///
    /// # Errors
    ///
    /// When a part cannot be made from its configuration.
    pub(crate) fn new(config: Config) -> Result<(Arc<Self>, Vec<IncomingStream>), Error> {
        let retention = config.broker.retention();
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let parts = cores.min(MOST_PARTS);
        let (broker, incoming): (Arc<dyn Broker>, _) = match config.broker.server()? {
            Some(server) => {
                let durability = config.broker.valkey_durability;
                let settings = Settings { retention, durability };
                let server = server.named(&config.instance);
                let prefix = &config.broker.key_prefix;
                let (broker, incoming) = ValkeyBroker::new(&server, prefix, settings, parts);
                (broker, incoming)
            }
            None => {
                let (broker, incoming) = MemoryBroker::new(retention, parts);
                (broker, incoming)
            }
        };
        let metrics = Arc::new(Metrics::new());
        let options = HubOptions {
            instance: config.instance.clone(),
            max_payload_bytes: config.limits.max_payload_bytes as usize,
            // What the window sends at once must fit an outbox, beside live events.
            window_bytes: config.limits.window_bytes.min(config.limits.outbox_bytes / 2) as usize,
            all_windows_bytes: config.limits.all_windows_bytes as usize,
            longest_rest: config.limits.longest_rest,
            shards: parts,
        };
        let end = CancellationToken::new();
        let hub = Hub::new(options, parts, broker.clone(), metrics.clone(), end.clone());
        let terms = Arc::new(terms(&config.limits, metrics.clone()));
        let (subscriptions, tasks) = (TaskTracker::new(), TaskTracker::new());
        let mutations = Arc::new(Semaphore::new(config.limits.max_mutations as usize));
        let engine =
            Self { config, broker, hub, metrics, terms, subscriptions, tasks, mutations, end };
        Ok((Arc::new(engine), incoming))
    }

    /// Runs a mutation in a task of its own, so that it does not end with its connection.
    pub(crate) async fn run_mutation<T, F>(
        &self,
        procedure: &'static str,
        handler: impl FnOnce() -> F,
    ) -> Answer<T>
    where
        T: Send + 'static,
        F: Future<Output = Answer<T>> + Send + 'static,
    {
        let Ok(permit) = self.mutations.clone().try_acquire_owned() else {
            let message = "the server runs as many mutations as it may; try again in a moment";
            return Err(RpcError::new(ErrorKind::SERVER_BUSY, message));
        };
        let mut running = Box::pin(self.terms.cut.clone().run_until_cancelled_owned(handler()));
        // Begun here, so that the mutations of one connection begin in the order of its calls.
        let ended = match poll!(running.as_mut()) {
            Poll::Ready(answer) => Ok(answer),
            Poll::Pending => {
                let task = self.tasks.spawn(async move {
                    let answer = running.await;
                    drop(permit);
                    answer
                });
                task.await
            }
        };
        match ended {
            Ok(Some(answer)) => answer,
            Ok(None) => {
                bounded!(
                    warn,
                    procedure,
                    "a mutation was given up, because the drain limit is over"
                );
                Err(internal_error())
            }
            Err(error) => {
                bounded!(error, procedure, %error, "a handler panicked");
                Err(internal_error())
            }
        }
    }

    /// All metrics, in Prometheus' text format.
    pub(crate) fn render_metrics(&self) -> String {
        self.metrics.windows_bytes.set(self.hub.windows_bytes() as u64);
        self.metrics.writes_refused.raise_to(self.broker.refused_writes());
        self.metrics.render()
    }

    pub(crate) fn publisher(&self) -> Publisher {
        let max = self.config.limits.max_payload_bytes as usize;
        Publisher::new(self.broker.clone(), &self.config.broker.key_prefix, max)
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
