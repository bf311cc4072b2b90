//! Where frames begin and end in a stream of WebSocket bytes (RFC 6455, section 5.2).

/// The longest header: two bytes, eight of length, four of mask.
const MAX_HEADER_BYTES: usize = 14;

/// Follows a stream of frames from its first byte on. It looks at headers only.
#[derive(Debug, Default)]
pub(super) struct FrameTracker {
    header: [u8; MAX_HEADER_BYTES],
    /// How much of the header has come. Zero between frames, and again within a payload.
    have: usize,
    /// The frame whose payload is coming, and how much of it has not come yet.
    payload: Option<(Header, u64)>,
    /// A message's first frames have come, and its last one has not.
    fragmented: bool,
}

/// What a frame's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) opcode: u8,
    /// Whether the frame ends its message.
    pub(super) fin: bool,
    pub(super) payload_bytes: u64,
    /// What the payload's bytes are masked with, in turn. Zeros where they are not masked.
    pub(super) mask: [u8; 4],
}

/// What the tracker came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A frame's header is complete.
    Header(Header),
    /// The frame with this header is complete.
    End(Header),
}

impl Header {
    /// Continues a fragmented message.
    pub(super) const CONTINUATION: u8 = 0;
    pub(super) const BINARY: u8 = 2;
    pub(super) const CLOSE: u8 = 8;
    pub(super) const PONG: u8 = 10;

    /// Whether it is no part of a message: a ping, a pong, a close.
    pub(super) fn is_control(self) -> bool {
        self.opcode >= Self::CLOSE
    }

    /// Whether the frame is the last, or the only one, of a message.
    pub(super) fn ends_message(self) -> bool {
        self.fin && !self.is_control()
    }
}

impl FrameTracker {
    /// Goes on to the next thing to be seen, and moves `bytes` to what is behind it; nothing when they end before.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Seen> {
        if let Some((header, left)) = &mut self.payload {
            let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
            *bytes = &bytes[here..];
            *left -= here as u64;
            if *left > 0 {
                return None;
            }
            let header = *header;
            self.payload = None;
            if !header.is_control() {
                self.fragmented = !header.fin;
            }
            return Some(Seen::End(header));
        }
        while let Some((byte, rest)) = bytes.split_first() {
            self.header[self.have] = *byte;
            self.have += 1;
            *bytes = rest;
            if let Some(header) = parse(&self.header[..self.have]) {
                self.have = 0;
                self.payload = Some((header, header.payload_bytes));
                return Some(Seen::Header(header));
            }
        }
        None
    }

    /// The two bytes that say most of what a header says, as soon as they are there, before these are read.
    pub(super) fn first_bytes(&self, next: &[u8]) -> [Option<u8>; 2] {
        let at = |n| next.get(n).copied();
        match (&self.payload, self.have) {
            (None, 0) => [at(0), at(1)],
            (None, 1) => [Some(self.header[0]), at(0)],
            _ => [None, None],
        }
    }

    /// Whether the next byte begins a frame.
    pub(super) fn is_between_frames(&self) -> bool {
        self.have == 0 && self.payload.is_none()
    }

    /// Whether the next byte belongs to a payload, or completes an empty one.
    pub(super) fn is_within_payload(&self) -> bool {
        self.payload.is_some()
    }

    /// Whether a message has begun whose last frame has not come.
    pub(super) fn is_within_message(&self) -> bool {
        self.fragmented
    }

    /// Whether a message of somebody else may stand here.
    pub(super) fn is_between_messages(&self) -> bool {
        self.is_between_frames() && !self.fragmented
    }
}

/// Reads a header, if these are all of its bytes.
fn parse(bytes: &[u8]) -> Option<Header> {
    let [first, second, rest @ ..] = bytes else { return None };
    let length_bytes = match second & 0x7f {
        127 => 8,
        126 => 2,
        _ => 0,
    };
    let masked = second & 0x80 != 0;
    if rest.len() < length_bytes + if masked { 4 } else { 0 } {
        return None;
    }
    let (length, mask) = rest.split_at(length_bytes);
    let length = length.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
    Some(Header {
        opcode: first & 0x0f,
        fin: first & 0x80 != 0,
        payload_bytes: if length_bytes == 0 { u64::from(second & 0x7f) } else { length },
        mask: mask.try_into().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(tracker: &mut FrameTracker, mut bytes: &[u8]) -> Vec<(char, u64)> {
        let mut seen = Vec::new();
        while let Some(next) = tracker.next(&mut bytes) {
            seen.push(match next {
                Seen::Header(header) => ('h', header.payload_bytes),
                Seen::End(header) => ('e', header.payload_bytes),
            });
        }
        assert!(bytes.is_empty());
        seen
    }

    #[test]
    fn follows_frames_of_every_length_whatever_the_pieces() {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for length in [0u64, 1, 125, 126, 65535, 65536] {
            bytes.push(0x81);
            match length {
                0..126 => bytes.push(length as u8),
                126..65536 => {
                    bytes.push(126);
                    bytes.extend((length as u16).to_be_bytes());
                }
                _ => {
                    bytes.push(127);
                    bytes.extend(length.to_be_bytes());
                }
            }
            bytes.extend(vec![0xff; length as usize]);
            expected.extend([('h', length), ('e', length)]);
        }
        assert_eq!(all(&mut FrameTracker::default(), &bytes), expected);
        let mut tracker = FrameTracker::default();
        let by_byte: Vec<_> = bytes.chunks(1).flat_map(|piece| all(&mut tracker, piece)).collect();
        assert_eq!(by_byte, expected);
        assert!(tracker.is_between_messages());
    }

    #[test]
    fn knows_the_parts_of_a_header() {
        let mut tracker = FrameTracker::default();
        let mut bytes = &[0x42, 0x83, 1, 2, 3, 4, 9, 9][..];
        let header =
            Header { opcode: Header::BINARY, fin: false, payload_bytes: 3, mask: [1, 2, 3, 4] };
        assert_eq!(tracker.next(&mut bytes), Some(Seen::Header(header)));
        assert_eq!(tracker.next(&mut bytes), None);
        assert!(!tracker.is_between_frames());
        assert_eq!(tracker.next(&mut &[9][..]), Some(Seen::End(header)));
        assert!(tracker.is_between_frames());
        assert!(!tracker.is_between_messages(), "the message goes on");
        assert_eq!(all(&mut tracker, &[0x89, 0]), [('h', 0), ('e', 0)]);
        assert!(!tracker.is_between_messages(), "a ping does not end it");
        assert_eq!(all(&mut tracker, &[0x80, 0]), [('h', 0), ('e', 0)]);
        assert!(tracker.is_between_messages());
    }
}
