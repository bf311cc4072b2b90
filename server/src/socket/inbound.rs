//! What a client sends, as far as it has to be looked at before jsonrpsee reads it.

use super::{
    CloseCode,
    tracker::{FrameTracker, Header, Seen},
};

/// A message in one piece that is too big is read past, up to this size.
const PAST_BYTES: u64 = 64 * 1024 * 1024;

/// Follows the frames of a client.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    tracker: FrameTracker,
    /// The payloads so far of a message in fragments.
    fragments: u64,
    /// The frame that is coming is not for jsonrpsee.
    skips: bool,
}

/// What was in some bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// How many of them were read: all, or those up to the end of the first message.
    pub(super) bytes: usize,
    /// Whether they complete a message.
    pub(super) message: bool,
    /// Whether a close frame has come.
    pub(super) close: bool,
    /// How many of those read are for jsonrpsee: those in front.
    pub(super) kept: usize,
}

impl Inbound {
    /// Reads on, at most to the end of a message. A pong between two fragments is taken out: soketto would forget the fragments for it.
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
        while !read.message && (at < bytes.len() || !self.tracker.is_between_frames()) {
            if self.tracker.is_between_frames() {
                let pong = bytes.get(at).is_some_and(|byte| byte & 0x0f == Header::PONG);
                self.skips = pong && self.tracker.is_within_message();
            }
            self.check_first(self.tracker.first_bytes(&bytes[at..]))?;
            let mut rest = &bytes[at..];
            let seen = self.tracker.next(&mut rest);
            let end = bytes.len() - rest.len();
            if !self.skips {
                bytes.copy_within(at..end, read.kept);
                read.kept += end - at;
            }
            (at, read.bytes) = (end, end);
            match seen {
                Some(Seen::Header(header)) => self.check(header, max_message_bytes)?,
                Some(Seen::End(header)) => {
                    read.message = header.ends_message();
                    read.close |= header.opcode == Header::CLOSE;
                }
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

    fn check(&mut self, header: Header, max_message_bytes: u64) -> Result<(), CloseCode> {
        if header.is_control() {
            return Ok(());
        }
        if header.opcode != Header::CONTINUATION {
            self.fragments = 0;
            if header.fin && header.payload_bytes <= PAST_BYTES.max(max_message_bytes) {
                // jsonrpsee tells who sends too much in one piece, and goes on.
                return Ok(());
            }
        }
        self.fragments = self.fragments.saturating_add(header.payload_bytes);
        if self.fragments > max_message_bytes {
            return Err(CloseCode::MessageTooBig);
        }
        Ok(())
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
        messages: usize,
        close: bool,
        kept: Vec<u8>,
    }

    impl Whole {
        /// Reads message by message.
        fn read(&mut self, inbound: &mut Inbound, bytes: &[u8]) -> Result<(), CloseCode> {
            let mut bytes = bytes.to_vec();
            while !bytes.is_empty() {
                let read = inbound.read(&mut bytes, LIMIT)?;
                assert!(read.bytes == bytes.len() || read.message, "{read:?}");
                self.messages += usize::from(read.message);
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

    #[test]
    fn counts_messages_however_they_come() {
        let frames = [
            frame(0x81, b"one"),
            frame(0x89, b"ping"),
            frame(0x01, b"tw"),
            frame(0x8a, b"pong"),
            frame(0x00, b""),
            frame(0x80, b"o"),
            frame(0x82, b"more than the limit"),
        ];
        let kept = [&frames[..3], &frames[4..]].concat().concat();
        let whole = Whole { messages: 3, close: false, kept };
        assert_eq!(read(&frames).as_ref(), Ok(&whole));
        for size in [1, 2, 3, 7, 20] {
            let (mut inbound, mut pieces) = (Inbound::default(), Whole::default());
            for piece in frames.concat().chunks(size) {
                pieces.read(&mut inbound, piece).unwrap();
            }
            assert_eq!(pieces, whole, "in pieces of {size}");
        }
        let close = frame(0x88, b"");
        let end = Whole { messages: 0, close: true, kept: close.clone() };
        assert_eq!(read(&[close]), Ok(end));
    }

    #[test]
    fn reads_no_further_than_to_the_end_of_a_message() {
        let frames =
            [frame(0x01, b"o"), frame(0x89, b"ping"), frame(0x80, b"ne"), frame(0x81, b"two")];
        let bytes = frames[..3].concat().len();
        let read = Inbound::default().read(&mut frames.concat(), LIMIT);
        assert_eq!(read, Ok(Read { bytes, message: true, close: false, kept: bytes }));
    }

    #[test]
    fn keeps_a_pong_between_fragments_to_itself() {
        let pong = || frame(0x8a, b"pong");
        let frames = [pong(), frame(0x01, b"a"), pong(), pong(), frame(0x80, b"b"), pong()];
        let kept = [pong(), frame(0x01, b"a"), frame(0x80, b"b"), pong()].concat();
        assert_eq!(read(&frames), Ok(Whole { messages: 1, close: false, kept }));
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
