//! An event of a subscription, and its text.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// An event of a subscription.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Event {
    Started { resumed: bool, instance: String, last_event_id: Option<String> },
    Data { id: Option<String>, instance: String, data: Value },
    Gap { reason: String, last_event_id: Option<String> },
    Status { broker: String },
    Stopped { reason: String, retry_after_ms: Option<u64> },
}

impl Event {
    /// Reads the event of a notification; `None` for a type that this program does not know.
    pub(crate) fn read(event: &Value) -> Option<Self> {
        Self::deserialize(event).ok()
    }

    /// The id to resume after, if the event has one.
    pub(crate) fn last_event_id(&self) -> Option<&str> {
        match self {
            Self::Started { last_event_id: id, .. }
            | Self::Data { id, .. }
            | Self::Gap { last_event_id: id, .. } => id.as_deref(),
            Self::Status { .. } | Self::Stopped { .. } => None,
        }
    }

    /// The least wait before subscribing again that the server asks for.
    pub(crate) fn retry_after(&self) -> Duration {
        match self {
            Self::Stopped { retry_after_ms, .. } => {
                Duration::from_millis(retry_after_ms.unwrap_or_default())
            }
            _ => Duration::ZERO,
        }
    }

    /// The line that `tail` prints. A payload follows the instance's name; every other line begins with `--`.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Started { resumed: true, instance, .. } => {
                format!("-- live on {instance}: goes on after the last event")
            }
            Self::Started { instance, .. } => format!("-- live on {instance}"),
            Self::Data { instance, data, .. } => format!("{instance}: {data}"),
            Self::Gap { reason, .. } => {
                format!("-- gap: events may be missing here, because {}", gap(reason))
            }
            Self::Status { broker } => match broker.as_str() {
                "down" => {
                    "-- the replica cannot reach its broker: events follow when it can".to_owned()
                }
                "up" => "-- the replica reaches its broker again".to_owned(),
                other => format!("-- the replica's broker is {other}"),
            },
            Self::Stopped { reason, .. } => match reason.as_str() {
                "draining" => "-- stopped: the replica is leaving".to_owned(),
                "slowConsumer" => "-- stopped: this program did not read fast enough".to_owned(),
                other => format!("-- stopped: {other}"),
            },
        }
    }
}

fn gap(reason: &str) -> &str {
    match reason {
        "historyTrimmed" => "they are older than what the channel keeps",
        "epochChanged" => "the channel's history was lost and its count began again",
        "unknownPosition" => "the channel has had no event of this id",
        "payloadRejected" => "an event was left out that does not fit its type or the size limit",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::Event;

    fn line(event: &Value) -> String {
        Event::read(event).unwrap().line()
    }

    #[test]
    fn every_event_has_a_line() {
        let started =
            json!({"type": "started", "resumed": false, "instance": "a", "lastEventId": "e:1"});
        assert_eq!(line(&started), "-- live on a");
        let resumed = json!({"type": "started", "resumed": true, "instance": "a"});
        assert_eq!(line(&resumed), "-- live on a: goes on after the last event");
        let data =
            json!({"type": "data", "id": "e:2", "publishedAt": 1, "instance": "a", "data": [1]});
        assert_eq!(line(&data), "a: [1]");
        let gap = json!({"type": "gap", "reason": "historyTrimmed", "lastEventId": "e:9"});
        assert_eq!(
            line(&gap),
            "-- gap: events may be missing here, because they are older than what the channel keeps"
        );
        let gap = json!({"type": "gap", "reason": "payloadRejected", "lastEventId": "e:10"});
        assert_eq!(
            line(&gap),
            "-- gap: events may be missing here, because an event was left out that does not fit its type or the size limit"
        );
        assert!(
            line(&json!({"type": "status", "broker": "down"})).contains("cannot reach its broker")
        );
        assert_eq!(line(&json!({"type": "stopped", "reason": "other"})), "-- stopped: other");
    }

    #[test]
    fn a_type_that_is_not_known_is_not_read() {
        assert_eq!(Event::read(&json!({"type": "snapshot", "data": 1})), None);
    }

    #[test]
    fn says_where_to_go_on_and_when() {
        let data =
            Event::read(&json!({"type": "data", "id": "e:2", "instance": "a", "data": null}))
                .unwrap();
        assert_eq!(data.last_event_id(), Some("e:2"));
        let plain = Event::read(&json!({"type": "data", "instance": "a", "data": 1})).unwrap();
        assert_eq!(plain.last_event_id(), None, "it was published past the history");
        let gap = json!({"type": "gap", "reason": "payloadRejected", "lastEventId": "e:10"});
        assert_eq!(Event::read(&gap).unwrap().last_event_id(), Some("e:10"), "it goes on after it");
        let stopped = json!({"type": "stopped", "reason": "draining", "retryAfterMs": 1500});
        assert_eq!(Event::read(&stopped).unwrap().retry_after(), Duration::from_millis(1500));
    }
}
