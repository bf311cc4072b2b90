//! What a client sends: its messages, put together, and apart from the frames that belong to the WebSocket.

use super::{
    CloseCode,
    tracker::{FrameTracker, Header, Seen},
};

/// A message in one piece that is too large is read past, up to this size in bytes. A larger one closes the connection.
const PAST_BYTES: u64 = 64 * 1024 * 1024;

/// Follows the frames of a client.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    tracker: FrameTracker,
    /// What has come of a message, unmasked: at most `max_message_bytes`. It grows with what comes, not with what is announced.
    message: Vec<u8>,
    /// The frame that is coming is a ping, a pong or a close.
    is_control: bool,
    /// The message that is coming is too large, and is read past.
    is_past: bool,
    /// The mask of the frame that is coming, and how many of its bytes have come.
    mask: [u8; 4],
    unmasked: usize,
}

/// What was in some bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// How many of them were read: all, or those up to the end of the first message.
    pub(super) bytes: usize,
    /// The message that they complete.
    pub(super) message: Option<Message>,
    /// Whether a close frame has come.
    pub(super) close: bool,
    /// How many of those read are frames for jsonrpsee that are no part of a message: those in front.
    pub(super) kept: usize,
}

/// A message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// The text, or what a binary frame had.
    Whole(Vec<u8>),
    /// It had more bytes than a message may have.
    TooLarge,
}

impl Inbound {
    /// Reads on, at most to the end of a message. Leaves the frames between messages, and those between the fragments of one, at the front
    /// of `bytes`.
    ///
    /// # Errors
    ///
    /// When they break the protocol in a way that jsonrpsee does not see, or does not survive.
    pub(super) fn read(
        &mut self,
        bytes: &mut [u8],
        max_message_bytes: u64,
    ) -> Result<Read, CloseCode> {
        let mut read = Read::default();
        let mut at = 0;
        while read.message.is_none() && (at < bytes.len() || !self.tracker.is_between_frames()) {
            if let Some(first) = bytes.get(at).filter(|_| self.tracker.is_between_frames()) {
                self.is_control = first & 0x0f >= Header::CLOSE;
            }
            self.check_first(self.tracker.first_bytes(&bytes[at..]))?;
            let is_payload = self.tracker.is_within_payload();
            let mut rest = &bytes[at..];
            let seen = self.tracker.next(&mut rest);
            let end = bytes.len() - rest.len();
            if self.is_control {
                bytes.copy_within(at..end, read.kept);
                read.kept += end - at;
            } else if is_payload {
                self.take(&bytes[at..end]);
            }
            (at, read.bytes) = (end, end);
            match seen {
                Some(Seen::Header(header)) => self.begin(header, max_message_bytes)?,
                Some(Seen::End(header)) if header.ends_message() => {
                    let message = std::mem::take(&mut self.message);
                    let is_past = std::mem::take(&mut self.is_past);
                    read.message =
                        Some(if is_past { Message::TooLarge } else { Message::Whole(message) });
                }
                Some(Seen::End(header)) => read.close |= header.opcode == Header::CLOSE,
                None => break,
            }
        }
        Ok(read)
    }

    /// Checks a header's first bytes, as far as they are there: soketto would close by itself, and not say why.
    fn check_first(&self, [first, second]: [Option<u8>; 2]) -> Result<(), CloseCode> {
        let Some(first) = first else { return Ok(()) };
        let (opcode, fin, reserved) = (first & 0x0f, first & 0x80 != 0, first & 0x70 != 0);
        let control = opcode >= Header::CLOSE;
        let known = matches!(opcode, 0..=Header::BINARY | Header::CLOSE..=Header::PONG);
        let continues = opcode == Header::CONTINUATION;
        let in_order = control || continues == self.tracker.is_within_message();
        let fits = second.is_none_or(|byte| byte & 0x80 != 0 && (!control || byte & 0x7f < 126));
        if reserved || !known || !in_order || (control && !fin) || !fits {
            return Err(CloseCode::ProtocolError);
        }
        Ok(())
    }

    /// Begins a frame.
    fn begin(&mut self, header: Header, max_message_bytes: u64) -> Result<(), CloseCode> {
        if header.is_control() {
            return Ok(());
        }
        (self.mask, self.unmasked) = (header.mask, 0);
        let bytes = header.payload_bytes.saturating_add(self.message.len() as u64);
        if bytes <= max_message_bytes {
            return Ok(());
        }
        let is_whole = header.fin && header.opcode != Header::CONTINUATION;
        self.is_past = is_whole && bytes <= PAST_BYTES;
        if self.is_past { Ok(()) } else { Err(CloseCode::MessageTooBig) }
    }

    /// Takes bytes of a message's payload.
    fn take(&mut self, masked: &[u8]) {
        if self.is_past {
            return;
        }
        let mask = self.mask.iter().cycle().skip(self.unmasked % self.mask.len());
        self.message.extend(masked.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
        self.unmasked += masked.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 10;

    /// A client's frame, with a mask of zeros.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
    }

    /// What `Socket` makes of bytes that come together.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Whole {
        messages: Vec<Message>,
        close: bool,
        kept: Vec<u8>,
    }

