//! How what is sent to a client is written on its connection.

use std::sync::OnceLock;

use bytes::{BufMut, Bytes, BytesMut};
use tidings_contract::Feed;

use super::{Frame, frame, notice::Notice};

/// What carries a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    WebSocket,
    /// Server-sent events.
    EventStream,
    /// Nothing is written: the request's answer is made from what waits.
    LongPoll,
}

/// How the messages of a subscription are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As they are: WebSocket frames.
    Frames,
    /// As server-sent events, each in an HTTP chunk.
    Chunks {
        /// `data` without an id gets the version of its value as its id.
        versions: bool,
    },
}

impl Encoding {
    pub(super) fn new(transport: Transport, feed: Feed) -> Self {
        match transport {
            Transport::WebSocket | Transport::LongPoll => Self::Frames,
            Transport::EventStream => Self::Chunks { versions: !feed.is_resumable() },
        }
    }
}

/// Whole WebSocket frames that are handed over together, and the same as server-sent events: encoded when the first
/// subscriber needs that, and shared by the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frames {
    frames: Bytes,
    chunks: OnceLock<Bytes>,
}

impl Frames {
    /// Their length as WebSocket frames, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Several, one after the other.
    pub(crate) fn concat<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let all: Vec<_> = all.map(|frames| &frames.frames[..]).collect();
        Bytes::from(all.concat()).into()
    }

    /// The bytes to write. Those of one channel are always asked for with the same `versions`.
    pub(super) fn encoded(&self, encoding: Encoding) -> &Bytes {
        match encoding {
            Encoding::Frames => &self.frames,
            Encoding::Chunks { versions } => {
                self.chunks.get_or_init(|| chunks(&self.frames, versions))
            }
        }
    }
}

impl From<Bytes> for Frames {
    fn from(frames: Bytes) -> Self {
        Self { frames, chunks: OnceLock::new() }
    }
}

impl From<Frame> for Frames {
    fn from(frame: Frame) -> Self {
        Bytes::from(frame).into()
    }
}

/// Writes each message as a server-sent event, in an HTTP chunk of its own.
fn chunks(frames: &[u8], versions: bool) -> Bytes {
    let mut chunks = BytesMut::with_capacity(frames.len() + 64);
    for notice in frame::messages(frames).filter_map(Notice::parse) {
        let version = notice.version().filter(|_| versions).map(|version| version.to_string());
        let id = notice.event_id().or(version.as_deref());
        put_chunk(&mut chunks, id, notice.params);
    }
    chunks.freeze()
}

fn put_chunk(chunks: &mut BytesMut, id: Option<&str>, data: &[u8]) {
    let id_bytes = id.map_or(0, |id| "id: \n".len() + id.len());
    let length = id_bytes + "data: \n\n".len() + data.len();
    chunks.put_slice(format!("{length:x}\r\n").as_bytes());
    if let Some(id) = id {
        chunks.put_slice(b"id: ");
        chunks.put_slice(id.as_bytes());
        chunks.put_u8(b'\n');
    }
    chunks.put_slice(b"data: ");
    let begin = chunks.len();
    chunks.put_slice(data);
    // A line feed would end the field. JSON has one only between its parts, where a space means the same.
    for byte in &mut chunks[begin..] {
        if matches!(*byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    chunks.put_slice(b"\n\n\r\n");
}

/// An HTTP chunk with this text.
pub(crate) fn chunk(text: &str) -> Bytes {
    format!("{:x}\r\n{text}\r\n", text.len()).into()
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use tidings_contract::{BrokerStatus, Event, EventId, SubscriptionId};

    use super::*;

    fn data(id: Option<&str>, json: &str) -> Frame {
        let data = RawValue::from_string(json.to_owned()).unwrap();
        let id = id.map(|id| EventId::from(id.to_owned()));
        let event = Event::Data { id, published_at: None, instance: "a".to_owned(), data };
        Frame::new("on", SubscriptionId(7), &event)
    }

    fn text(frames: &Frames, versions: bool) -> String {
        String::from_utf8(frames.encoded(Encoding::Chunks { versions }).to_vec()).unwrap()
    }

    #[test]
    fn each_message_is_an_event_in_a_chunk() {
        let status =
            Frame::new("on", SubscriptionId(7), &Event::<()>::Status { broker: BrokerStatus::Up });
        let frames = Frame::join([data(Some("e:1"), "1"), status].iter()).into();
        let first = "id: e:1\ndata: {\"subscription\":7,\"result\":{\"type\":\"data\",\"id\":\"e:1\",\"instance\":\"a\",\"data\":1}}\n\n";
        let second =
            "data: {\"subscription\":7,\"result\":{\"type\":\"status\",\"broker\":\"up\"}}\n\n";
        let expected = [first, second].map(|text| format!("{:x}\r\n{text}\r\n", text.len()));
        assert_eq!(text(&frames, false), expected.concat());
    }

    #[test]
    fn a_value_without_an_id_gets_its_version_where_the_feed_has_none() {
        let frames = || Frames::from(data(None, "1"));
        assert!(!text(&frames(), false).contains("id: "));
        // The beginning of SHA-256("1").
        assert!(text(&frames(), true).contains("id: 6b86b273ff34fce19d6b804eff5a3f57\n"));
    }

    #[test]
    fn a_line_feed_in_the_payload_does_not_end_the_field() {
        let text = text(&data(None, "[1,\r\n2]").into(), false);
        assert!(text.contains("\"data\":[1,  2]}}\n\n"), "{text}");
    }
}
