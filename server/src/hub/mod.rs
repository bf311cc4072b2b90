//! One replica's fan-out: channel → its subscribers.
//!
//! The hub subscribes to a channel when the first subscriber takes a seat, and gives it up when the last
//! one leaves; the broker sees one subscription for each channel, whatever the number of clients. Each
//! payload is checked and encoded once, and the same bytes go to everyone.
//!
//! Nothing here waits for a client: a subscriber's backlog takes a frame at once or refuses it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt;
use tidings_schema::{BrokerStatus, Event, GapReason, StopReason, Subscription, SubscriptionId};
use tokio_util::sync::CancellationToken;

mod channel;
mod payload;

pub use channel::Subscriber;
use channel::{HubChannel, Place};
pub use payload::{Decode, PayloadFault, decode};

use crate::{
    broker::{Broker, BrokerUnavailable, ChannelKey, Incoming, IncomingStream},
    metrics::Metrics,
};

/// How long a subscribe call waits for the broker to confirm a channel's first subscription.
const JOIN_TIMEOUT: Duration = Duration::from_secs(5);

/// A client told to leave waits up to this long before it comes back, so that not all come at once.
const SPREAD: Duration = Duration::from_secs(1);

/// One replica's fan-out.
#[derive(Debug)]
pub struct Hub {
    instance: String,
    max_payload_bytes: usize,
    broker: Arc<dyn Broker>,
    metrics: Arc<Metrics>,
    /// Held for look-ups and changes, never over an await. Taken before any channel's own lock.
    channels: Mutex<Channels>,
    /// The next subscription id. Ids are unique within the replica's life, and so within a connection.
    next_id: AtomicU64,
}

#[derive(Debug, Default)]
struct Channels {
    by_key: HashMap<ChannelKey, (Arc<HubChannel>, Seats)>,
    broker_down: bool,
    draining: bool,
}

/// How many subscribers a channel has or is about to have.
type Seats = usize;

impl Hub {
    /// A hub without channels.
    pub fn new(
        instance: String,
        max_payload_bytes: usize,
        broker: Arc<dyn Broker>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let channels = Mutex::default();
        let next_id = AtomicU64::new(1);
        Arc::new(Self { instance, max_payload_bytes, broker, metrics, channels, next_id })
    }

    /// The replica's name.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Moves what comes from the broker to the subscribers. Ends when `stop` is cancelled.
    pub async fn run(&self, mut incoming: IncomingStream, stop: CancellationToken) {
        while let Some(Some(incoming)) = stop.run_until_cancelled(incoming.next()).await {
            match incoming {
                Incoming::Publication { key, payload } => self.publish(&key, &payload),
                Incoming::Down => self.broker_down(),
                Incoming::Up => self.broker_up(),
            }
        }
    }

    /// Takes a seat in a channel: resolves when everything that is published from now on will reach the
    /// replica.
    ///
    /// # Errors
    ///
    /// When the broker cannot be reached in time, or the replica is leaving.
    pub async fn join<P: Subscription>(
        self: &Arc<Self>,
        key: ChannelKey,
    ) -> Result<Seat, BrokerUnavailable> {
        let (seat, confirmed) = {
            let mut channels = self.channels();
            if channels.draining {
                return Err(BrokerUnavailable("this replica is leaving".to_owned()));
            }
            let broker = if channels.broker_down { BrokerStatus::Down } else { BrokerStatus::Up };
            let (channel, seats) = channels.by_key.entry(key.clone()).or_insert_with(|| {
                self.metrics.channels.increment(1);
                let id = self.next_id();
                (Arc::new(HubChannel::new::<P>(key.clone(), id, broker)), 0)
            });
            *seats += 1;
            let seat = Seat { hub: self.clone(), channel: channel.clone(), taken: None };
            // Under the lock, so that it cannot overtake the unsubscribing of a last leaver.
            (seat, self.broker.subscribe(&key))
        };
        match tokio::time::timeout(JOIN_TIMEOUT, confirmed).await {
            Ok(confirmed) => confirmed.map(|()| seat),
            Err(_) => Err(BrokerUnavailable(format!("not confirmed within {JOIN_TIMEOUT:?}"))),
        }
    }

