//! One channel of the hub: who listens, where it stands, and how an event becomes bytes.
//!
//! A channel with a `Log` feed always stands at some [`Position`]; it delivers the next event only when that
//! is the next. When it cannot know (it is new, an offset is missing, the broker was away) it is catching up:
//! what comes waits until the history has been read (`catch_up.rs`).
//!
//! What comes next is settled under one lock, and put into a batch (`events.rs`; `catching_up.rs` when it cannot be
//! placed). Batches are handed to subscribers afterwards, in steps, under other locks (`shard.rs`).

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tidings_contract::{BrokerStatus, Event, Feed, GapReason, Subscription, SubscriptionId};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{
    page::Pages,
    payload::{Decode, decode},
    window::Window,
};
use crate::{
    broker::{BrokerUnavailable, ChannelKey, Position},
    socket::{Frame, Kind, Lane},
};

mod batch;
mod catching_up;
mod events;
mod shard;
mod subscriber;

use batch::{Batch, Pending};
use catching_up::CatchingUp;
#[cfg(test)]
pub(super) use catching_up::Reading;
pub(super) use events::Sent;
use shard::Shard;
pub(super) use shard::Step;
pub(crate) use subscriber::Subscriber;

#[derive(Debug)]
pub(super) struct HubChannel {
    pub(super) key: ChannelKey,
    pub(super) feed: Feed,
    pub(super) shared_id: SubscriptionId,
    pub(super) procedure: &'static str,
    /// How long a member of a `Members` feed is listed without another report.
    pub(super) member_ttl: Option<Duration>,
    /// How long new subscribers receive the newest value of a `State` feed.
    state_retention: Option<Duration>,
    pub(super) pages: Pages,
    /// Whether the channel can be joined.
    pub(super) readiness: watch::Sender<Readiness>,
    decode: Decode,
    instance: String,
    max_payload_bytes: usize,
    window_bytes: usize,
    next_place: AtomicU64,
    /// Something that was on its way to the subscribers has been handed to them.
    pub(super) moved: Notify,
    /// Held while it is settled what comes next; never over an await.
    state: Mutex<State>,
    /// Each held for a few subscribers at a time. Taken after `state`, where both are.
    shards: Box<[Mutex<Shard>]>,
}

/// How a channel is set up.
#[derive(Clone, Debug)]
pub(super) struct ChannelOptions {
    /// The replica's name.
    pub(super) instance: String,
    /// Bytes of one payload. A larger one is not sent.
    pub(super) max_payload_bytes: usize,
    /// Bytes of the newest events that are kept at hand.
    pub(super) window_bytes: usize,
    /// Into how many parts subscribers are divided.
    pub(super) shards: usize,
}

/// Whether a channel can be joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// The broker has been asked where it stands.
    Asked,
    /// It is known where it stands, and from then on everything comes.
    Ready,
    /// The broker could not be asked, and is not being asked.
    Failed(BrokerUnavailable),
}

/// Names a subscriber within its channel; subscription ids are shared between connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u64);

#[derive(Debug)]
struct State {
    /// The number of the newest batch.
    batches: u64,
    broker: BrokerStatus,
    /// The newest events of a `Log` feed; an event that reached nobody, because it did not fit, is none.
    /// Absent until the channel is ready.
    window: Option<Window<Option<Frame>>>,
    /// The newest event of a `State` or `Members` feed.
    newest: Option<Newest>,
    catching_up: Option<CatchingUp>,
    /// How often the newest event of a `State` or `Members` feed was read.
    readings: u64,
}

/// The newest event of a `State` or `Members` feed.
#[derive(Debug)]
struct Newest {
    /// Its position, if the broker assigned one.
    position: Option<Position>,
    frame: Frame,
    /// When it arrived.
    at: Instant,
    /// When the broker forgets it: then newcomers are not given it any more. Never, in a `Members` feed.
    expires_at: Option<Instant>,
}

/// How a subscriber that says what it has can be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    /// What it missed is at hand.
    AtHand,
    /// What it missed is in the history, perhaps.
    InHistory,
    /// It has seen more than this replica.
    Ahead,
}

impl HubChannel {
    pub(super) fn new<P: Subscription>(
        key: ChannelKey,
        shared_id: SubscriptionId,
        broker: BrokerStatus,
        options: ChannelOptions,
    ) -> Self {
        let state = State {
            batches: 0,
            broker,
            window: None,
            newest: None,
            catching_up: None,
            readings: 0,
        };
        Self {
            key,
            feed: P::FEED,
            shared_id,
            procedure: P::NAME,
            member_ttl: (P::FEED == Feed::Members).then_some(P::MEMBER_TTL),
            state_retention: (P::FEED == Feed::State).then_some(P::STATE_RETENTION),
            pages: Pages::default(),
            readiness: watch::Sender::new(Readiness::Asked),
            decode: decode::<P>,
            instance: options.instance,
            max_payload_bytes: options.max_payload_bytes,
            window_bytes: options.window_bytes,
            next_place: AtomicU64::new(0),
            moved: Notify::new(),
            state: Mutex::new(state),
            shards: (0..options.shards.max(1)).map(|_| Mutex::default()).collect(),
        }
    }

    /// When the newest event of a `Members` feed arrived. `None` before the first.
    pub(super) fn newest_at(&self) -> Option<Instant> {
        self.state().newest.as_ref().map(|newest| newest.at)
    }

    /// Whether nothing was ever published to it, in its epoch.
    pub(super) fn is_empty(&self) -> bool {
        self.state().window.as_ref().is_some_and(|window| window.newest().offset == 0)
    }

