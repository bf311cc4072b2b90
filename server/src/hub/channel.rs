//! One channel of the hub: who listens, where it stands, and how an event becomes bytes.
//!
//! A channel with a `Log` feed always stands at some [`Position`]; it delivers the next event only when that
//! is the next. When it cannot know (it is new, an offset is missing, the broker was away) it is catching up:
//! what comes waits until the history has been read (`catch_up.rs`).

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use indexmap::IndexMap;
use tidings_schema::{
    BrokerStatus, Event, Feed, GapReason, StopReason, Subscription, SubscriptionId,
};
use tokio::sync::watch;

use super::{
    page::Pages,
    payload::{Decode, PayloadFault, decode},
    window::Window,
};
use crate::{
    broker::{BrokerUnavailable, ChannelKey, History, Position, Publication},
    resume::{Arrival, arrival, merge},
    socket::{Backlog, Frame, Kind, Pushed},
};

/// One subscription, as the hub sees it.
#[derive(Debug)]
pub struct Subscriber {
    /// What its events bear.
    pub id: SubscriptionId,
    /// Where its events go.
    pub backlog: Backlog,
    /// What the client has: events up to here are not sent to it. The replica it was on before may have been
    /// quicker than this one.
    pub has: Option<Position>,
}

#[derive(Debug)]
pub(super) struct HubChannel {
    pub(super) key: ChannelKey,
    pub(super) feed: Feed,
    pub(super) shared_id: SubscriptionId,
    pub(super) procedure: &'static str,
    pub(super) pages: Pages,
    /// Whether the channel can be joined.
    pub(super) readiness: watch::Sender<Readiness>,
    decode: Decode,
    instance: String,
    max_payload_bytes: usize,
    window_bytes: usize,
    next_place: AtomicU64,
    /// Held while an event is handed to every subscriber, which keeps the order; never over an await.
    state: Mutex<State>,
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
pub(super) type Place = u64;

#[derive(Debug)]
struct State {
    /// Dense for the fan-out, and quick to leave.
    subscribers: IndexMap<Place, Subscriber>,
    broker: BrokerStatus,
    /// The newest events of a `Log` feed; an event that reached nobody, because it did not fit, is none.
    /// Absent until the channel is ready.
    window: Option<Window<Option<Frame>>>,
    /// The newest event of a `State` feed.
    newest: Option<Frame>,
    catching_up: Option<CatchingUp>,
}

/// What a channel keeps while it is catching up.
#[derive(Debug, Default)]
struct CatchingUp {
    /// What came meanwhile. Bounded like the window: what does not fit is in the history, too.
    waiting: Vec<Publication>,
    bytes: usize,
    /// Something happened that the reading under way may not have seen.
    again: bool,
}

/// What became of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) events: u64,
    pub(super) delivered: u64,
    /// Payloads that did not fit.
    pub(super) rejected: u64,
    /// Subscribers that had no room, and were stopped.
    pub(super) stopped: u64,
    /// Subscribers that were told of a gap.
    pub(super) gaps: u64,
}

/// What has to be done about an event that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    Done(Sent),
    /// The channel has to catch up, and nobody is at it yet.
    Behind,
}

/// How a reading of the history left the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CaughtUp {
    pub(super) sent: Sent,
    /// The history has to be read again.
    pub(super) more: bool,
}

