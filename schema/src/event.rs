//! What a subscription sends.
//!
//! The vocabulary (offset and epoch, a gap that is said aloud) is Centrifugo's; the phases
//! `started … stopped` are tRPC's.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// One event of a subscription. `T` is the procedure's `Event` type.
///
/// `started` is always first. Within a channel, `data` arrives in publish order, each event at most
/// once, with none missing between two of them unless a `gap` stands between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event<T> {
    /// The subscription is live: every event published from now on will follow.
    Started {
        /// Whether the stream continues right after the client's `lastEventId`.
        resumed: bool,
        /// The newest event of the channel at this moment: where to resume from, should the connection end
        /// before anything else comes. Absent in a feed that has no history, and where `resumed` is true:
        /// what was missed is still to come then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "EventId")]
        last_event_id: Option<EventId>,
        /// The name of the replica that serves this subscription.
        instance: String,
    },
    /// A published event.
    Data {
        /// The event's id, to resume from. Absent in a feed that cannot be resumed, and for an event that was
        /// published outside Tidings' own publish path: such an event is live only, and a client keeps the id that it
        /// has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "EventId")]
        id: Option<EventId>,
        /// When it was published: milliseconds since 1970-01-01T00:00:00Z. Absent where the broker did not record it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "u64")]
        published_at: Option<u64>,
        /// The name of the replica that sent it.
        instance: String,
        /// The payload.
        data: T,
    },
    /// Events may be missing here. A client fetches its snapshot anew, and the stream goes on after `lastEventId`.
    Gap {
        /// Why they could not be sent.
        reason: GapReason,
        /// Where the stream goes on, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "EventId")]
        last_event_id: Option<EventId>,
    },
    /// The replica lost its broker, or has it back.
    Status {
        /// The broker's state from now on.
        broker: BrokerStatus,
    },
    /// The server ended the subscription. Nothing follows; the subscription id is void.
    Stopped {
        /// Why.
        reason: StopReason,
        /// How long to wait before subscribing again: milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "u64")]
        retry_after_ms: Option<u64>,
    },
}

/// The id of an event: opaque to clients, who hand it back as they got it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    /// The id as it goes over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for EventId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl JsonSchema for EventId {
    fn schema_name() -> Cow<'static, str> {
        "EventId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "description": "The id of an event: opaque, to be handed back as it came.",
            "type": "string",
        })
    }
}

/// Why events may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GapReason {
    /// What is missing is older than what the channel keeps.
    HistoryTrimmed,
    /// The channel's history was lost, and its counting began anew.
    EpochChanged,
    /// This channel has had no event with the client's `lastEventId`.
    UnknownPosition,
    /// An event was left out: its payload does not fit the channel's type, or is larger than the replica sends. It is the
    /// event with this gap's `lastEventId`.
    PayloadRejected,
}

/// Whether a replica can reach its broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BrokerStatus {
    /// Events flow.
    Up,
    /// No events flow until `up`. The subscription stays.
    Down,
}

/// Why the server ended a subscription. Every reason so far is one to subscribe again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StopReason {
    /// The replica is leaving: go to another one.
    Draining,
    /// The client did not read fast enough, and what waited for it grew beyond the replica's bound.
    SlowConsumer,
}