    /// A subscription id that no subscription of this replica has had.
    pub fn next_id(&self) -> SubscriptionId {
        SubscriptionId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether nobody is in any channel.
    pub fn is_empty(&self) -> bool {
        self.channels().by_key.is_empty()
    }

    /// Tells every subscriber that this replica is leaving, and takes no more.
    pub fn drain(&self) {
        let channels = {
            let mut channels = self.channels();
            channels.draining = true;
            channels.by_key.values().map(|(channel, _)| channel.clone()).collect::<Vec<_>>()
        };
        for channel in channels {
            channel.stop_all(|| {
                let retry_after = SPREAD.mul_f64(rand::random());
                let retry_after_ms = u64::try_from(retry_after.as_millis()).ok();
                Event::Stopped { reason: StopReason::Draining, retry_after_ms }
            });
        }
    }

    fn publish(&self, key: &ChannelKey, payload: &Bytes) {
        let channel = self.channels().by_key.get(key).map(|(channel, _)| channel.clone());
        // The last subscriber has just left: the broker did not know yet.
        let Some(channel) = channel else { return };
        let data = if payload.len() > self.max_payload_bytes {
            Err(PayloadFault::too_large(self.max_payload_bytes))
        } else {
            (channel.decode)(payload)
        };
        match data {
            Ok(data) => {
                let instance = self.instance.clone();
                let event = Event::Data { id: None, published_at: None, instance, data };
                let sent = channel.send(&event);
                self.metrics.events.increment(1);
                self.metrics.deliveries.increment(sent.delivered);
                self.metrics.slow_consumers.increment(sent.stopped);
            }
            Err(fault) => {
                self.metrics.payloads_rejected.increment(1);
                tracing::warn!(
                    channel = %key,
                    payload_bytes = payload.len(),
                    path = %fault.path,
                    fault = %fault.reason,
                    "a payload does not fit its channel's type and was not sent to anyone"
                );
            }
        }
    }

    fn broker_down(&self) {
        self.metrics.broker_losses.increment(1);
        let mut channels = self.channels();
        channels.broker_down = true;
        for (channel, _) in channels.by_key.values() {
            let told = channel.broker_status(BrokerStatus::Down);
            self.metrics.slow_consumers.increment(told.stopped);
        }
    }

    /// What was published while the broker was away cannot be known: every subscriber is told so.
    fn broker_up(&self) {
        let mut channels = self.channels();
        if !std::mem::take(&mut channels.broker_down) {
            return;
        }
        for (channel, _) in channels.by_key.values() {
            let told = channel.broker_status(BrokerStatus::Up);
            self.metrics.slow_consumers.increment(told.stopped);
            let reason = GapReason::BrokerReconnected;
            let told = channel.send::<()>(&Event::Gap { reason, last_event_id: None });
            self.metrics.slow_consumers.increment(told.stopped);
            self.metrics.gaps.increment(told.delivered);
        }
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A subscriber's place in a channel. Dropping it leaves the channel.
#[derive(Debug)]
pub struct Seat {
    hub: Arc<Hub>,
    channel: Arc<HubChannel>,
    taken: Option<Place>,
}

impl Seat {
    /// The id whose encoding all subscribers of the channel share. A connection's second subscription to
    /// the channel needs another one, from [`Hub::next_id`].
    pub fn shared_id(&self) -> SubscriptionId {
        self.channel.shared_id
    }

    /// Sends `started` to the subscriber, and from then on everything that comes.
    pub fn take(&mut self, subscriber: Subscriber) {
        let instance = self.hub.instance.clone();
        let started = Event::Started { resumed: false, last_event_id: None, instance };
        self.taken = Some(self.channel.add(subscriber, &started));
        // The replica may have begun to leave since this seat was given out.
        if self.hub.channels().draining {
            self.hub.drain();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut channels = self.hub.channels();
        if let Some(place) = self.taken {
            self.channel.remove(place);
        }
        let key = &self.channel.key;
        if let Some((_, seats)) = channels.by_key.get_mut(key) {
            *seats -= 1;
            if *seats == 0 {
                channels.by_key.remove(key);
                self.hub.metrics.channels.decrement(1);
                self.hub.broker.unsubscribe(key);
            }
        }
    }
}
