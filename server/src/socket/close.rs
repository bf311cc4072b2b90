//! Why the server closes a WebSocket.

use bytes::Bytes;

/// Why the server closes a WebSocket, as the close frame says it. Each of these is one to reconnect after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseCode {
    /// What came was no WebSocket frame of a client.
    ProtocolError,
    /// A message in fragments was larger than `--max-request-bytes`.
    MessageTooBig,
    /// The replica is leaving.
    Restart,
    /// The client answered no ping for `--stall-limit`.
    Silent,
}

impl CloseCode {
    /// The number on the wire, and the reason beside it. Numbers up to 1015 are RFC 6455's and IANA's.
    pub(crate) fn parts(self) -> (u16, &'static str) {
        match self {
            Self::ProtocolError => (1002, "not a client's frame"),
            Self::MessageTooBig => (1009, "the message is too big"),
            Self::Restart => (1012, "this replica is leaving"),
            Self::Silent => (4408, "no answer to a ping"),
        }
    }

    /// The close frame.
    pub(super) fn frame(self) -> Bytes {
        let (code, reason) = self.parts();
        let mut frame = vec![0x88, (2 + reason.len()) as u8];
        frame.extend(code.to_be_bytes());
        frame.extend(reason.as_bytes());
        frame.into()
    }
}
