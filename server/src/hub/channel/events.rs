//! What happens to an event that comes: it is placed, checked, encoded, and handed to every subscriber.

use tidings_schema::{BrokerStatus, Event, Feed, StopReason};

use super::{CatchingUp, HubChannel, State, Subscriber};
use crate::{
    broker::{Position, Publication},
    hub::{payload::PayloadFault, window::Window},
    resume::{Arrival, arrival},
    socket::{Frame, Kind, Pushed},
};

/// What an event costs that is kept without its payload.
pub(super) const ENTRY_BYTES: usize = 64;

/// What became of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::hub) struct Sent {
    pub(in crate::hub) events: u64,
    pub(in crate::hub) delivered: u64,
    /// Payloads that did not fit.
    pub(in crate::hub) rejected: u64,
    /// Subscribers that had no room, and were stopped.
    pub(in crate::hub) stopped: u64,
    /// Subscribers that were told of a gap.
    pub(in crate::hub) gaps: u64,
}

/// What has to be done about an event that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hub) enum Received {
    Done(Sent),
    /// The channel has to catch up, and nobody is at it yet.
    Behind,
}

impl HubChannel {
    /// Takes what the broker sent.
    pub(in crate::hub) fn receive(&self, publication: Publication) -> Received {
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
    pub(in crate::hub) fn broker_status(&self, broker: BrokerStatus) -> Sent {
        let mut state = self.state();
        state.broker = broker;
        self.send(&mut state, Kind::Control, None, &self.shared(&Event::Status { broker }))
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
                id: publication.tracked.map(|tracked| tracked.position.event_id()),
                published_at: publication.tracked.map(|tracked| tracked.published_at_ms),
                instance: self.instance.clone(),
                data: (self.decode)(payload)?,
            },
        ))
    }

    /// Moves the channel on by one event, and hands it to every subscriber.
    pub(super) fn deliver(&self, state: &mut State, publication: &Publication) -> Sent {
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
        let Some(frame) = frame else { return Sent { rejected: 1, ..Sent::default() } };
        if self.feed == Feed::State {
            state.newest = Some(frame.clone());
        }
        let sent = self.send(state, Kind::Data, position, &frame);
        Sent { events: 1, ..sent }
    }

    /// Hands a frame to every subscriber that does not have it. One that has no room for it is stopped.
    pub(super) fn send(
        &self,
        state: &mut State,
        kind: Kind,
        at: Option<Position>,
        frame: &Frame,
    ) -> Sent {
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
