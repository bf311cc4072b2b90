//! One channel of the hub: who listens, where it stands, and how an event becomes bytes.
//!
//! A channel with a `Log` feed always stands at some [`Position`]; it delivers the next event only when that
//! is the next. When it cannot know (it is new, an offset is missing, the broker was away) it is catching up: its events
//! wait in the inbox until the history has been read (`catch_up.rs`).
//!
//! 1. Under one lock, an event gets its place and is put into a batch (`events.rs`, `catching_up.rs`).
//! 2. Afterwards, in steps and under other locks, batches are handed to the subscribers (`shard.rs`).

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tidings_contract::{BrokerStatus, Event, GapReason, SubscriptionId};
use tokio::{sync::Notify, time::Instant};

use super::{page::Pages, procedure::Procedure, window::Window};
use crate::{
    broker::{BrokerUnavailable, ChannelKey, Position},
    socket::{Frame, Kind, Lane, Notice, Version},
};

mod batch;
mod catching_up;
mod events;
mod shard;
mod subscriber;
mod subscribers;

use batch::{Batch, Pending};
use catching_up::CatchingUp;
pub(super) use catching_up::CaughtUp;
pub(super) use events::Sent;
use shard::Shard;
pub(super) use shard::Step;
pub(crate) use subscriber::Subscriber;
pub(super) use subscribers::FEW;

/// One channel of the hub. There are many: a quiet one with one subscriber costs about 1 KiB.
#[derive(Debug)]
pub(super) struct HubChannel {
    pub(super) key: ChannelKey,
    pub(super) procedure: Arc<Procedure>,
    pub(super) shared_id: SubscriptionId,
    next_place: AtomicU64,
    /// The channel has become ready, or has failed.
    pub(super) changed: Notify,
    /// Its window was used since it was last looked at.
    used: AtomicBool,
    /// Its events wait in the inbox, because it is catching up or busy.
    pub(super) paused: AtomicBool,
    /// Reading its history goes on when its subscribers have been given enough of the batches on their way.
    pub(super) stalled: AtomicBool,
    /// Held while events get their places; never over an await.
    state: Mutex<State>,
    /// The subscribers, while they are few. Taken after `state`, where both are.
    first: Mutex<Shard>,
    /// The subscribers by key, for as many cores as there are, once they were many. Most channels never have many.
    divided: OnceLock<Box<[Mutex<Shard>]>>,
}

/// Whether a channel can be joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// The broker has been asked where it stands.
    Opening,
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
    readiness: Readiness,
    /// The newest events of a `Log` feed; a gap takes the place of one that did not fit. Absent until the channel is
    /// ready.
    window: Option<Window<Frame>>,
    /// The window is in the ring of windows that may be dropped.
    in_ring: bool,
    /// The newest event of a `State` or `Members` feed.
    newest: Option<Box<Newest>>,
    catching_up: Option<CatchingUp>,
    /// How often the newest event of a `State` or `Members` feed was read.
    readings: u32,
    /// Readings of the history for subscribers that come back.
    pages: Option<Box<Pages>>,
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

impl Newest {
    fn version(&self) -> Option<Version> {
        Notice::parse(self.frame.message())?.version()
    }
}

impl HubChannel {
    pub(super) fn new(
        key: ChannelKey,
        procedure: Arc<Procedure>,
        shared_id: SubscriptionId,
    ) -> Self {
        let state = State {
            batches: 0,
            broker: BrokerStatus::Up,
            readiness: Readiness::Opening,
            window: None,
            in_ring: false,
            newest: None,
            catching_up: None,
            readings: 0,
            pages: None,
        };
        Self {
            key,
            procedure,
            shared_id,
            next_place: AtomicU64::new(0),
            changed: Notify::new(),
            used: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            state: Mutex::new(state),
            first: Mutex::default(),
            divided: OnceLock::new(),
        }
    }

    /// Whether it can be joined.
    pub(super) fn readiness(&self) -> Readiness {
        self.state().readiness.clone()
    }

    /// Begins to open again after a failure. False when it has not failed.
    pub(super) fn reopen(&self) -> bool {
        let mut state = self.state();
        let failed = matches!(state.readiness, Readiness::Failed(_));
        if failed {
            state.readiness = Readiness::Opening;
        }
        failed
    }

    fn became(&self, state: &mut State, readiness: Readiness) {
        if state.readiness != readiness {
            state.readiness = readiness;
            self.changed.notify_waiters();
        }
    }

