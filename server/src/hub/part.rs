//! The part of the hub that has the channels of one of the broker's streams.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt};
use tidings_contract::{Feed, Subscription};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Seat, Shared,
    catch_up::CatchUps,
    channel::{HubChannel, Place, Readiness, Sent},
    draining,
    procedure::Procedure,
    window_budget::WindowBudget,
};
use crate::{
    broker::{
        Broker, BrokerUnavailable, ChannelKey, Incoming, IncomingStream, Missed, Publications,
    },
    log_limit::bounded,
};

/// How long a subscribe call waits for a channel to open while the broker confirms nothing of any channel.
const JOIN_TIMEOUT: Duration = Duration::from_secs(5);

/// While the broker confirms others, it waits this many times as long.
const JOIN_TIMES: u32 = 6;

/// A window that was not used for this long, or twice as long, is dropped.
const AGE: Duration = Duration::from_secs(60);

/// How long the stream is served before other tasks have their turn.
const TURN: Duration = Duration::from_micros(500);

/// Channels that are told of the broker's status before others have their turn.
const TOLD: usize = 64;

/// Windows that are looked at for their age before others have their turn.
const AGED: usize = 256;

/// A map with fewer channels than this is not shrunk.
const SMALL: usize = 1024;

/// The part of the hub that has the channels of one of the broker's streams.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) shared: Arc<Shared>,
    /// Held for look-ups and changes, never over an await. Taken before any channel's own lock.
    channels: Mutex<Channels>,
    pub(super) catch_ups: CatchUps,
    window_budget: Arc<WindowBudget>,
    /// By name. Bounded by the service's procedures.
    procedures: Mutex<HashMap<&'static str, Arc<Procedure>>>,
}

#[derive(Debug, Default)]
struct Channels {
    by_key: HashMap<ChannelKey, Entry>,
    broker_down: bool,
    draining: bool,
}

/// A channel that has subscribers.
#[derive(Debug)]
struct Entry {
    channel: Arc<HubChannel>,
    /// How many subscribers it has or is about to have.
    seats: usize,
    /// Reads a `Members` feed again when its members may have expired. Ends with this entry.
    _expiry: Option<AbortOnDropHandle<()>>,
}

impl Part {
    /// A part without channels, one of `parts`.
    pub(super) fn new(shared: Arc<Shared>, parts: usize) -> Arc<Self> {
        let window_budget = Arc::new(WindowBudget::new(shared.options.all_windows_bytes / parts));
        let (channels, catch_ups) = (Mutex::default(), CatchUps::default());
        Arc::new(Self { shared, channels, catch_ups, window_budget, procedures: Mutex::default() })
    }

    /// Takes messages and notices from the broker, until the hub is stopped.
    pub(super) async fn run(self: Arc<Self>, mut incoming: IncomingStream) {
        let mut age = interval(AGE);
        age.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut turn_ends = Instant::now() + TURN;
        loop {
            // Takes everything that has arrived before it polls the other futures, which costs more than an event does.
            let incoming = match incoming.next().now_or_never() {
                Some(incoming) => {
                    // The stream may always have something at once.
                    if Instant::now() > turn_ends {
                        if self.shared.stop.is_cancelled() {
                            return;
                        }
                        if age.tick().now_or_never().is_some() {
                            self.age_windows().await;
                        }
                        tokio::task::yield_now().await;
                        turn_ends = Instant::now() + TURN;
                    }
                    incoming
                }
                None => {
                    let incoming = tokio::select! {
                        () = self.shared.stop.cancelled() => return,
                        _ = age.tick() => {
                            self.age_windows().await;
                            continue;
                        }
                        incoming = incoming.next() => incoming,
                    };
                    // Others have had their turn meanwhile.
                    turn_ends = Instant::now() + TURN;
                    incoming
                }
            };
            let Some(incoming) = incoming else { return };
            self.take(incoming).await;
        }
    }

