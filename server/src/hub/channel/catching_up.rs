//! A channel that is catching up: it reads its history, while its events stay in the inbox.

use std::sync::Arc;

use tidings_contract::{BrokerStatus, Event};
use tokio::time::Instant;
use uuid::Uuid;

use super::{HubChannel, Pending, Readiness, Sent, State, events::ENTRY_BYTES};
use crate::{
    broker::{BrokerUnavailable, History, Kept, Position, Publication},
    hub::window::Window,
    resume::after,
    socket::Frame,
};

/// A channel that is catching up.
#[derive(Debug, Default)]
pub(super) struct CatchingUp {
    /// Something happened that the reading under way may not have seen.
    pub(super) again: bool,
    /// The reading of the newest event that is under way. `Log` feeds do not count them.
    reading: u32,
}

/// How a reading left the channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::hub) struct CaughtUp {
    pub(in crate::hub) sent: Sent,
    /// It has to be read again.
    pub(in crate::hub) more: bool,
}

impl HubChannel {
    /// Begins to catch up. False when that is under way: then it will read once more.
    pub(in crate::hub) fn begin(&self) -> bool {
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

    /// Whether it is catching up.
    pub(in crate::hub) fn is_catching_up(&self) -> bool {
        self.state().catching_up.is_some()
    }

    /// Marks the start of a reading of a `Log` channel, and returns its position. `None` while that is unknown.
    pub(in crate::hub) fn reading(&self) -> Option<Position> {
        let mut state = self.state();
        state.catching_up.get_or_insert_default().again = false;
        state.window.as_ref().map(Window::newest)
    }

    /// Takes a `Log` channel's position at the broker. Here it was at `from`. `None` when events may lie between: then the
    /// history has to be read.
    pub(in crate::hub) fn take_position(
        self: &Arc<Self>,
        from: Option<Position>,
        newest: Position,
    ) -> Option<CaughtUp> {
        let at = from.unwrap_or(newest);
        let events = Vec::new();
        if at.is_same_place(newest) {
            let history = History { newest: at, after: Some(at.offset), events };
            return Some(self.read(from, &history));
        }
        let may_follow = newest.epoch == at.epoch || at.is_void() && !newest.is_void();
        // Nothing in another epoch follows.
        (!may_follow).then(|| self.read(from, &History { newest, after: None, events }))
    }

    /// Delivers what follows `from` in the history of a `Log` channel.
    pub(in crate::hub) fn read(
        self: &Arc<Self>,
        from: Option<Position>,
        history: &History,
    ) -> CaughtUp {
        let mut state = self.state();
        let at = state.window.as_ref().map(Window::newest);
        if at.is_some() && at != from {
            // Another reading, begun before or after an outage, has moved the channel meanwhile.
            state.catching_up.get_or_insert_default();
            return CaughtUp { more: true, ..CaughtUp::default() };
        }
        let again = state.catching_up.take().is_some_and(|catching_up| catching_up.again);
        // A channel whose position is learnt now begins there: nobody listens yet.
        let from = from.unwrap_or(history.newest);
        state.window.get_or_insert_with(|| Window::new(from));
        let (mut sent, mut pending) = (Sent::default(), Pending::default());
        match after(history) {
            Ok(events) => {
                if let (Some(offset), false) = (history.after, events.is_empty())
                    && history.newest.epoch != from.epoch
                {
                    // Nothing had been published before these.
                    self.move_to(&mut state, Position { offset, ..history.newest });
                }
                for event in events {
                    sent += self.deliver(&mut state, event, &mut pending);
                }
            }
            Err(reason) => {
                self.move_to(&mut state, history.newest);
                let last_event_id = Some(history.newest.event_id());
                pending.gap(None, self.shared(&Event::Gap { reason, last_event_id }));
            }
        }
        self.send(&mut state, pending);
        self.enter_budget(&mut state);
        let at = state.window.as_ref().map_or(from, Window::newest);
        // The budget ended before the newest event.
        let unread = at.epoch == history.newest.epoch && at.offset < history.newest.offset;
        let more = unread || again;
        state.catching_up = more.then(CatchingUp::default);
        self.became(&mut state, Readiness::Ready);
        CaughtUp { sent, more }
    }

    /// Moves the window to another position, without events.
    pub(super) fn move_to(&self, state: &mut State, newest: Position) {
        if let Some(window) = &mut state.window {
            let before = window.bytes();
            window.reset(newest);
            self.procedure.window_budget.resized(before, 0);
        }
    }

    /// Marks the start of a read of the newest event of a `State` or `Members` feed, and returns the read's number.
    pub(in crate::hub) fn reading_newest(&self) -> u32 {
        let mut state = self.state();
        state.readings = state.readings.wrapping_add(1);
        let reading = state.readings;
        let catching_up = state.catching_up.get_or_insert_default();
        (catching_up.again, catching_up.reading) = (false, reading);
        reading
    }

    /// Delivers the event that was read of a `State` or `Members` feed, unless a newer one arrived during the read or
    /// subscribers already have it.
    pub(in crate::hub) fn read_newest(&self, reading: u32, read: Option<Kept>) -> CaughtUp {
        let mut state = self.state();
        let (mut sent, mut more) = (Sent::default(), false);
        // Another read may have started since, after a live event and an outage.
        let current = state.catching_up.take_if(|catching_up| catching_up.reading == reading);
        if let Some(catching_up) = current {
            // The broker reconnected during the read, so the value may be outdated.
            more = catching_up.again;
            if let Some(read) = read.filter(|read| !self.is_newest(&state, &read.publication)) {
                let mut pending = Pending::default();
                sent = self.deliver(&mut state, &read.publication, &mut pending);
                if let Some(newest) = state.newest.as_mut().filter(|_| sent.events > 0) {
                    newest.expires_at = Instant::now().checked_add(read.expires_in);
                }
                self.send(&mut state, pending);
            }
            state.catching_up = more.then(CatchingUp::default);
        }
        self.became(&mut state, Readiness::Ready);
        CaughtUp { sent, more }
    }

    /// Whether this event is the newest that subscribers have.
    fn is_newest(&self, state: &State, event: &Publication) -> bool {
        let Some(newest) = &state.newest else { return false };
        match event.tracked {
            Some(tracked) => newest.position == Some(tracked.position),
            None => self.event(event).is_ok_and(|frame| frame == newest.frame),
        }
    }

    /// Ends catching up, because reading failed and the broker is down: when it is up again, the channel begins again. False
    /// when it has just come up: then nothing is changed.
    pub(in crate::hub) fn failed(&self, reason: &BrokerUnavailable) -> bool {
        let mut state = self.state();
        if let Some(catching_up) = &mut state.catching_up
            && std::mem::take(&mut catching_up.again)
        {
            return false;
        }
        state.catching_up = None;
        self.fail(&mut state, reason);
        true
    }

    /// The broker refuses the subscription.
    pub(in crate::hub) fn refused(&self, reason: &BrokerUnavailable) {
        let mut state = self.state();
        state.catching_up = None;
        self.fail(&mut state, reason);
    }

    fn fail(&self, state: &mut State, reason: &BrokerUnavailable) {
        if state.readiness == Readiness::Opening {
            self.became(state, Readiness::Failed(reason.clone()));
        }
    }

    /// Takes in that the broker has confirmed the subscription. Returns whether subscribers were told that it is up again.
    pub(in crate::hub) fn subscribed(&self) -> bool {
        let mut state = self.state();
        let told = state.broker == BrokerStatus::Down;
        if told {
            self.tell(&mut state, BrokerStatus::Up);
        }
        told
    }

    /// Keeps events that stand right before the window's, as far as there is room.
    pub(in crate::hub) fn adopt(self: &Arc<Self>, epoch: Uuid, events: &[(u64, Frame)]) {
        let mut state = self.state();
        let limit = self.procedure.options.window_bytes;
        let Some(window) = state.window.as_mut().filter(|window| window.newest().epoch == epoch)
        else {
            return;
        };
        let before = window.bytes();
        for (offset, frame) in events.iter().rev() {
            let bytes = frame.bytes() + ENTRY_BYTES;
            if *offset <= window.start() && !window.push_front(*offset, frame.clone(), bytes, limit)
            {
                break;
            }
        }
        let now = window.bytes();
        self.procedure.window_budget.resized(before, now);
        self.enter_budget(&mut state);
    }
}
