//! What happens to an event that comes: it is placed, checked, encoded, and put on its way to the subscribers.

use tidings_contract::{BrokerStatus, Event};
use tokio::time::Instant;

use super::{CatchingUp, HubChannel, Newest, Pending, State};
use crate::{
    broker::Publication,
    hub::{payload::PayloadFault, window::Window},
    resume::{Arrival, arrival},
    socket::Frame,
};

/// What an event costs that is kept without its payload.
pub(super) const ENTRY_BYTES: usize = 64;

/// What became of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::hub) struct Sent {
    pub(in crate::hub) events: u64,
    /// Payloads that did not fit.
    pub(in crate::hub) rejected: u64,
}

/// What became of events that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::hub) struct Received {
    pub(in crate::hub) sent: Sent,
    /// The channel has to catch up, and nobody is at it yet.
    pub(in crate::hub) behind: bool,
}

impl HubChannel {
    /// Takes what the broker sent.
    pub(in crate::hub) fn receive(
        &self,
        publications: impl IntoIterator<Item = Publication>,
    ) -> Received {
        let mut state = self.state();
        let (mut pending, mut received) = (Pending::default(), Received::default());
        for publication in publications {
            self.place(&mut state, publication, &mut pending, &mut received);
        }
        self.send(&mut state, pending);
        received
    }

    fn place(
        &self,
        state: &mut State,
        publication: Publication,
        pending: &mut Pending,
        received: &mut Received,
    ) {
        if !self.feed.is_resumable() {
            // The broker delivers in order, so this event is newer than any value being read.
            state.catching_up = None;
            received.sent += self.deliver(state, &publication, pending);
            return;
        }
        if let Some(catching_up) = &mut state.catching_up {
            if let Some(past) = catching_up.keep(publication, self.window_bytes) {
                received.sent += self.deliver(state, &past, pending);
            }
            return;
        }
        let at = state.window.as_ref().map(Window::newest);
        let arrival = match (publication.tracked, at) {
            (None, _) => Arrival::Next,
            (Some(tracked), Some(at)) => arrival(at, tracked),
            (Some(_), None) => Arrival::Ahead,
        };
        match arrival {
            Arrival::Next => received.sent += self.deliver(state, &publication, pending),
            Arrival::Seen => {}
            Arrival::Ahead => {
                let mut catching_up = CatchingUp::default();
                catching_up.keep(publication, self.window_bytes);
                state.catching_up = Some(catching_up);
                received.behind = true;
            }
        }
    }

    /// Tells every subscriber, also those to come, how the broker is.
    pub(in crate::hub) fn broker_status(&self, broker: BrokerStatus) {
        let mut state = self.state();
        state.broker = broker;
        let mut pending = Pending::default();
        pending.other(self.shared(&Event::Status { broker }));
        self.send(&mut state, pending);
    }

    /// Checks a payload and encodes it with the shared id.
    pub(in crate::hub) fn event(&self, publication: &Publication) -> Result<Frame, PayloadFault> {
        let payload = &publication.payload;
        if payload.len() > self.max_payload_bytes {
            return Err(PayloadFault::too_large(self.max_payload_bytes));
        }
        Ok(Frame::new(
            self.procedure,
            self.shared_id,
            &Event::Data {
                id: publication
                    .tracked
                    .filter(|_| self.feed.is_resumable())
                    .map(|tracked| tracked.position.event_id()),
                published_at: publication.tracked.map(|tracked| tracked.published_at_ms),
                instance: self.instance.clone(),
                data: (self.decode)(payload)?,
            },
        ))
    }

    /// Moves the channel on by one event, and adds it to what will be sent.
    pub(super) fn deliver(
        &self,
        state: &mut State,
        publication: &Publication,
        pending: &mut Pending,
    ) -> Sent {
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
            window.push(frame.clone(), frame.as_ref().map_or(ENTRY_BYTES, Frame::bytes));
        }
        let Some(frame) = frame else { return Sent { events: 0, rejected: 1 } };
        if !self.feed.is_resumable() {
            let at = Instant::now();
            let expires_at = self.state_retention.and_then(|retention| at.checked_add(retention));
            state.newest = Some(Newest { position, frame: frame.clone(), at, expires_at });
            pending.state(frame);
        } else {
            pending.event(position, frame);
        }
        if pending.is_full() {
            self.send(state, std::mem::take(pending));
        }
        Sent { events: 1, rejected: 0 }
    }
}

impl std::ops::AddAssign for Sent {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.rejected += other.rejected;
    }
}