    impl Whole {
        /// Reads message by message.
        fn read(&mut self, inbound: &mut Inbound, bytes: &[u8]) -> Result<(), CloseCode> {
            let mut bytes = bytes.to_vec();
            while !bytes.is_empty() {
                let read = inbound.read(&mut bytes, LIMIT)?;
                assert!(read.bytes == bytes.len() || read.message.is_some(), "{read:?}");
                self.messages.extend(read.message);
                self.close |= read.close;
                self.kept.extend(&bytes[..read.kept]);
                // What is behind the message was left as it came.
                bytes.drain(..read.bytes);
            }
            Ok(())
        }
    }

    fn read(frames: &[Vec<u8>]) -> Result<Whole, CloseCode> {
        let mut whole = Whole::default();
        whole.read(&mut Inbound::default(), &frames.concat()).map(|()| whole)
    }

    fn message(text: &[u8]) -> Message {
        Message::Whole(text.to_vec())
    }

    #[test]
    fn puts_messages_together_however_they_come() {
        let frames = [
            frame(0x81, b"one"),
            frame(0x89, b"ping"),
            frame(0x01, b"tw"),
            frame(0x8a, b"pong"),
            frame(0x00, b""),
            frame(0x80, b"o"),
            frame(0x82, b"more than the limit"),
        ];
        let kept = [&frames[1][..], &frames[3]].concat();
        let messages = vec![message(b"one"), message(b"two"), Message::TooLarge];
        let whole = Whole { messages, close: false, kept };
        assert_eq!(read(&frames).as_ref(), Ok(&whole));
        for size in [1, 2, 3, 7, 20] {
            let (mut inbound, mut pieces) = (Inbound::default(), Whole::default());
            for piece in frames.concat().chunks(size) {
                pieces.read(&mut inbound, piece).unwrap();
            }
            assert_eq!(pieces, whole, "in pieces of {size}");
        }
        let close = frame(0x88, b"");
        let end = Whole { messages: vec![], close: true, kept: close.clone() };
        assert_eq!(read(&[close]), Ok(end));
    }

    #[test]
    fn reads_no_further_than_to_the_end_of_a_message() {
        let frames =
            [frame(0x01, b"o"), frame(0x89, b"ping"), frame(0x80, b"ne"), frame(0x81, b"two")];
        let (bytes, kept) = (frames[..3].concat().len(), frames[1].len());
        let read = Inbound::default().read(&mut frames.concat(), LIMIT);
        assert_eq!(read, Ok(Read { bytes, message: Some(message(b"one")), close: false, kept }));
    }

    /// soketto would forget the fragments for a pong.
    #[test]
    fn frames_between_fragments_go_before_the_message() {
        let pong = || frame(0x8a, b"pong");
        let frames = [pong(), frame(0x01, b"a"), pong(), pong(), frame(0x80, b"b"), pong()];
        let kept = pong().repeat(4);
        assert_eq!(read(&frames), Ok(Whole { messages: vec![message(b"ab")], close: false, kept }));
    }

    #[test]
    fn takes_the_mask_off() {
        let mask = [1, 2, 3, 250];
        let masked = |first: u8, text: &[u8]| {
            let payload = text.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
            [&[first, 0x80 | text.len() as u8][..], &mask, &payload.collect::<Vec<_>>()].concat()
        };
        let bytes = [masked(0x01, b"hello"), masked(0x80, b"!!!")].concat();
        for size in [1, 2, 3, 5, 100] {
            let (mut inbound, mut whole) = (Inbound::default(), Whole::default());
            for piece in bytes.chunks(size) {
                whole.read(&mut inbound, piece).unwrap();
            }
            assert_eq!(whole.messages, [message(b"hello!!!")], "in pieces of {size}");
        }
    }

    #[test]
    fn refuses_what_breaks_the_protocol() {
        let unmasked = vec![0x81, 1, b'x'];
        for frames in [
            vec![unmasked],
            vec![frame(0xc1, b"")],
            vec![frame(0x83, b"")],
            vec![frame(0x8b, b"")],
            vec![frame(0x09, b"")],
            vec![frame(0x80, b"continues nothing")],
            vec![frame(0x01, b"a"), frame(0x81, b"within another")],
            // As soon as it shows.
            vec![vec![0x83]],
            vec![vec![0x81, 0x01]],
            vec![vec![0x89, 0x80 | 126]],
        ] {
            assert_eq!(read(&frames), Err(CloseCode::ProtocolError), "{frames:?}");
        }
    }

    #[test]
    fn refuses_fragments_that_are_too_much_together() {
        let fragments = [frame(0x01, b"12345"), frame(0x00, b"12345")];
        assert!(read(&fragments).is_ok());
        let huge = [&[0x81, 0x80 | 127][..], &(PAST_BYTES + 1).to_be_bytes(), &[0; 4]].concat();
        assert_eq!(read(&[huge]), Err(CloseCode::MessageTooBig));
        let more = [&fragments[..], &[frame(0x89, b"ping"), frame(0x80, b"6")]].concat();
        assert_eq!(read(&more), Err(CloseCode::MessageTooBig));
    }
}
