//! One replica's fan-out: channel → its subscribers.
//!
//! The hub is divided by channel into parts, one for each core. A part has its own stream from the broker, its own channels
//! and its own locks: parts do not wait for each other.
//!
//! The hub subscribes to a channel when the first subscriber takes a seat, and gives it up when the last
//! one leaves; the broker sees one subscription for each channel, whatever the number of clients. Each
//! payload is checked and encoded once, and the same bytes go to everyone.
//!
//! Nothing here waits for a client: its outbox takes a frame at once, or stops the subscription.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tidings_contract::{Event, StopReason, Subscription, SubscriptionId};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

mod catch_up;
mod channel;
mod fan_out;
#[cfg(test)]
mod model;
mod page;
mod part;
mod payload;
mod procedure;
#[cfg(test)]
mod scripted;
mod seat;
mod window;
mod window_budget;

pub(crate) use channel::Subscriber;
pub(crate) use page::Page;
pub(crate) use payload::{Decode, check, decode, in_json_words, reason};
pub(crate) use seat::{Seat, Start};

use crate::{
    broker::{Broker, BrokerUnavailable, ChannelKey, IncomingStream},
    metrics::Metrics,
};
use part::Part;

/// A client told to leave waits up to this long before it comes back, so that not all come at once.
const SPREAD: Duration = Duration::from_secs(1);

/// Pages of history that are read at the same time, for subscribers that come back.
const PAGE_READS: usize = 32;

/// How a hub is set up.
#[derive(Clone, Debug)]
pub(crate) struct HubOptions {
    /// The replica's name.
    pub instance: String,
    /// Bytes of one payload. A larger one is not sent.
    pub max_payload_bytes: usize,
    /// Bytes of a channel's newest events that are kept in memory for clients that come back. At most half of a connection's
    /// outbox.
    pub window_bytes: usize,
    /// The same for all channels together.
    pub all_windows_bytes: usize,
    /// The longest rest between two rounds over the subscribers of a channel with many.
    pub longest_rest: Duration,
    /// Into how many parts the subscribers of a channel with many are divided, that are served at the same time.
    pub shards: usize,
}

/// One replica's fan-out.
#[derive(Debug)]
pub(crate) struct Hub {
    shared: Arc<Shared>,
    parts: Box<[Arc<Part>]>,
}

/// What all parts of a hub use.
#[derive(Debug)]
struct Shared {
    options: HubOptions,
    broker: Arc<dyn Broker>,
    metrics: Arc<Metrics>,
    /// The next subscription id. Ids are unique within the replica's life, and so within a connection.
    next_id: AtomicU64,
    /// Parts whose stream says that the broker is down.
    parts_down: AtomicUsize,
    page_reads: Semaphore,
    /// The parts, channels that are catching up, readings of the history, and walks over subscribers.
    tasks: TaskTracker,
    /// Ends `tasks`.
    stop: CancellationToken,
}

impl Hub {
    /// A hub without channels, with as many parts as the broker has streams. Its tasks end with `stop`.
    pub(crate) fn new(
        options: HubOptions,
        parts: usize,
        broker: Arc<dyn Broker>,
        metrics: Arc<Metrics>,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let shared = Arc::new(Shared {
            options,
            broker,
            metrics,
            next_id: AtomicU64::new(1),
            parts_down: AtomicUsize::new(0),
            page_reads: Semaphore::new(PAGE_READS),
            tasks: TaskTracker::new(),
            stop,
        });
        let parts = parts.max(1);
        let parts = (0..parts).map(|_| Part::new(shared.clone(), parts)).collect();
        Arc::new(Self { shared, parts })
    }

    /// Moves what comes from the broker to the subscribers, until the hub is stopped and its tasks have ended.
    pub(crate) async fn run(self: Arc<Self>, incoming: Vec<IncomingStream>) {
        for (part, incoming) in self.parts.iter().zip(incoming) {
            self.shared.tasks.spawn(part.clone().run(incoming));
        }
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    /// Takes a seat in a channel: resolves when everything that is published from now on will reach the
    /// replica, sooner or later.
    ///
    /// # Errors
    ///
    /// When the broker cannot be reached in time, or the replica is leaving.
    pub(crate) async fn join<P: Subscription>(
        &self,
        key: ChannelKey,
    ) -> Result<Seat, BrokerUnavailable> {
        self.parts[key.part(self.parts.len())].join::<P>(key).await
    }

    /// A subscription id that no subscription of this replica has had.
    pub(crate) fn next_id(&self) -> SubscriptionId {
        self.shared.next_id()
    }

    /// Tells every subscriber that this replica is leaving, and takes no more.
    pub(crate) fn drain(&self) {
        for part in &self.parts {
            part.drain();
        }
    }

    /// Bytes of the windows of all channels.
    pub(crate) fn windows_bytes(&self) -> usize {
        self.parts.iter().map(|part| part.windows_bytes()).sum()
    }
}

impl Shared {
    fn next_id(&self) -> SubscriptionId {
        SubscriptionId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }
}

/// What a subscription is told when its replica leaves: to come back at another time than others.
pub(crate) fn draining() -> Event<()> {
    let retry_after = SPREAD.mul_f64(rand::random());
    let retry_after_ms = u64::try_from(retry_after.as_millis()).ok();
    Event::Stopped { reason: StopReason::Draining, retry_after_ms }
}
