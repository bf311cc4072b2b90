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
}

/// What was in some bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// Messages that they complete.
    pub(super) messages: usize,
    /// Whether a close frame has come.
    pub(super) close: bool,
}

impl Inbound {
    /// Reads on.
    ///
    /// # Errors
    ///
    /// When they break the protocol in a way that jsonrpsee does not see, or does not survive.
    pub(super) fn read(
        &mut self,
        mut bytes: &[u8],
        max_message_bytes: u64,
    ) -> Result<Read, CloseCode> {
        let mut read = Read::default();
        while let Some(seen) = self.tracker.next(&mut bytes) {
            match seen {
                Seen::Header(header) => self.check(header, max_message_bytes)?,
                Seen::End(header) => {
                    read.messages += usize::from(header.ends_message());
                    read.close |= header.opcode == Header::CLOSE;
                }
            }
        }
        Ok(read)
    }

    fn check(&mut self, header: Header, max_message_bytes: u64) -> Result<(), CloseCode> {
        let known = matches!(header.opcode, 0..=Header::BINARY | Header::CLOSE..=Header::PONG);
        let continues = header.opcode == Header::CONTINUATION;
        let control_fits = !header.is_control() || (header.fin && header.payload_bytes < 126);
        let in_order = header.is_control() || continues == self.tracker.is_within_message();
        if !header.masked || header.reserved || !known || !control_fits || !in_order {
            return Err(CloseCode::ProtocolError);
        }
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
        Inbound::default().read(&frames.concat(), LIMIT)
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
        let bytes = frames.concat();
        assert_eq!(read(&frames), Ok(Read { messages: 3, close: false }));
        let mut inbound = Inbound::default();
        let by_byte = bytes.chunks(1).map(|byte| inbound.read(byte, LIMIT).unwrap().messages);
        assert_eq!(by_byte.sum::<usize>(), 3);
        assert_eq!(read(&[frame(0x88, b"")]), Ok(Read { messages: 0, close: true }));
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