/// What to read for a channel that is catching up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Where the channel stands. Absent when that is to be learnt.
    pub(super) from: Option<Position>,
    /// How much of what waits came before the reading.
    pub(super) before: usize,
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
        instance: String,
        broker: BrokerStatus,
        max_payload_bytes: usize,
        window_bytes: usize,
    ) -> Self {
        let state = State {
            subscribers: IndexMap::new(),
            broker,
            window: None,
            newest: None,
            catching_up: None,
        };
        Self {
            key,
            feed: P::FEED,
            shared_id,
            procedure: P::NAME,
            pages: Pages::default(),
            readiness: watch::Sender::new(Readiness::Asked),
            decode: decode::<P>,
            instance,
            max_payload_bytes,
            window_bytes,
            next_place: AtomicU64::new(0),
            state: Mutex::new(state),
        }
    }

    // --- Subscribers ---

    /// Adds a subscriber whose stream begins now, with a gap before it if there is a reason.
    pub(super) fn add(
        &self,
        subscriber: Subscriber,
        started: bool,
        gap: Option<GapReason>,
    ) -> Place {
        let mut state = self.state();
        let last_event_id = state.window.as_ref().map(|window| window.newest().event_id());
        if started {
            let (resumed, instance) = (false, self.instance.clone());
            let last_event_id = last_event_id.clone();
            self.greet(&subscriber, &Event::Started { resumed, last_event_id, instance });
        }
        if let Some(reason) = gap {
            self.greet(&subscriber, &Event::Gap { reason, last_event_id });
        }
        self.seat(&mut state, subscriber)
    }

    /// Adds a subscriber that has the events up to `cursor`, behind what it missed. It comes back when what it
    /// missed is not at hand (any more).
    pub(super) fn add_after(
        &self,
        cursor: Position,
        subscriber: Subscriber,
    ) -> Result<Place, Subscriber> {
        let mut state = self.state();
        if let Some(window) = &state.window
            && window.newest().epoch == cursor.epoch
        {
            let Some(missed) = window.since(cursor.offset) else { return Err(subscriber) };
            for frame in missed.filter_map(|(_, frame)| frame.as_ref()) {
                let frame = self.addressed(frame, subscriber.id);
                // The window is no larger than a backlog, and this one is empty.
                let _ = subscriber.backlog.push(Kind::Data, frame);
            }
        }
        Ok(self.seat(&mut state, subscriber))
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
        self.state().subscribers.swap_remove(&place);
    }

    /// Ends every subscription with an event made for each.
    pub(super) fn stop_all(&self, stopped: impl Fn() -> Event<()>) {
        for (_, Subscriber { id, backlog, .. }) in self.state().subscribers.drain(..) {
            backlog.close_with(self.encode(id, &stopped()));
        }
    }

    fn greet(&self, subscriber: &Subscriber, event: &Event<()>) {
        // A new backlog has room for a greeting, or its reader is gone already.
        let _ = subscriber.backlog.push(Kind::Control, self.encode(subscriber.id, event));
    }

    fn seat(&self, state: &mut State, subscriber: Subscriber) -> Place {
        if state.broker == BrokerStatus::Down {
            self.greet(&subscriber, &Event::Status { broker: BrokerStatus::Down });
        }
        if let Some(newest) = &state.newest {
            let frame = self.addressed(newest, subscriber.id);
            let _ = subscriber.backlog.push(Kind::Data, frame);
        }
        let place = self.next_place.fetch_add(1, Ordering::Relaxed);
        state.subscribers.insert(place, subscriber);
        place
    }

    // --- Events ---

    /// Takes what the broker sent.
    pub(super) fn receive(&self, publication: Publication) -> Received {
        let mut state = self.state();
        if self.feed == Feed::State {
            // Newer than whatever is being read.
            state.catching_up = None;
            return Received::Done(self.deliver(&mut state, &publication));
        }
        if let Some(catching_up) = &mut state.catching_up {
            let kept = catching_up.keep(publication, self.window_bytes);
            let sent = kept.map(|past| self.deliver(&mut state, &past));
            return Received::Done(sent.unwrap_or_default());
        }
        let at = state.window.as_ref().map(Window::newest);
        let arrival = match (publication.tracked, at) {
            (None, _) => Arrival::Next,
            (Some(tracked), Some(at)) => arrival(at, tracked),
            (Some(_), None) => Arrival::Ahead,
        };
        match arrival {
            Arrival::Next => Received::Done(self.deliver(&mut state, &publication)),
            Arrival::Seen => Received::Done(Sent::default()),
            Arrival::Ahead => {
                let mut catching_up = CatchingUp::default();
                catching_up.keep(publication, self.window_bytes);
                state.catching_up = Some(catching_up);
                Received::Behind
            }
        }
    }

    /// Tells every subscriber, also those to come, how the broker is.
    pub(super) fn broker_status(&self, broker: BrokerStatus) -> Sent {
        let mut state = self.state();
        state.broker = broker;
        self.send(&mut state, Kind::Control, None, &self.shared(&Event::Status { broker }))
    }

    // --- Catching up ---

    /// Begins to catch up. False when that is under way: then it will look once more.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.state();
        match &mut state.catching_up {
            Some(catching_up) => {
                catching_up.again = true;
                false
            }
            None => {
                state.catching_up = Some(CatchingUp::default());
                true
            }
        }
    }

    /// Says what to read.
    pub(super) fn reading(&self) -> Reading {
        let mut state = self.state();
        let from = state.window.as_ref().map(Window::newest);
        let catching_up = state.catching_up.get_or_insert_default();
        catching_up.again = false;
        Reading { from, before: catching_up.waiting.len() }
    }

    /// Takes what was read.
    pub(super) fn read(&self, reading: Reading, history: &History) -> CaughtUp {
        let mut state = self.state();
        let CatchingUp { waiting, again, .. } = state.catching_up.take().unwrap_or_default();
        // A channel whose place is learnt now begins there: nobody listens yet.
        let from = reading.from.unwrap_or(history.newest);
        let merged = merge(from, history, waiting, reading.before);
        let window = state.window.get_or_insert_with(|| Window::new(from, self.window_bytes));
        let mut sent = Sent::default();
        if let Some(reason) = merged.gap {
            // `at` is where the channel stands behind the events that follow the gap.
            let following = merged.events.iter().filter(|e| e.tracked.is_some()).count() as u64;
            let resumes = Position { offset: merged.at.offset - following, epoch: merged.at.epoch };
            window.reset(resumes);
            let last_event_id = Some(resumes.event_id());
            let frame = self.shared(&Event::Gap { reason, last_event_id });
            let told = self.send(&mut state, Kind::Control, None, &frame);
            sent.gaps += told.delivered;
            sent.stopped += told.stopped;
        }
        for event in merged.events {
            sent += self.deliver(&mut state, &event);
        }
        let more = merged.more || again;
        if more {
            let mut catching_up = CatchingUp::default();
            for event in merged.rest {
                catching_up.keep(event, self.window_bytes);
            }
            state.catching_up = Some(catching_up);
        }
        drop(state);
        self.readiness.send_replace(Readiness::Ready);
        CaughtUp { sent, more }
    }

    /// Takes the state of a `State` feed that was read.
    pub(super) fn read_state(&self, payload: bytes::Bytes) -> CaughtUp {
        let mut state = self.state();
        let mut sent = Sent::default();
        if state.catching_up.take().is_some() {
            sent = self.deliver(&mut state, &Publication { tracked: None, payload });
        }
        drop(state);
        self.readiness.send_replace(Readiness::Ready);
        CaughtUp { sent, more: false }
    }

    /// Reading failed, and is not tried again before something happens.
    pub(super) fn failed(&self, reason: BrokerUnavailable) -> Sent {
        let mut state = self.state();
        let mut sent = Sent::default();
        for event in state.catching_up.take().unwrap_or_default().waiting {
            // The others are in the history: whoever begins again reads from where the channel stands.
            if event.tracked.is_none() {
                sent += self.deliver(&mut state, &event);
            }
        }
        drop(state);
        self.readiness.send_if_modified(|readiness| {
            let asked = *readiness == Readiness::Asked;
            if asked {
                *readiness = Readiness::Failed(reason);
            }
            asked
        });
        sent
    }

    /// Keeps events that stand right before those at hand, as far as there is room.
    pub(super) fn adopt(&self, epoch: uuid::Uuid, events: &[(u64, Option<Frame>)]) {
        let mut state = self.state();
        let Some(window) = &mut state.window else { return };
        if window.newest().epoch != epoch {
            return;
        }
        for (offset, frame) in events.iter().rev() {
            let bytes = frame.as_ref().map_or(0, Frame::bytes);
            if *offset <= window.start() && !window.push_front(*offset, frame.clone(), bytes) {
                return;
            }
        }
    }

    // --- Bytes ---

    /// Checks a payload and encodes it with the shared id.
    pub(super) fn event(&self, publication: &Publication) -> Result<Frame, PayloadFault> {
        let payload = &publication.payload;
        if payload.len() > self.max_payload_bytes {
            return Err(PayloadFault::too_large(self.max_payload_bytes));
        }
        Ok(Frame::new(
            self.procedure,
            self.shared_id,
            &Event::Data {
                id: publication.tracked.map(|tracked| tracked.position.event_id()),
                published_at: publication.tracked.map(|tracked| tracked.published_at_ms),
                instance: self.instance.clone(),
                data: (self.decode)(payload)?,
            },
        ))
    }

    /// Encodes an event that is no data.
    pub(super) fn encode(&self, id: SubscriptionId, event: &Event<()>) -> Frame {
        Frame::new(self.procedure, id, event)
    }

    /// A frame with the shared id, as the subscription `id` gets it.
    pub(super) fn addressed(&self, frame: &Frame, id: SubscriptionId) -> Frame {
        if id == self.shared_id { frame.clone() } else { frame.with_id(self.procedure, id) }
    }

    fn shared(&self, event: &Event<()>) -> Frame {
        self.encode(self.shared_id, event)
    }

    /// Moves the channel on by one event, and hands it to every subscriber.
    fn deliver(&self, state: &mut State, publication: &Publication) -> Sent {
        let event = self.event(publication);
        if let Err(fault) = &event {
            tracing::warn!(
                channel = %self.key,
                payload_bytes = publication.payload.len(),
                path = %fault.path,
                fault = %fault.reason,
                "a payload does not fit its channel's type and was not sent to anyone"
            );
        }
        let frame = event.ok();
        let position = publication.tracked.map(|tracked| tracked.position);
        if let (Some(_), Some(window)) = (position, &mut state.window) {
            window.push(frame.clone(), frame.as_ref().map_or(0, Frame::bytes));
        }
        let Some(frame) = frame else { return Sent { rejected: 1, ..Sent::default() } };
        if self.feed == Feed::State {
            state.newest = Some(frame.clone());
        }
        let sent = self.send(state, Kind::Data, position, &frame);
        Sent { events: 1, ..sent }
    }

    /// Hands a frame to every subscriber that does not have it. One that has no room for it is stopped.
    fn send(&self, state: &mut State, kind: Kind, at: Option<Position>, frame: &Frame) -> Sent {
        let mut sent = Sent::default();
        let mut full = Vec::new();
        for (place, subscriber) in &state.subscribers {
            if let (Some(at), Some(has)) = (at, subscriber.has)
                && at.epoch == has.epoch
                && at.offset <= has.offset
            {
                continue;
            }
            match subscriber.backlog.push(kind, self.addressed(frame, subscriber.id)) {
                Pushed::Taken => sent.delivered += 1,
                Pushed::Full => full.push(*place),
                // Its connection has closed; its seat is about to be given back.
                Pushed::Gone => {}
            }
        }
        for place in full {
            if let Some(Subscriber { id, backlog, .. }) = state.subscribers.swap_remove(&place) {
                let reason = StopReason::SlowConsumer;
                let stopped = Event::Stopped { reason, retry_after_ms: None };
                backlog.close_with(self.encode(id, &stopped));
                sent.stopped += 1;
            }
        }
        sent
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CatchingUp {
    /// Keeps what came. What there is no room for comes back when it is in no history.
    fn keep(&mut self, publication: Publication, limit: usize) -> Option<Publication> {
        let bytes = publication.payload.len();
        if self.bytes + bytes <= limit {
            self.bytes += bytes;
            self.waiting.push(publication);
            return None;
        }
        self.again = true;
        publication.tracked.is_none().then_some(publication)
    }
}

impl std::ops::AddAssign for Sent {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.delivered += other.delivered;
        self.rejected += other.rejected;
        self.stopped += other.stopped;
        self.gaps += other.gaps;
    }
}
