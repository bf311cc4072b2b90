//! A message to clients, encoded once and shared by all who get it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tidings_schema::{Event, Notification, SubscriptionId};

/// An encoded event of a subscription. Cloning shares the bytes.
#[derive(Clone, Debug)]
pub struct Frame {
    message: Arc<RawValue>,
    /// The event is the message's last member: this many bytes before [`END`].
    event_bytes: usize,
}

/// What closes a notification behind its event.
const END: &str = "}}";

impl Frame {
    /// Encodes an event of the subscription `id` of a procedure.
    ///
    /// # Panics
    ///
    /// When the event cannot be written as JSON, which plain data always can.
    pub fn new<T: Serialize>(procedure: &str, id: SubscriptionId, event: &Event<T>) -> Self {
        let event = to_raw_value(event).expect("an event is plain data");
        Self::of(procedure, id, &event)
    }

    /// The same event for another subscription.
    ///
    /// # Panics
    ///
    /// Never: what was encoded is JSON.
    #[must_use]
    pub fn with_id(&self, procedure: &str, id: SubscriptionId) -> Self {
        let message = self.message.get();
        let end = message.len() - END.len();
        let event = &message[end - self.event_bytes..end];
        Self::of(procedure, id, serde_json::from_str(event).expect("it was JSON before"))
    }

    fn of(procedure: &str, id: SubscriptionId, event: &RawValue) -> Self {
        let message = to_raw_value(&Notification::new(procedure, id, event));
        let message = message.expect("a notification is plain data").into();
        Self { message, event_bytes: event.get().len() }
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> usize {
        self.message.get().len()
    }

    /// The message as jsonrpsee takes it: a copy.
    pub fn to_raw(&self) -> Box<RawValue> {
        (*self.message).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use tidings_schema::{BrokerStatus, OnUpdates, Subscription};

    use super::*;

    #[test]
    fn the_same_event_for_another_subscription_differs_in_nothing_else() {
        let event = Event::<()>::Status { broker: BrokerStatus::Up };
        let one = Frame::new(OnUpdates::NAME, SubscriptionId(1), &event);
        let other = Frame::new(OnUpdates::NAME, SubscriptionId(12345), &event);
        assert_eq!(
            one.to_raw().get(),
            r#"{"jsonrpc":"2.0","method":"onUpdates","params":{"subscription":1,"result":{"type":"status","broker":"up"}}}"#
        );
        let again = one.with_id(OnUpdates::NAME, SubscriptionId(12345));
        assert_eq!(again.to_raw().get(), other.to_raw().get());
    }
}
