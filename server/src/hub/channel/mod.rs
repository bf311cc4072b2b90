//! One channel of the hub: who listens, where it stands, and how an event becomes bytes.
//!
//! A channel with a `Log` feed always stands at some [`Position`]; it delivers the next event only when that
//! is the next. When it cannot know (it is new, an offset is missing, the broker was away) it is catching up:
//! what comes waits until the history has been read (`catch_up.rs`).
//!
//! `events.rs` is what happens to an event that comes; `catching_up.rs`, what happens when it cannot be placed.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use indexmap::IndexMap;
use tidings_schema::{BrokerStatus, Event, Feed, GapReason, Subscription, SubscriptionId};
use tokio::sync::watch;

use super::{
    page::Pages,
    payload::{Decode, decode},
    window::Window,
};
use crate::{
    broker::{BrokerUnavailable, ChannelKey, Position},
    socket::{Backlog, Frame, Kind},
};

mod catching_up;
mod events;

use catching_up::CatchingUp;
#[cfg(test)]
pub(super) use catching_up::Reading;
pub(super) use events::{Received, Sent};

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
        if let Some(window) = &state.window {
            // Of another epoch: one of the two has not heard of the newer one yet.
            let here = window.newest().epoch == cursor.epoch;
            let missed = here.then(|| window.since(cursor.offset)).flatten();
            let Some(missed) = missed else { return Err(subscriber) };
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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
