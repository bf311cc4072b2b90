//! What happens when it is not known where a channel stands: what comes waits, until the history was read.

use tidings_contract::Event;
use tokio::time::Instant;

use super::{HubChannel, Pending, Readiness, Sent, State, events::ENTRY_BYTES};
use crate::{
    broker::{BrokerUnavailable, History, Kept, Position, Publication},
    hub::window::Window,
    resume::merge,
    socket::Frame,
};

/// What a channel keeps while it is catching up.
#[derive(Debug, Default)]
pub(super) struct CatchingUp {
    /// What came meanwhile. Bounded like the window: what does not fit is in the history, too.
    waiting: Vec<Publication>,
    bytes: usize,
    /// Something happened that the reading under way may not have seen.
    again: bool,
    /// The reading of the newest event that is under way. `Log` feeds do not count them.
    reading: u64,
}

/// How a reading of the history left the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hub) struct CaughtUp {
    pub(in crate::hub) sent: Sent,
    /// The history has to be read again.
    pub(in crate::hub) more: bool,
}

/// What to read for a channel that is catching up.
#[derive(Clone, Copy, Debug)]
pub(in crate::hub) struct Reading {
    /// Where the channel stands. Absent when that is to be learnt.
    pub(in crate::hub) from: Option<Position>,
    /// How much of what waits came before the reading.
    pub(in crate::hub) before: usize,
}

impl HubChannel {
    /// Begins to catch up. False when that is under way: then it will look once more.
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

    /// Says what to read.
    pub(in crate::hub) fn reading(&self) -> Reading {
        let mut state = self.state();
        let from = state.window.as_ref().map(Window::newest);
        let catching_up = state.catching_up.get_or_insert_default();
        catching_up.again = false;
        Reading { from, before: catching_up.waiting.len() }
    }

    /// Takes what was read.
    pub(in crate::hub) fn read(&self, reading: Reading, history: &History) -> CaughtUp {
        let mut state = self.state();
        let CatchingUp { waiting, again, .. } = state.catching_up.take().unwrap_or_default();
        // A channel whose place is learnt now begins there: nobody listens yet.
        let from = reading.from.unwrap_or(history.newest);
        let merged = merge(from, history, waiting, reading.before);
        let window = state.window.get_or_insert_with(|| Window::new(from, self.window_bytes));
        let (mut sent, mut pending) = (Sent::default(), Pending::default());
        if let Some(reason) = merged.gap {
            // `at` is where the channel stands behind the events that follow the gap.
            let following = merged.events.iter().filter(|e| e.tracked.is_some()).count() as u64;
            let resumes = Position { offset: merged.at.offset - following, epoch: merged.at.epoch };
            window.reset(resumes);
            let last_event_id = Some(resumes.event_id());
            pending.gap(self.shared(&Event::Gap { reason, last_event_id }));
        }
        for event in merged.events {
            sent += self.deliver(&mut state, &event, &mut pending);
        }
        self.send(&mut state, pending);
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

    /// Marks the start of a read of the newest event of a `State` or `Members` feed, and returns the read's number.
    pub(in crate::hub) fn reading_newest(&self) -> u64 {
        let mut state = self.state();
        state.readings += 1;
        let reading = state.readings;
        let catching_up = state.catching_up.get_or_insert_default();
        (catching_up.again, catching_up.reading) = (false, reading);
        reading
    }

    /// Delivers the event that was read of a `State` or `Members` feed, unless a newer one arrived during the read or
    /// subscribers already have it.
    pub(in crate::hub) fn read_newest(&self, reading: u64, read: Option<Kept>) -> CaughtUp {
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
            if more {
                state.catching_up = Some(CatchingUp::default());
            }
        }
        drop(state);
        self.readiness.send_replace(Readiness::Ready);
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

    /// Reading failed, and is not tried again before something happens. Unless something just has: then
    /// nothing is changed, and it goes on.
    pub(in crate::hub) fn failed(&self, reason: BrokerUnavailable) -> Option<Sent> {
        let mut state = self.state();
        if let Some(catching_up) = &mut state.catching_up
            && std::mem::take(&mut catching_up.again)
        {
            return None;
        }
        let (mut sent, mut pending) = (Sent::default(), Pending::default());
        for event in state.catching_up.take().unwrap_or_default().waiting {
            // The others are in the history: whoever begins again reads from where the channel stands.
            if event.tracked.is_none() {
                sent += self.deliver(&mut state, &event, &mut pending);
            }
        }
        self.send(&mut state, pending);
        drop(state);
        self.readiness.send_if_modified(|readiness| {
            let asked = *readiness == Readiness::Asked;
            if asked {
                *readiness = Readiness::Failed(reason);
            }
            asked
        });
        Some(sent)
    }

    /// Keeps events that stand right before those at hand, as far as there is room.
    pub(in crate::hub) fn adopt(&self, epoch: uuid::Uuid, events: &[(u64, Option<Frame>)]) {
        let mut state = self.state();
        let Some(window) = &mut state.window else { return };
        if window.newest().epoch != epoch {
            return;
        }
        for (offset, frame) in events.iter().rev() {
            let bytes = frame.as_ref().map_or(ENTRY_BYTES, Frame::bytes);
            if *offset <= window.start() && !window.push_front(*offset, frame.clone(), bytes) {
                return;
            }
        }
    }
}

impl CatchingUp {
    /// Keeps what came. What there is no room for comes back when it is in no history.
    pub(super) fn keep(&mut self, publication: Publication, limit: usize) -> Option<Publication> {
        let bytes = publication.payload.len() + ENTRY_BYTES;
        if self.bytes + bytes <= limit {
            self.bytes += bytes;
            self.waiting.push(publication);
            return None;
        }
        self.again = true;
        publication.tracked.is_none().then_some(publication)
    }
}
