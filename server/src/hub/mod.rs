//! One replica's fan-out: channel → its subscribers.
//!
//! The hub subscribes to a channel when the first subscriber takes a seat, and gives it up when the last
//! one leaves; the broker sees one subscription for each channel, whatever the number of clients. Each
//! payload is checked and encoded once, and the same bytes go to everyone.
//!
//! Nothing here waits for a client: its outbox takes a frame at once, or stops the subscription.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, future::BoxFuture};
use indexmap::IndexMap;
use tidings_contract::{BrokerStatus, Event, StopReason, Subscription, SubscriptionId};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

mod catch_up;
mod channel;
mod fan_out;
#[cfg(test)]
mod model;
mod page;
mod payload;
mod seat;
mod window;

pub(crate) use channel::Subscriber;
pub(crate) use payload::in_json_words;
pub(crate) use seat::{Seat, Start};

use crate::{
    broker::{Broker, BrokerUnavailable, ChannelKey, Incoming, IncomingStream, Publication},
    metrics::Metrics,
};
use channel::{ChannelOptions, HubChannel, Place, Readiness, Sent};

/// How long a subscribe call waits until it is known where a channel stands.
const JOIN_TIMEOUT: Duration = Duration::from_secs(5);

/// How many messages of the broker are taken together.
const TURN: usize = 256;

/// How many bytes of them, overrun by at most one. What that becomes may be more than is let on its way at once.
const TURN_BYTES: usize = 256 * 1024;

/// A client told to leave waits up to this long before it comes back, so that not all come at once.
const SPREAD: Duration = Duration::from_secs(1);

/// How a hub is set up.
#[derive(Clone, Debug)]
pub(crate) struct HubOptions {
    /// The replica's name.
    pub instance: String,
    /// Bytes of one payload. A larger one is not sent.
    pub max_payload_bytes: usize,
    /// Bytes of a channel's newest events that are kept at hand for those who come back, and of those that
    /// wait while it catches up. At most half of a connection's outbox.
    pub window_bytes: usize,
    /// Into how many parts the subscribers of a channel are divided, that are served at the same time.
    pub shards: usize,
    /// How often the broker is asked after channels to which nothing was ever published: it forgets their
    /// epoch when nobody asks for as long as events are kept.
    pub touch_every: Duration,
}

/// One replica's fan-out.
#[derive(Debug)]
pub(crate) struct Hub {
    options: HubOptions,
    broker: Arc<dyn Broker>,
    metrics: Arc<Metrics>,
    /// Held for look-ups and changes, never over an await. Taken before any channel's own lock.
    channels: Mutex<Channels>,
    /// The next subscription id. Ids are unique within the replica's life, and so within a connection.
    next_id: AtomicU64,
    /// Channels that are catching up, readings of the history, and walks over subscribers.
    tasks: TaskTracker,
    /// Ends `tasks`.
    stop: CancellationToken,
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
    /// A hub without channels. Its tasks end with `stop`.
    pub(crate) fn new(
        options: HubOptions,
        broker: Arc<dyn Broker>,
        metrics: Arc<Metrics>,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let (channels, tasks) = (Mutex::default(), TaskTracker::new());
        let next_id = AtomicU64::new(1);
        Arc::new(Self { options, broker, metrics, channels, next_id, tasks, stop })
    }

    /// Moves what comes from the broker to the subscribers, until the hub is stopped and its tasks have ended.
    pub(crate) async fn run(self: Arc<Self>, incoming: IncomingStream) {
        // All that is there at once: an event that comes while others are being sent goes out with those that
        // come after it.
        let mut incoming = incoming.ready_chunks(TURN);
        let mut touch = tokio::time::interval(self.options.touch_every);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => break,
                _ = touch.tick() => self.touch(),
                turn = incoming.next() => match turn {
                    Some(turn) => {
                        self.stop.run_until_cancelled(self.turn(turn)).await;
                    }
                    None => break,
                },
            }
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Takes a seat in a channel: resolves when everything that is published from now on will reach the
    /// replica, sooner or later.
    ///
    /// # Errors
    ///
    /// When the broker cannot be reached in time, or the replica is leaving.
    pub(crate) async fn join<P: Subscription>(
        self: &Arc<Self>,
        key: ChannelKey,
    ) -> Result<Seat, BrokerUnavailable> {
        let seat = self.seat::<P>(key)?;
        let channel = &seat.channel;
        let ready = async {
            let mut readiness = channel.readiness.subscribe();
            let asked = readiness.wait_for(|readiness| *readiness != Readiness::Asked).await;
            match asked.as_deref() {
                Ok(Readiness::Failed(error)) => Err(error.clone()),
                Ok(_) => Ok(()),
                Err(_) => Err(BrokerUnavailable("the channel was given up".to_owned())),
            }
        };
        match tokio::time::timeout(JOIN_TIMEOUT, ready).await {
            Ok(ready) => ready.map(|()| seat),
            Err(_) => Err(BrokerUnavailable(format!("not confirmed within {JOIN_TIMEOUT:?}"))),
        }
    }