    async fn take(self: &Arc<Self>, incoming: Incoming) {
        match incoming {
            Incoming::Publications(publications) => self.receive(publications),
            Incoming::Subscribed(keys) => {
                for channel in keys.iter().filter_map(|key| self.channel(key)) {
                    if channel.subscribed() {
                        self.fan_out(&channel);
                    }
                    self.catch_up(&channel);
                }
            }
            Incoming::Refused { keys, reason } => {
                for channel in keys.iter().filter_map(|key| self.channel(key)) {
                    bounded!(error, channel = %channel.key, %reason, "the broker refuses to subscribe");
                    channel.refused(&reason);
                    channel.broker_down();
                    self.fan_out(&channel);
                }
            }
            Incoming::Down => self.down().await,
            Incoming::Up => {
                let was_down = std::mem::take(&mut self.channels().broker_down);
                if was_down {
                    self.shared.parts_down.fetch_sub(1, Ordering::Relaxed);
                }
            }
        }
    }

    fn receive(self: &Arc<Self>, publications: Publications) {
        let Publications { key, publications, missed } = publications;
        // The last subscriber has just left: the broker did not know yet.
        let Some(channel) = self.channel(&key) else { return };
        let overflowed = missed != Missed::default();
        self.shared.metrics.inbox_overflows.increment(u64::from(overflowed));
        if channel.procedure.feed == Feed::Log {
            self.shared.metrics.plain_lost.increment(missed.lost);
        }
        let received = channel.receive(&publications, missed);
        self.count(&channel, received.sent);
        if received.behind {
            self.pause(&channel);
        }
        self.fan_out(&channel);
        if received.behind {
            self.read_later(channel);
        }
        self.relieve_windows();
    }

    /// Drops the least recently used windows while all of them are above the budget.
    pub(super) fn relieve_windows(&self) {
        self.window_budget.relieve();
    }

    /// Drops the windows that were not used for a while.
    async fn age_windows(&self) {
        let mut left = self.window_budget.channels();
        while left > 0 {
            let now = left.min(AGED);
            self.window_budget.age(now);
            left -= now;
            tokio::task::yield_now().await;
        }
    }

    /// Tells everybody that the broker is down.
    async fn down(self: &Arc<Self>) {
        let told: Vec<_> = {
            let mut channels = self.channels();
            if std::mem::replace(&mut channels.broker_down, true) {
                return;
            }
            channels.by_key.values().map(|entry| entry.channel.clone()).collect()
        };
        if self.shared.parts_down.fetch_add(1, Ordering::Relaxed) == 0 {
            self.shared.metrics.broker_losses.increment(1);
        }
        let reason = broker_is_down();
        for channels in told.chunks(TOLD) {
            for channel in channels {
                channel.failed(&reason);
                channel.broker_down();
                self.fan_out(channel);
            }
            tokio::task::yield_now().await;
        }
    }

    /// See [`super::Hub::join`].
    pub(super) async fn join<P: Subscription>(
        self: &Arc<Self>,
        key: ChannelKey,
    ) -> Result<Seat, BrokerUnavailable> {
        let seat = self.seat::<P>(key)?;
        let channel = seat.channel.clone();
        let mut progress = self.catch_ups.progress();
        for _ in 0..JOIN_TIMES {
            let changed = channel.changed.notified();
            tokio::pin!(changed);
            // Before the check, or a change right after it would be missed.
            changed.as_mut().enable();
            match channel.readiness() {
                Readiness::Ready => return Ok(seat),
                Readiness::Failed(error) => return Err(error),
                Readiness::Opening => {}
            }
            if timeout(JOIN_TIMEOUT, changed).await.is_err() {
                let now = self.catch_ups.progress();
                if now == progress {
                    return Err(BrokerUnavailable(format!(
                        "not confirmed within {JOIN_TIMEOUT:?}"
                    )));
                }
                progress = now;
            }
        }
        Err(BrokerUnavailable("its history cannot be read".to_owned()))
    }