    /// How long after the newest event of a `Members` feed its list is read again. `None` for other feeds.
    pub(super) fn expires_at(&self, read_at: Instant) -> Option<Instant> {
        let ttl: Duration = self.procedure.member_ttl?;
        let newest_at = self.state().newest.as_ref().map(|newest| newest.at);
        Some(newest_at.map_or(read_at, |newest_at| newest_at.max(read_at)) + ttl)
    }

    /// Adds a subscriber whose stream begins now, with a gap before it if there is a reason. It is not sent the newest value of
    /// a `State` or `Members` feed if that is what it has `seen`.
    pub(super) fn add(
        &self,
        subscriber: Subscriber,
        started: bool,
        gap: Option<GapReason>,
        seen: Option<Version>,
    ) -> Place {
        let _together = subscriber.lane.cork();
        let state = self.state();
        let last_event_id = state.window.as_ref().map(|window| window.newest().event_id());
        if started {
            let (resumed, instance) = (false, self.procedure.options.instance.clone());
            let last_event_id = last_event_id.clone();
            self.greet(&subscriber, &Event::Started { resumed, last_event_id, instance });
        }
        if let Some(reason) = gap {
            self.greet(&subscriber, &Event::Gap { reason, last_event_id });
        }
        self.seat(&state, subscriber, seen)
    }

    /// Adds a subscriber that has the events up to `cursor`, behind what it missed, if that is (still) in the window.
    pub(super) fn add_after(&self, cursor: Position, subscriber: Subscriber) -> Option<Place> {
        let _together = subscriber.lane.cork();
        let state = self.state();
        if let Some(window) = &state.window {
            for (_, frame) in window.since(cursor)? {
                let frame = subscriber.addressed(frame, self.shared_id);
                let _ = subscriber.lane.push(Kind::Data, &frame.into());
            }
            self.used.store(true, Ordering::Relaxed);
        }
        Some(self.seat(&state, subscriber, None))
    }

    /// Whether everything after `cursor` is in the window. If not, the history may have it; or the client has seen
    /// more than this replica, or an epoch of which this replica has not heard yet.
    pub(super) fn has_since(&self, cursor: Position) -> bool {
        let state = self.state();
        state.window.as_ref().is_some_and(|window| {
            let newest = window.newest();
            let is_ahead = cursor.epoch == newest.epoch && cursor.offset > newest.offset;
            !is_ahead && window.since(cursor).is_some()
        })
    }

    /// Removes a subscriber, unless it has been stopped already.
    pub(super) fn remove(&self, Place(key): Place) {
        // In this order: subscribers only ever move from the first shard to the others.
        self.first.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        if let Some(divided) = self.divided.get() {
            // Cannot be cut off: it is less than the number of shards.
            let shard = &divided[(key % divided.len() as u64) as usize];
            shard.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        }
    }

    /// Ends every subscription with an event made for each. Their lanes are to be released, when nothing is
    /// locked.
    pub(super) fn stop_all(&self, stopped: impl Fn() -> Event<()>) -> Vec<Lane> {
        let mut lanes = Vec::new();
        for shard in 0..self.shards() {
            // What is on its way is not waited for: who comes back elsewhere gets it there.
            let Some(mut shard) = self.shard(shard) else { continue };
            let subscribers: Vec<_> = shard.clear().collect();
            drop(shard);
            for Subscriber { id, lane, .. } in subscribers {
                lane.finish(self.encode(id, &stopped()));
                lanes.push(lane);
            }
        }
        lanes
    }

    /// Takes it upon the caller to walk a shard, if there is something on its way and nobody does.
    pub(super) fn claim(&self, shard: usize) -> bool {
        self.shard(shard).is_some_and(|mut shard| shard.claim())
    }

    /// Gives up the walk, unless something is on its way again.
    pub(super) fn give_up(&self, shard: usize) -> bool {
        self.shard(shard).is_none_or(|mut shard| shard.give_up())
    }

    /// Hands batches to up to `visits` subscribers of a shard.
    pub(super) fn step(&self, shard: usize, visits: usize) -> Step {
        match self.shard(shard) {
            Some(mut shard) => shard.step(self.shared_id, visits),
            None => Step { round_is_over: true, ..Step::default() },
        }
    }

    /// How many parts its subscribers are divided into.
    pub(super) fn shards(&self) -> usize {
        self.divided.get().map_or(1, |divided| divided.len())
    }