    /// Adds a subscriber whose stream begins now, with a gap before it if there is a reason.
    pub(super) fn add(
        &self,
        subscriber: Subscriber,
        started: bool,
        gap: Option<GapReason>,
    ) -> Place {
        let _together = subscriber.lane.cork();
        let state = self.state();
        let last_event_id = state.window.as_ref().map(|window| window.newest().event_id());
        if started {
            let (resumed, instance) = (false, self.instance.clone());
            let last_event_id = last_event_id.clone();
            self.greet(&subscriber, &Event::Started { resumed, last_event_id, instance });
        }
        if let Some(reason) = gap {
            self.greet(&subscriber, &Event::Gap { reason, last_event_id });
        }
        self.seat(&state, subscriber)
    }

    /// Adds a subscriber that has the events up to `cursor`, behind what it missed, if that is (still) at hand.
    pub(super) fn add_after(&self, cursor: Position, subscriber: Subscriber) -> Option<Place> {
        let _together = subscriber.lane.cork();
        let state = self.state();
        if let Some(window) = &state.window {
            // Of another epoch: one of the two has not heard of the newer one yet.
            let here = window.newest().epoch == cursor.epoch;
            let missed = here.then(|| window.since(cursor.offset)).flatten()?;
            for frame in missed.filter_map(|(_, frame)| frame.as_ref()) {
                let frame = subscriber.addressed(frame, self.shared_id);
                let _ = subscriber.lane.push(Kind::Data, frame.as_bytes());
            }
        }
        Some(self.seat(&state, subscriber))
    }

    /// Says how a subscriber that has the events up to `cursor` can be let in.
    pub(super) fn placement(&self, cursor: Position) -> Placement {
        match &self.state().window {
            Some(window) if window.newest().epoch == cursor.epoch => {
                if cursor.offset > window.newest().offset {
                    Placement::Ahead
                } else if cursor.offset >= window.start() {
                    Placement::AtHand
                } else {
                    Placement::InHistory
                }
            }
            // Of another epoch, which may be one that this replica has not heard of yet.
            _ => Placement::Ahead,
        }
    }

    /// Removes a subscriber, unless it has been stopped already.
    pub(super) fn remove(&self, place: Place) {
        self.shard_of(place).remove(place.0);
    }

    /// Ends every subscription with an event made for each. Their lanes are to be released, when nothing is
    /// locked.
    pub(super) fn stop_all(&self, stopped: impl Fn() -> Event<()>) -> Vec<Lane> {
        let mut lanes = Vec::new();
        for shard in 0..self.shards.len() {
            // What is on its way is not waited for: who comes back elsewhere gets it there.
            let subscribers: Vec<_> = self.shard(shard).clear().collect();
            for Subscriber { id, lane, .. } in subscribers {
                lane.finish(self.encode(id, &stopped()));
                lanes.push(lane);
            }
        }
        self.moved.notify_waiters();
        lanes
    }

    /// Takes it upon the caller to walk a shard, if there is something on its way and nobody does: answers how
    /// many subscribers there are.
    pub(super) fn claim(&self, shard: usize) -> Option<usize> {
        self.shard(shard).claim()
    }

    /// Gives up the walk, unless something is on its way again.
    pub(super) fn give_up(&self, shard: usize) -> bool {
        self.shard(shard).give_up()
    }

    /// Hands what is on its way to so many subscribers of a shard.
    pub(super) fn step(&self, shard: usize, visits: usize) -> Step {
        let step = self.shard(shard).step(self.shared_id, visits);
        self.moved.notify_waiters();
        step
    }

    /// How many parts its subscribers are divided into.
    pub(super) fn shards(&self) -> usize {
        self.shards.len()
    }

    /// Bytes on their way, in the fullest shard.
    pub(super) fn outgoing_bytes(&self) -> usize {
        (0..self.shards.len()).map(|shard| self.shard(shard).outgoing_bytes()).max().unwrap_or(0)
    }

    /// Puts a batch on its way to everyone who is there now.
    fn send(&self, state: &mut State, pending: Pending) {
        if let Some(batch) = pending.batch(state.batches + 1) {
            state.batches = batch.number;
            let batch = Arc::new(batch);
            for shard in 0..self.shards.len() {
                self.shard(shard).send(&batch);
            }
        }
    }

    fn greet(&self, subscriber: &Subscriber, event: &Event<()>) {
        // When it is gone, its seat is about to be given back.
        let _ = subscriber.lane.push(Kind::Greeting, self.encode(subscriber.id, event).as_bytes());
    }

    fn seat(&self, state: &State, subscriber: Subscriber) -> Place {
        if state.broker == BrokerStatus::Down {
            self.greet(&subscriber, &Event::Status { broker: BrokerStatus::Down });
        }
        let is_kept = |newest: &&Newest| newest.expires_at.is_none_or(|at| Instant::now() < at);
        if let Some(newest) = state.newest.as_ref().filter(is_kept) {
            let frame = subscriber.addressed(&newest.frame, self.shared_id);
            let _ = subscriber.lane.push(Kind::Data, frame.as_bytes());
        }
        let place = Place(self.next_place.fetch_add(1, Ordering::Relaxed));
        self.shard_of(place).add(place.0, subscriber, state.batches);
        place
    }

    /// Encodes an event that is no data.
    pub(super) fn encode(&self, id: SubscriptionId, event: &Event<()>) -> Frame {
        Frame::new(self.procedure, id, event)
    }

    fn shared(&self, event: &Event<()>) -> Frame {
        self.encode(self.shared_id, event)
    }

    fn shard_of(&self, place: Place) -> MutexGuard<'_, Shard> {
        // Cannot be cut off: it is less than the number of shards.
        self.shard((place.0 % self.shards.len() as u64) as usize)
    }

    fn shard(&self, shard: usize) -> MutexGuard<'_, Shard> {
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
