//! What happens to an event that arrives: it is placed, checked, encoded, and put on its way to the subscribers.

use std::sync::{Arc, atomic::Ordering};

use tidings_contract::{BrokerStatus, Event, GapReason};
use tokio::time::Instant;

use super::{CatchingUp, HubChannel, Newest, Pending, State};
use crate::{
    broker::{Missed, Position, Publication},
    hub::{
        payload::{PayloadFault, check},
        window::Window,
    },
    log_limit::bounded,
    resume::{Arrival, arrival},
    socket::Frame,
};

/// What an event in the window costs besides its frame.
pub(super) const ENTRY_BYTES: usize = 256;

/// What became of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::hub) struct Sent {
    pub(in crate::hub) events: u64,
    /// Payloads that did not fit.
    pub(in crate::hub) rejected: u64,
}

/// What became of events that arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::hub) struct Received {
    pub(in crate::hub) sent: Sent,
    /// The channel has begun to catch up, and nobody reads yet.
    pub(in crate::hub) behind: bool,
}

impl HubChannel {
    /// Takes what the broker sent.
    pub(in crate::hub) fn receive(
        self: &Arc<Self>,
        publications: &[Publication],
        missed: Missed,
    ) -> Received {
        let mut state = self.state();
        let (mut pending, mut received) = (Pending::default(), Received::default());
        for publication in publications {
            self.place(&mut state, publication, &mut pending, &mut received);
        }
        let is_log = self.procedure.feed.is_resumable();
        // Of a `State` or `Members` feed, the newest is read again, whatever was dropped.
        if missed.kept || missed.lost > 0 && !is_log {
            self.fall_behind(&mut state, &mut received);
        }
        if missed.lost > 0 && is_log {
            let reason = GapReason::HistoryTrimmed;
            // Without a position: what was lost has none, and a client may be ahead of this replica.
            pending.gap(None, self.shared(&Event::Gap { reason, last_event_id: None }));
        }
        self.send(&mut state, pending);
        self.enter_budget(&mut state);
        received
    }

    fn place(
        &self,
        state: &mut State,
        publication: &Publication,
        pending: &mut Pending,
        received: &mut Received,
    ) {
        if !self.procedure.feed.is_resumable() {
            if self.is_outdated(state, publication) {
                return;
            }
            // The broker delivers in order, so this event is newer than any value being read.
            state.catching_up = None;
            received.sent += self.deliver(state, publication, pending);
            return;
        }
        let at = self.position(state);
        let arrival = match (publication.tracked, at) {
            (None, _) => Arrival::Next,
            (Some(_), None) => Arrival::Ahead,
            // The reading under way may not have seen it.
            (Some(_), _) if state.catching_up.is_some() => Arrival::Ahead,
            (Some(tracked), Some(at)) => arrival(at, tracked),
        };
        match arrival {
            Arrival::Next => received.sent += self.deliver(state, publication, pending),
            Arrival::Seen => {}
            // Nothing was missed since the channel was looked at, unless the broker was away.
            Arrival::First if state.broker == BrokerStatus::Up => {
                if let Some(tracked) = publication.tracked {
                    self.move_to(state, Position { offset: 0, ..tracked.position });
                }
                received.sent += self.deliver(state, publication, pending);
            }
            Arrival::First | Arrival::Ahead => self.fall_behind(state, received),
        }
    }

    fn fall_behind(&self, state: &mut State, received: &mut Received) {
        match &mut state.catching_up {
            Some(catching_up) => catching_up.again = true,
            None => {
                state.catching_up = Some(CatchingUp::default());
                received.behind = true;
            }
        }
    }

    /// Whether a `State` feed has a newer value already.
    fn is_outdated(&self, state: &State, publication: &Publication) -> bool {
        let newest = state.newest.as_ref().and_then(|newest| newest.position);
        let (Some(newest), Some(tracked)) = (newest, publication.tracked) else { return false };
        newest.epoch == tracked.position.epoch && newest.offset >= tracked.position.offset
    }

