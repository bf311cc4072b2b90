//! WebSocket frames, as far as the bench needs them.

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Close,
    Ping,
    Pong,
    /// A binary frame or a part of a message: no server here sends one.
    Other,
}

/// The beginning of a frame that a server sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// Its own length.
    pub(crate) length: usize,
    /// The length of what follows.
    pub(crate) payload: usize,
}

impl Header {
    /// Reads it, if there is all of it.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let [first, second, ..] = *bytes else { return None };
        let (length, payload) = match second & 0x7f {
            126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
            127 => {
                let payload = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
                (10, usize::try_from(payload).ok()?)
            }
            short => (2, usize::from(short)),
        };
        let kind = match first {
            0x81 => Kind::Text,
            0x88 => Kind::Close,
            0x89 => Kind::Ping,
            0x8a => Kind::Pong,
            _ => Kind::Other,
        };
        Some(Self { kind, length, payload })
    }
}

/// A text frame as a server sends it, appended to `out`.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &[&[u8]]) {
    let length = text.iter().map(|part| part.len()).sum::<usize>();
    out.push(0x81);
    if let Ok(short @ ..126) = u8::try_from(length) {
        out.push(short);
    } else if let Ok(middle) = u16::try_from(length) {
        out.push(126);
        out.extend_from_slice(&middle.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
    for part in text {
        out.extend_from_slice(part);
    }
}

/// A frame as a client sends it: short, and masked with zeros, which changes nothing and is allowed.
pub(crate) fn from_client(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let first = match kind {
        Kind::Pong => 0x8a,
        _ => 0x81,
    };
    let length = u8::try_from(payload.len()).unwrap_or(u8::MAX);
    assert!(length < 126, "the bench's clients send short messages only");
    let mut frame = vec![first, 0x80 | length, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

/// The key that all clients of the bench send, and its answer: those of RFC 6455's example.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