    /// Whether it has so few subscribers that they are served at once.
    pub(super) fn has_few(&self) -> bool {
        self.divided.get().is_none() || {
            let shards = (0..self.shards()).filter_map(|shard| self.shard(shard));
            shards.map(|shard| shard.subscribers()).sum::<usize>() <= FEW
        }
    }

    /// Bytes on their way, in the fullest shard.
    pub(super) fn outgoing_bytes(&self) -> usize {
        let bytes =
            (0..self.shards()).filter_map(|shard| Some(self.shard(shard)?.outgoing_bytes()));
        bytes.max().unwrap_or(0)
    }

    /// Puts a batch on its way to everyone who is there now.
    fn send(&self, state: &mut State, pending: Pending) {
        if let Some(batch) = pending.batch(state.batches + 1) {
            state.batches = batch.number;
            let batch = Arc::new(batch);
            for shard in 0..self.shards() {
                if let Some(mut shard) = self.shard(shard) {
                    shard.send(&batch);
                }
            }
        }
    }

    fn greet(&self, subscriber: &Subscriber, event: &Event<()>) {
        // When it is gone, its seat is about to be given back.
        let _ = subscriber.lane.push(Kind::Greeting, &self.encode(subscriber.id, event).into());
    }

    fn seat(&self, state: &State, subscriber: Subscriber, seen: Option<Version>) -> Place {
        if state.broker == BrokerStatus::Down {
            self.greet(&subscriber, &Event::Status { broker: BrokerStatus::Down });
        }
        let newest = state.newest.as_deref();
        if let Some(newest) = newest
            && newest.expires_at.is_none_or(|at| Instant::now() < at)
            && (seen.is_none() || seen != newest.version())
        {
            let frame = subscriber.addressed(&newest.frame, self.shared_id);
            let _ = subscriber.lane.push(Kind::Data, &frame.into());
        }
        let key = self.next_place.fetch_add(1, Ordering::Relaxed);
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if self.divided.get().is_none() && first.subscribers() < FEW {
            first.add(key, subscriber, state.batches);
            return Place(key);
        }
        // The first shard stays locked until the others can be seen: see `remove`.
        let shards = self.procedure.options.shards;
        let divided = self.divided.get_or_init(|| first.divide(shards));
        drop(first);
        // Cannot be cut off: it is less than the number of shards.
        if let Some(mut shard) = self.shard((key % divided.len() as u64) as usize) {
            shard.add(key, subscriber, state.batches);
        }
        Place(key)
    }

    /// Puts the window into the ring of those that may be dropped, if it has events and is not in there.
    fn enter_budget(self: &Arc<Self>, state: &mut State) {
        let has_events = state.window.as_ref().is_some_and(|window| window.bytes() > 0);
        if has_events && !state.in_ring {
            state.in_ring = true;
            self.procedure.window_budget.enter(Arc::downgrade(self));
        }
    }

    /// Keeps the window if it was used since the last time, else drops its events. Answers whether it was kept.
    pub(super) fn keep_window_if_used(&self) -> bool {
        if self.used.swap(false, Ordering::Relaxed) {
            return true;
        }
        let mut state = self.state();
        state.in_ring = false;
        if let Some(window) = &mut state.window {
            let before = window.bytes();
            window.clear();
            self.procedure.window_budget.resized(before, 0);
        }
        false
    }

    /// Encodes an event that is no data.
    pub(super) fn encode(&self, id: SubscriptionId, event: &Event<()>) -> Frame {
        Frame::new(self.procedure.name, id, event)
    }

    fn shared(&self, event: &Event<()>) -> Frame {
        self.encode(self.shared_id, event)
    }

    /// The readings of the history for subscribers that come back. They are forgotten with the last one.
    pub(super) fn with_pages<T>(&self, change: impl FnOnce(&mut Pages) -> T) -> T {
        let mut state = self.state();
        let pages = state.pages.get_or_insert_default();
        let answer = change(pages);
        if pages.is_empty() {
            state.pages = None;
        }
        answer
    }

    fn shard(&self, shard: usize) -> Option<MutexGuard<'_, Shard>> {
        let shard = match self.divided.get() {
            Some(divided) => divided.get(shard)?,
            None => (shard == 0).then_some(&self.first)?,
        };
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HubChannel {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let bytes = state.window.as_ref().map_or(0, Window::bytes);
        self.procedure.window_budget.resized(bytes, 0);
    }
}
