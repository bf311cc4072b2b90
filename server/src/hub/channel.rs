//! One channel of the hub: who listens, and how an event becomes bytes.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use indexmap::IndexMap;
use serde::Serialize;
use tidings_schema::{BrokerStatus, Event, Notification, StopReason, Subscription, SubscriptionId};

use super::payload::{Decode, decode};
use crate::{
    broker::ChannelKey,
    socket::{Backlog, Frame, Pushed},
};

/// One subscription, as the hub sees it.
#[derive(Debug)]
pub struct Subscriber {
    /// What its events bear.
    pub id: SubscriptionId,
    /// Where its events go.
    pub backlog: Backlog,
}

#[derive(Debug)]
pub(super) struct HubChannel {
    pub(super) key: ChannelKey,
    pub(super) shared_id: SubscriptionId,
    pub(super) decode: Decode,
    procedure: &'static str,
    next_place: AtomicU64,
    /// Held while an event is handed to every subscriber, which keeps the order; never over an await.
    listeners: Mutex<Listeners>,
}

/// Names a subscriber within its channel; subscription ids are shared between connections.
pub(super) type Place = u64;

#[derive(Debug)]
struct Listeners {
    /// Dense for the fan-out, and quick to leave.
    subscribers: IndexMap<Place, Subscriber>,
    broker: BrokerStatus,
}

/// What became of one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) delivered: u64,
    /// Subscribers that had no room for it, and were stopped.
    pub(super) stopped: u64,
}

impl HubChannel {
    pub(super) fn new<P: Subscription>(
        key: ChannelKey,
        shared_id: SubscriptionId,
        broker: BrokerStatus,
    ) -> Self {
        Self {
            key,
            shared_id,
            decode: decode::<P>,
            procedure: P::NAME,
            next_place: AtomicU64::new(0),
            listeners: Mutex::new(Listeners { subscribers: IndexMap::new(), broker }),
        }
    }

    /// Adds a subscriber, whose first event is `started`.
    pub(super) fn add(&self, subscriber: Subscriber, started: &Event<()>) -> Place {
        let place = self.next_place.fetch_add(1, Ordering::Relaxed);
        let mut listeners = self.listeners();
        // A new backlog has room for these two, or its reader is gone already.
        let _ = subscriber.backlog.push(self.encode(subscriber.id, started));
        if listeners.broker == BrokerStatus::Down {
            let status = Event::<()>::Status { broker: BrokerStatus::Down };
            let _ = subscriber.backlog.push(self.encode(subscriber.id, &status));
        }
        listeners.subscribers.insert(place, subscriber);
        place
    }

    /// Removes a subscriber, unless it has been stopped already.
    pub(super) fn remove(&self, place: Place) {
        self.listeners().subscribers.swap_remove(&place);
    }

    /// Hands an event to every subscriber. One that has no room for it is stopped.
    pub(super) fn send<T: Serialize>(&self, event: &Event<T>) -> Sent {
        self.send_to(&mut self.listeners(), event)
    }

    /// Tells every subscriber, also those to come, how the broker is.
    pub(super) fn broker_status(&self, broker: BrokerStatus) -> Sent {
        let mut listeners = self.listeners();
        listeners.broker = broker;
        self.send_to(&mut listeners, &Event::<()>::Status { broker })
    }

    /// Ends every subscription with an event made for each.
    pub(super) fn stop_all(&self, stopped: impl Fn() -> Event<()>) {
        for (_, Subscriber { id, backlog }) in self.listeners().subscribers.drain(..) {
            backlog.close_with(self.encode(id, &stopped()));
        }
    }

    fn send_to<T: Serialize>(&self, listeners: &mut Listeners, event: &Event<T>) -> Sent {
        let shared = self.encode(self.shared_id, event);
        let mut sent = Sent::default();
        let mut full = Vec::new();
        for (place, subscriber) in &listeners.subscribers {
            let own = subscriber.id != self.shared_id;
            let frame = if own { self.encode(subscriber.id, event) } else { shared.clone() };
            match subscriber.backlog.push(frame) {
                Pushed::Taken => sent.delivered += 1,
                Pushed::Full => full.push(*place),
                // Its connection has closed; its seat is about to be given back.
                Pushed::Gone => {}
            }
        }
        for place in full {
            if let Some(Subscriber { id, backlog }) = listeners.subscribers.swap_remove(&place) {
                let reason = StopReason::SlowConsumer;
                let stopped = Event::<()>::Stopped { reason, retry_after_ms: None };
                backlog.close_with(self.encode(id, &stopped));
                sent.stopped += 1;
            }
        }
        sent
    }

    fn encode<T: Serialize>(&self, id: SubscriptionId, event: &Event<T>) -> Frame {
        Frame::new(&Notification::new(self.procedure, id, event))
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
