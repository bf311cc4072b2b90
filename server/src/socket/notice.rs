//! A notification, taken apart without parsing it.
//!
//! [`Frame::new`] writes the members in a fixed order, so slices of the text are found by what stands before them. Quotes
//! within a JSON string are escaped: none of the markers below occurs in one.

use std::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256};
use tidings_contract::SubscriptionId;

#[cfg(doc)]
use super::Frame;

/// A notification, taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notice<'a> {
    /// The subscription that it is for.
    pub(crate) subscription: SubscriptionId,
    /// The notification's `params`: an object with `subscription` and `result`.
    pub(super) params: &'a [u8],
    /// The event, as JSON.
    pub(crate) event: &'a [u8],
}

/// Names a value of a `State` or `Members` feed: the first 128 bits of the SHA-256 of its JSON. Equal values have the same
/// version on every replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version([u8; 16]);

const PARAMS: &[u8] = br#""params":{"subscription":"#;
const EVENT: &[u8] = br#","result":"#;
const DATA: &[u8] = br#","data":"#;
const LAST_EVENT_ID: &[u8] = br#""lastEventId":""#;

impl<'a> Notice<'a> {
    /// Takes a message of [`Frame::new`] apart. `None` for any other message.
    pub(crate) fn parse(message: &'a [u8]) -> Option<Self> {
        let params = find(message, PARAMS)? + br#""params":"#.len();
        let params = &message[params..message.len() - 1];
        let digits = &params[br#"{"subscription":"#.len()..];
        let many = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let event = digits[many..].strip_prefix(EVENT)?;
        let id = std::str::from_utf8(&digits[..many]).ok()?.parse().ok()?;
        Some(Self { subscription: SubscriptionId(id), params, event: event.strip_suffix(b"}")? })
    }

    /// Whether the event is of this type.
    pub(crate) fn is(&self, r#type: &str) -> bool {
        let rest = self.event.strip_prefix(br#"{"type":""#);
        let rest = rest.and_then(|rest| rest.strip_prefix(r#type.as_bytes()));
        rest.is_some_and(|rest| rest.starts_with(b"\""))
    }

    /// Where a client resumes that has this event: the `id` of `data`, and the `lastEventId` of `started` and `gap`.
    pub(crate) fn event_id(&self) -> Option<&'a str> {
        let id = if self.is("data") {
            self.event.strip_prefix(br#"{"type":"data","id":""#)?
        } else {
            &self.event[find(self.event, LAST_EVENT_ID)? + LAST_EVENT_ID.len()..]
        };
        let end = id.iter().position(|byte| *byte == b'"')?;
        std::str::from_utf8(&id[..end]).ok()
    }

    /// The version of the value in a `data` event.
    pub(crate) fn version(&self) -> Option<Version> {
        let data = find(self.event, DATA).filter(|_| self.is("data"))? + DATA.len();
        let digest = Sha256::digest(&self.event[data..self.event.len() - 1]);
        Some(Version(std::array::from_fn(|at| digest[at])))
    }
}

impl Version {
    /// Reads a version as clients send it back. `None` when it is none.
    pub(crate) fn parse(id: &str) -> Option<Self> {
        let number = (id.len() == 32).then(|| u128::from_str_radix(id, 16).ok())??;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = String::with_capacity(32);
        for byte in self.0 {
            write!(hex, "{byte:02x}")?;
        }
        f.write_str(&hex)
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tidings_contract::{BrokerStatus, Event, EventId, GapReason, StopReason};

    use super::{super::Frame, *};

    /// Tries to look like each of the markers.
    const NAME: &str = r#"a","data":"x","lastEventId":"x","params":{"subscription":1"#;

    fn events() -> Vec<Event<Value>> {
        let id = |id: &str| Some(EventId::from(id.to_owned()));
        let instance = || NAME.to_owned();
        let data = json!({ "type": NAME, "data": [1, NAME] });
        vec![
            Event::Started { resumed: true, last_event_id: None, instance: instance() },
            Event::Started { resumed: false, last_event_id: id("e:1"), instance: instance() },
            Event::Data {
                id: id("e:2"),
                published_at: Some(7),
                instance: instance(),
                data: data.clone(),
            },
            Event::Data {
                id: None,
                published_at: Some(7),
                instance: instance(),
                data: data.clone(),
            },
            Event::Data { id: None, published_at: None, instance: instance(), data },
            Event::Gap { reason: GapReason::EpochChanged, last_event_id: id("e:3") },
            Event::Gap { reason: GapReason::HistoryTrimmed, last_event_id: None },
            Event::Status { broker: BrokerStatus::Down },
            Event::Stopped { reason: StopReason::Draining, retry_after_ms: Some(1) },
        ]
    }

    #[test]
    fn the_slices_are_what_a_parser_reads() {
        for event in events() {
            let frame = Frame::new("group.onProducts", SubscriptionId(71), &event);
            let notice = Notice::parse(frame.message()).unwrap();
            let parsed: Value = serde_json::from_slice(frame.message()).unwrap();
            let slice = |slice: &[u8]| serde_json::from_slice::<Value>(slice).unwrap();
            assert_eq!(notice.subscription, SubscriptionId(71));
            assert_eq!(slice(notice.params), parsed["params"]);
            assert_eq!(slice(notice.event), parsed["params"]["result"]);
            let event = &parsed["params"]["result"];
            for name in ["started", "data", "gap", "status", "stopped"] {
                assert_eq!(notice.is(name), event["type"] == name, "{event}");
            }
            let id = event["id"].as_str().or(event["lastEventId"].as_str());
            assert_eq!(notice.event_id(), id, "{event}");
            let version = notice.version();
            assert_eq!(version.is_some(), event["type"] == "data", "{event}");
            if let Some(version) = version {
                let digest = Sha256::digest(serde_json::to_vec(&event["data"]).unwrap());
                assert_eq!(version.0, digest[..16]);
                assert_eq!(Version::parse(&version.to_string()), Some(version));
            }
        }
        assert!(Notice::parse(br#"{"jsonrpc":"2.0","id":1,"result":7}"#).is_none());
        assert_eq!(Version::parse("e:1"), None);
    }
}
