//! A message to clients, encoded once and shared by all who get it.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use tidings_contract::{Event, Notification, SubscriptionId};

/// A whole WebSocket frame with a text message. A server's frames are not masked, so the same bytes are right for
/// every connection. Cloning shares them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(Bytes);

/// What stands before a notification's id.
const ID: &[u8] = br#""subscription":"#;

impl Frame {
    /// Encodes an event of the subscription `id` of a procedure.
    ///
    /// # Panics
    ///
    /// When the event cannot be written as JSON, which plain data always can.
    pub fn new<T: Serialize>(procedure: &str, id: SubscriptionId, event: &Event<T>) -> Self {
        let message = serde_json::to_vec(&Notification::new(procedure, id, event));
        Self::text(&message.expect("an event is plain data"))
    }

    /// A frame with this text.
    pub fn text(message: &[u8]) -> Self {
        let mut frame = BytesMut::with_capacity(message.len() + 10);
        put_header(&mut frame, message.len());
        frame.put_slice(message);
        Self(frame.freeze())
    }

    /// The same event for another subscription. Only for frames of [`Frame::new`].
    #[must_use]
    pub fn with_id(&self, id: SubscriptionId) -> Self {
        let message = self.message();
        // The first one: a procedure's name, which stands before it, has no quotes.
        let at = message.windows(ID.len()).position(|window| window == ID);
        let begin = at.map_or(0, |at| at + ID.len());
        let digits = message[begin..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let id = id.0.to_string();
        let mut frame = BytesMut::with_capacity(self.0.len() + id.len() + 8);
        put_header(&mut frame, message.len() - digits + id.len());
        frame.put_slice(&message[..begin]);
        frame.put_slice(id.as_bytes());
        frame.put_slice(&message[begin + digits..]);
        Self(frame.freeze())
    }

    /// Its length in bytes, header included.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    /// The frame as it goes over the wire.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// The text in it.
    pub fn message(&self) -> &[u8] {
        let header = match self.0[1] {
            127 => 10,
            126 => 4,
            _ => 2,
        };
        &self.0[header..]
    }

    /// Several frames, one after the other.
    pub fn join<'a>(frames: impl Iterator<Item = &'a Self> + Clone) -> Bytes {
        let mut rest = frames.clone();
        match (rest.next(), rest.next()) {
            (Some(only), None) => only.0.clone(),
            _ => {
                let mut joined = BytesMut::with_capacity(frames.clone().map(Self::bytes).sum());
                for Self(bytes) in frames {
                    joined.put_slice(bytes);
                }
                joined.freeze()
            }
        }
    }
}

impl From<Frame> for Bytes {
    fn from(Frame(bytes): Frame) -> Self {
        bytes
    }
}

/// The texts of whole frames, one after the other.
pub(crate) fn messages(mut frames: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (header, length) = match *frames.get(1)? {
            127 => (10, u64::from_be_bytes(frames.get(2..10)?.try_into().ok()?)),
            126 => (4, u16::from_be_bytes(frames.get(2..4)?.try_into().ok()?).into()),
            length => (2, length.into()),
        };
        let end = header + usize::try_from(length).ok()?;
        let message = frames.get(header..end)?;
        frames = &frames[end..];
        Some(message)
    })
}

/// A header of one unmasked frame that is a whole text message.
fn put_header(frame: &mut BytesMut, payload_bytes: usize) {
    frame.put_u8(0x81);
    match payload_bytes {
        0..126 => frame.put_u8(payload_bytes as u8),
        126..65536 => {
            frame.put_u8(126);
            frame.put_u16(payload_bytes as u16);
        }
        _ => {
            frame.put_u8(127);
            frame.put_u64(payload_bytes as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use tidings_contract::Subscription;

    use super::*;
    use crate::sample::OnProducts;

    fn frame(id: u64, data: &str) -> Frame {
        let event = Event::Data { id: None, published_at: None, instance: "a".to_owned(), data };
        Frame::new(OnProducts::NAME, SubscriptionId(id), &event)
    }

    #[test]
    fn is_the_notification_behind_its_header() {
        let frame = frame(1, "x");
        assert_eq!(
            std::str::from_utf8(frame.message()).unwrap(),
            r#"{"jsonrpc":"2.0","method":"onProducts","params":{"subscription":1,"result":{"type":"data","instance":"a","data":"x"}}}"#
        );
        assert_eq!(Bytes::from(frame.clone())[..2], [0x81, frame.message().len() as u8]);
    }

    #[test]
    fn the_same_event_for_another_subscription_differs_in_nothing_else() {
        // Around each length at which the header grows.
        for length in (0..130).chain(65_400..65_540) {
            let data =
                r#""subscription":9"#.repeat(length).chars().take(length).collect::<String>();
            for (from, to) in [(1, 12345), (12345, 1), (7, 8)] {
                assert_eq!(frame(from, &data).with_id(SubscriptionId(to)), frame(to, &data));
            }
        }
    }

    #[test]
    fn the_texts_of_several_are_found_again() {
        let frames = [0, 1, 100, 126, 65_500, 70_000].map(|length| frame(1, &"x".repeat(length)));
        let joined = Frame::join(frames.iter());
        let texts: Vec<_> = messages(&joined).collect();
        assert_eq!(texts, frames.each_ref().map(Frame::message));
    }

    #[test]
    fn several_are_one_after_the_other() {
        let frames = [frame(1, "x"), frame(1, "y")];
        let joined = [Bytes::from(frames[0].clone()), frames[1].clone().into()].concat();
        assert_eq!(Frame::join(frames.iter()), joined);
        assert_eq!(Frame::join(frames[..1].iter()), Bytes::from(frames[0].clone()));
        assert_eq!(Frame::join([].iter()), Bytes::new());
    }
}
