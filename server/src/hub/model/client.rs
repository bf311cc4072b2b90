//! A client that checks what it is sent.

use std::sync::Arc;

use serde_json::Value;
use tidings_contract::{Event, EventId, GapReason};

use super::ModelBroker;
use crate::{
    broker::Position,
    hub::channel::Place,
    socket::{Claim, Tape},
};

/// A client that checks what it is sent.
pub(super) struct Client {
    pub(super) tape: Arc<Tape>,
    pub(super) claim: Claim,
    pub(super) place: Place,
    pub(super) cursor: Position,
    /// How many events it has, or was told that it does not get.
    pub(super) count: usize,
    pub(super) gaps: usize,
}

impl Client {
    pub(super) fn read(&mut self, broker: &ModelBroker) {
        for message in self.tape.messages() {
            assert_eq!(message["params"]["subscription"], self.claim.id.0);
            self.take(message, broker);
        }
    }

    pub(super) fn take(&mut self, mut message: Value, broker: &ModelBroker) {
        let event = message["params"]["result"].take();
        let event: Event<Value> = serde_json::from_value(event).unwrap();
        let position = |id: EventId| id.as_str().parse::<Position>().unwrap();
        match event {
            Event::Data { id: Some(id), .. } => self.goes_on_to(position(id), broker),
            Event::Gap { reason: GapReason::PayloadRejected, last_event_id: Some(id) } => {
                self.goes_on_to(position(id), broker);
            }
            Event::Started { last_event_id: Some(id), .. } => self.begins_at(position(id), broker),
            Event::Gap { last_event_id: Some(id), .. } => {
                self.begins_at(position(id), broker);
                self.gaps += 1;
            }
            // Plain events were dropped: the cursor stays.
            Event::Gap { reason: GapReason::HistoryTrimmed, last_event_id: None } => self.gaps += 1,
            Event::Data { id: None, .. } | Event::Status { .. } => {}
            // A plain event that does not fit.
            other => panic!("{other:?}"),
        }
    }

    fn goes_on_to(&mut self, position: Position, broker: &ModelBroker) {
        let next = broker.published.get(self.count);
        assert_eq!(Some(&position), next, "after {}, {} of all", self.cursor, self.count);
        (self.cursor, self.count) = (position, self.count + 1);
    }

    fn begins_at(&mut self, position: Position, broker: &ModelBroker) {
        (self.cursor, self.count) = (position, broker.count_at(position));
    }
}
