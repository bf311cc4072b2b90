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
    /// Messages that they complete.
    pub(super) messages: usize,
    /// Whether a close frame has come.
    pub(super) close: bool,
    /// How many of the bytes are for jsonrpsee: those in front.
    pub(super) kept: usize,
}

impl Inbound {
    /// Reads on. A pong between two fragments is taken out: soketto would forget the fragments for it.
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
        while at < bytes.len() || !self.tracker.is_between_frames() {
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
            at = end;
            match seen {
                Some(Seen::Header(header)) => self.check(header, max_message_bytes)?,
                Some(Seen::End(header)) => {
                    read.messages += usize::from(header.ends_message());
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

    fn read(frames: &[Vec<u8>]) -> Result<Read, CloseCode> {
        Inbound::default().read(&mut frames.concat(), LIMIT)
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
        let mut bytes = frames.concat();
        let kept = bytes.len() - frames[3].len();
        assert_eq!(read(&frames), Ok(Read { messages: 3, close: false, kept }));
        let mut inbound = Inbound::default();
        let by_byte = bytes.chunks_mut(1).map(|byte| inbound.read(byte, LIMIT).unwrap());
        let by_byte = by_byte.fold((0, 0), |sum, read| (sum.0 + read.messages, sum.1 + read.kept));
        assert_eq!(by_byte, (3, kept));
        assert_eq!(read(&[frame(0x88, b"")]), Ok(Read { messages: 0, close: true, kept: 6 }));
    }

    #[test]
    fn keeps_a_pong_between_fragments_to_itself() {
        let pong = || frame(0x8a, b"pong");
        let frames = [pong(), frame(0x01, b"a"), pong(), pong(), frame(0x80, b"b"), pong()];
        let mut bytes = frames.concat();
        let read = Inbound::default().read(&mut bytes, LIMIT).unwrap();
        let seen = [pong(), frame(0x01, b"a"), frame(0x80, b"b"), pong()].concat();
        assert_eq!(bytes[..read.kept], seen);
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