    fn seat<P: Subscription>(self: &Arc<Self>, key: ChannelKey) -> Result<Seat, BrokerUnavailable> {
        let mut channels = self.channels();
        if channels.draining {
            return Err(BrokerUnavailable("this replica is leaving".to_owned()));
        }
        let broker_down = channels.broker_down;
        let channel = match channels.by_key.get_mut(&key) {
            Some(entry) if broker_down && entry.channel.readiness() != Readiness::Ready => {
                return Err(broker_is_down());
            }
            Some(Entry { channel, seats, .. }) => {
                *seats += 1;
                // An earlier attempt failed, and its subscribers have not left yet.
                if channel.reopen() {
                    self.shared.broker.subscribe(&key);
                }
                channel.clone()
            }
            None if broker_down => return Err(broker_is_down()),
            None => {
                let procedure = self.procedure::<P>();
                let channel = HubChannel::new(key.clone(), procedure, self.shared.next_id());
                let channel = Arc::new(channel);
                let entry =
                    Entry { channel: channel.clone(), seats: 1, _expiry: self.expiry(&channel) };
                self.shared.metrics.channels.rise();
                self.shared.broker.subscribe(&key);
                channels.by_key.insert(key, entry);
                channel
            }
        };
        Ok(Seat { part: self.clone(), channel, taken: None })
    }

    pub(super) fn leave(&self, channel: &Arc<HubChannel>, place: Option<Place>) {
        if let Some(place) = place {
            channel.remove(place);
        }
        let mut channels = self.channels();
        let Channels { by_key, .. } = &mut *channels;
        if let Some(entry) = by_key.get_mut(&channel.key) {
            entry.seats -= 1;
            if entry.seats == 0 {
                by_key.remove(&channel.key);
                if by_key.len() < by_key.capacity() / 4 && by_key.capacity() > SMALL {
                    by_key.shrink_to(by_key.len() * 2);
                }
                self.shared.metrics.channels.fall();
                // Under the lock, so that it comes before the next subscriber's `subscribe`.
                self.shared.broker.unsubscribe(&channel.key);
            }
        }
    }

    /// Tells every subscriber that this replica is leaving, and takes no more.
    pub(super) fn drain(&self) {
        let channels: Vec<_> = {
            let mut channels = self.channels();
            channels.draining = true;
            channels.by_key.values().map(|entry| entry.channel.clone()).collect()
        };
        for channel in channels {
            stop_draining(&channel);
        }
    }

    /// Stops subscribers that joined a channel while the replica began to drain.
    pub(super) fn drain_late(&self, channel: &HubChannel) {
        if self.channels().draining {
            stop_draining(channel);
        }
    }

    /// Whether the part still has a channel: not another one of that name.
    pub(super) fn has(&self, channel: &Arc<HubChannel>) -> bool {
        self.channel(&channel.key).is_some_and(|current| Arc::ptr_eq(&current, channel))
    }

    /// Whether the part's stream says that the broker is down: then every channel is subscribed again when it is up.
    pub(super) fn is_down(&self) -> bool {
        self.channels().broker_down
    }

    /// Does something with the broker for a channel that the part still has: not for another one of that name. False when it
    /// does not.
    pub(super) fn if_current(
        &self,
        channel: &Arc<HubChannel>,
        act: impl FnOnce(&dyn Broker),
    ) -> bool {
        let channels = self.channels();
        let current = channels.by_key.get(&channel.key);
        let is_current = current.is_some_and(|entry| Arc::ptr_eq(&entry.channel, channel));
        if is_current {
            act(&*self.shared.broker);
        }
        is_current
    }

    /// Bytes of the windows of all its channels.
    pub(super) fn windows_bytes(&self) -> usize {
        self.window_budget.bytes()
    }

    pub(super) fn count(&self, channel: &HubChannel, sent: Sent) {
        self.shared.metrics.events.increment(sent.events);
        channel.procedure.rejected.increment(sent.rejected);
    }

    fn channel(&self, key: &ChannelKey) -> Option<Arc<HubChannel>> {
        self.channels().by_key.get(key).map(|entry| entry.channel.clone())
    }

    fn procedure<P: Subscription>(&self) -> Arc<Procedure> {
        let mut procedures = self.procedures.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let (options, budget) = (self.shared.options.clone(), self.window_budget.clone());
            Arc::new(Procedure::new::<P>(options, budget, &self.shared.metrics))
        };
        procedures.entry(P::NAME).or_insert_with(new).clone()
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn broker_is_down() -> BrokerUnavailable {
    BrokerUnavailable("it is down".to_owned())
}

fn stop_draining(channel: &HubChannel) {
    for lane in channel.stop_all(draining) {
        lane.release();
    }
}