    /// A subscription id that no subscription of this replica has had.
    pub(crate) fn next_id(&self) -> SubscriptionId {
        SubscriptionId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// Tells every subscriber that this replica is leaving, and takes no more.
    pub(crate) fn drain(&self) {
        let channels = {
            let mut channels = self.channels();
            channels.draining = true;
            channels.by_key.values().map(|(channel, _)| channel.clone()).collect::<Vec<_>>()
        };
        for channel in channels {
            stop_draining(&channel);
        }
    }

    /// Tells those who were let into a channel while the replica began to leave.
    fn drain_late(&self, channel: &HubChannel) {
        if self.channels().draining {
            stop_draining(channel);
        }
    }

    fn seat<P: Subscription>(self: &Arc<Self>, key: ChannelKey) -> Result<Seat, BrokerUnavailable> {
        let mut channels = self.channels();
        if channels.draining {
            return Err(BrokerUnavailable("this replica is leaving".to_owned()));
        }
        let broker = if channels.broker_down { BrokerStatus::Down } else { BrokerStatus::Up };
        let (channel, seats) = channels.by_key.entry(key.clone()).or_insert_with(|| {
            self.metrics.channels.rise();
            let options = self.options.channel();
            let channel = Arc::new(HubChannel::new::<P>(key, self.next_id(), broker, options));
            self.catch_up(&channel);
            self.spawn_expiry(&channel);
            (channel, 0)
        });
        *seats += 1;
        let seat = Seat { hub: self.clone(), channel: channel.clone(), taken: None };
        drop(channels);
        // An earlier attempt failed, and whoever made it is still about to leave.
        let again = seat.channel.readiness.send_if_modified(|readiness| {
            let failed = matches!(readiness, Readiness::Failed(_));
            if failed {
                *readiness = Readiness::Asked;
            }
            failed
        });
        if again {
            self.catch_up(&seat.channel);
        }
        Ok(seat)
    }

    fn leave(&self, channel: &Arc<HubChannel>, place: Option<Place>) {
        if let Some(place) = place {
            channel.remove(place);
        }
        let mut channels = self.channels();
        if let Some((_, seats)) = channels.by_key.get_mut(&channel.key) {
            *seats -= 1;
            if *seats == 0 {
                channels.by_key.remove(&channel.key);
                self.metrics.channels.fall();
                // Under the lock, so that it cannot overtake the subscribing of who comes next.
                self.broker.unsubscribe(&channel.key);
            }
        }
    }

    /// Whether the hub still has a channel: not another one of that name.
    fn has(&self, channel: &Arc<HubChannel>) -> bool {
        let channels = self.channels();
        channels.by_key.get(&channel.key).is_some_and(|(current, _)| Arc::ptr_eq(current, channel))
    }

    /// Subscribes to a channel, if the hub still has it: not another one of that name.
    fn subscribe_if_current(
        &self,
        channel: &Arc<HubChannel>,
    ) -> Option<BoxFuture<'static, Result<(), BrokerUnavailable>>> {
        let channels = self.channels();
        let (current, _) = channels.by_key.get(&channel.key)?;
        Arc::ptr_eq(current, channel).then(|| self.broker.subscribe(&channel.key))
    }

    /// Takes what came together: what is for one channel goes out together.
    async fn turn(self: &Arc<Self>, turn: Vec<Incoming>) {
        let mut publications = IndexMap::<_, Vec<_>>::new();
        let mut bytes = 0;
        for incoming in turn {
            match incoming {
                Incoming::Publication { key, publication } => {
                    bytes += publication.payload.len();
                    publications.entry(key).or_default().push(publication);
                    if bytes >= TURN_BYTES {
                        bytes = 0;
                        self.receive(std::mem::take(&mut publications)).await;
                    }
                }
                Incoming::Down | Incoming::Up => {
                    self.receive(std::mem::take(&mut publications)).await;
                    self.tell_all(matches!(incoming, Incoming::Down));
                }
            }
        }
        self.receive(publications).await;
    }

    async fn receive(self: &Arc<Self>, publications: IndexMap<ChannelKey, Vec<Publication>>) {
        for (key, publications) in publications {
            let channel = self.channels().by_key.get(&key).map(|(channel, _)| channel.clone());
            // The last subscriber has just left: the broker did not know yet.
            let Some(channel) = channel else { continue };
            let received = channel.receive(publications);
            self.count(received.sent);
            if received.behind {
                self.spawn_catch_up(channel.clone());
            }
            self.fan_out(&channel);
            self.fanned_out(&channel).await;
        }
    }

    /// Tells everybody that the broker is away, or back: whatever was published meanwhile is in the history.
    fn tell_all(self: &Arc<Self>, down: bool) {
        let told = {
            let mut channels = self.channels();
            let was_down = std::mem::replace(&mut channels.broker_down, down);
            if !down && !was_down {
                return;
            }
            channels.by_key.values().map(|(channel, _)| channel.clone()).collect::<Vec<_>>()
        };
        self.metrics.broker_losses.increment(u64::from(down));
        let status = if down { BrokerStatus::Down } else { BrokerStatus::Up };
        for channel in told {
            channel.broker_status(status);
            self.fan_out(&channel);
            if !down {
                self.catch_up(&channel);
            }
        }
    }

    fn touch(self: &Arc<Self>) {
        for (channel, _) in self.channels().by_key.values() {
            if channel.is_empty() {
                self.catch_up(channel);
            }
        }
    }

    fn count(&self, sent: Sent) {
        self.metrics.events.increment(sent.events);
        self.metrics.payloads_rejected.increment(sent.rejected);
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HubOptions {
    fn channel(&self) -> ChannelOptions {
        ChannelOptions {
            instance: self.instance.clone(),
            max_payload_bytes: self.max_payload_bytes,
            window_bytes: self.window_bytes,
            shards: self.shards,
        }
    }
}

fn stop_draining(channel: &HubChannel) {
    for lane in channel.stop_all(draining) {
        lane.release();
    }
}

/// What a subscription is told when its replica leaves: to come back at another time than others.
pub(crate) fn draining() -> Event<()> {
    let retry_after = SPREAD.mul_f64(rand::random());
    let retry_after_ms = u64::try_from(retry_after.as_millis()).ok();
    Event::Stopped { reason: StopReason::Draining, retry_after_ms }
}