    /// Tells every subscriber, also those to come, that the broker is down.
    pub(in crate::hub) fn broker_down(&self) {
        let mut state = self.state();
        if state.broker == BrokerStatus::Up {
            self.tell(&mut state, BrokerStatus::Down);
        }
    }

    pub(super) fn tell(&self, state: &mut State, broker: BrokerStatus) {
        state.broker = broker;
        let mut pending = Pending::default();
        pending.other(self.shared(&Event::Status { broker }));
        self.send(state, pending);
    }

    /// Checks a payload and encodes it with the shared id.
    pub(super) fn event(&self, publication: &Publication) -> Result<Frame, PayloadFault> {
        let payload = &publication.payload;
        let limit = self.procedure.options.max_payload_bytes;
        if payload.len() > limit {
            return Err(PayloadFault::too_large(limit));
        }
        let data = check(self.procedure.decode, payload)?;
        // The type may write more than was published, such as members that were left out.
        if data.get().len() > limit {
            return Err(PayloadFault::too_large(limit));
        }
        let id = publication
            .tracked
            .filter(|_| self.procedure.feed.is_resumable())
            .map(|tracked| tracked.position.event_id());
        Ok(Frame::new(
            self.procedure.name,
            self.shared_id,
            &Event::Data {
                id,
                published_at: publication.tracked.map(|tracked| tracked.published_at_ms),
                instance: self.procedure.options.instance.clone(),
                data,
            },
        ))
    }

    /// The event as subscribers get it, and whether it fits the channel's type. A gap takes the place of one that does not
    /// fit, where it has a position.
    pub(in crate::hub) fn frame(&self, publication: &Publication) -> (Option<Frame>, bool) {
        let fault = match self.event(publication) {
            Ok(frame) => return (Some(frame), true),
            Err(fault) => fault,
        };
        bounded!(
            warn,
            channel = %self.key,
            event_id = publication.tracked.map(|tracked| tracked.position.to_string()),
            published_at_ms = publication.tracked.map(|tracked| tracked.published_at_ms),
            payload_bytes = publication.payload.len(),
            pointer = fault.path.pointer(),
            reason = fault.reason,
            "a payload does not fit its channel's type and is left out"
        );
        let tracked = publication.tracked.filter(|_| self.procedure.feed.is_resumable());
        let gap = tracked.map(|tracked| {
            let last_event_id = Some(tracked.position.event_id());
            self.shared(&Event::Gap { reason: GapReason::PayloadRejected, last_event_id })
        });
        (gap, false)
    }

    /// Moves the channel on by one event, and adds it to what will be sent.
    pub(super) fn deliver(
        &self,
        state: &mut State,
        publication: &Publication,
        pending: &mut Pending,
    ) -> Sent {
        let (frame, fits) = self.frame(publication);
        let sent = Sent { events: u64::from(fits), rejected: u64::from(!fits) };
        let Some(frame) = frame else { return sent };
        let position = publication.tracked.map(|tracked| tracked.position);
        if let (Some(_), Some(window)) = (position, &mut state.window) {
            let before = window.bytes();
            let limit = self.procedure.options.window_bytes;
            window.push(frame.clone(), frame.bytes() + ENTRY_BYTES, limit);
            let now = window.bytes();
            self.procedure.window_budget.resized(before, now);
            self.used.store(true, Ordering::Relaxed);
        }
        if !fits {
            pending.gap(position, frame);
        } else if self.procedure.feed.is_resumable() {
            pending.event(position, frame);
        } else {
            let at = Instant::now();
            let retention = self.procedure.state_retention;
            let expires_at = retention.and_then(|retention| at.checked_add(retention));
            let newest = Newest { position, frame: frame.clone(), at, expires_at };
            state.newest = Some(Box::new(newest));
            pending.state(frame);
        }
        if pending.is_full() {
            self.send(state, std::mem::take(pending));
        }
        sent
    }

    /// The position of a `Log` channel, if it is known.
    fn position(&self, state: &State) -> Option<Position> {
        state.window.as_ref().map(Window::newest)
    }
}

impl std::ops::AddAssign for Sent {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.rejected += other.rejected;
    }
}
