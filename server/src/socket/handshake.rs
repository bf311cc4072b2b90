//! The request that begins a WebSocket, as it comes by.
//!
//! What a client sends behind that request are frames. hyper reads ahead, and would take some of them for itself,
//! unseen. So such a request is handed on alone, and nothing behind it until it is answered.

/// What a request begins with that may become a WebSocket.
const METHOD: &[u8] = b"GET ";

/// What HTTP/2 begins with. It is not served: what is written to it goes by no outbox, and it has many calls at once.
const HTTP_2: &[u8] = b"PRI ";

/// What stands in its head, in small letters.
const WORD: &[u8] = b"upgrade";

/// Follows the requests of a connection that is no WebSocket yet.
#[derive(Debug, Default)]
pub(super) struct Handshake {
    /// How much of [`METHOD`] the request has begun with; nothing, if it began otherwise.
    method: Option<usize>,
    /// The same of [`HTTP_2`], and whether all of that has come: where a connection begins, and nowhere else.
    http_2: Option<usize>,
    is_http_2: bool,
    /// This is not the connection's first request.
    later: bool,
    /// Whether anything of the request has come.
    begun: bool,
    /// How much of [`WORD`] has just come by, and whether all of it has.
    word: usize,
    has_word: bool,
    line: Line,
}

/// What has come of the current line.
#[derive(Debug, Default, PartialEq, Eq)]
enum Line {
    Something,
    /// Nothing, or just a carriage return.
    #[default]
    Nothing,
}

impl Handshake {
    /// For what follows the answer to a request.
    pub(super) fn later() -> Self {
        Self { later: true, ..Self::default() }
    }

    /// Reads on. If these bytes complete a request that may become a WebSocket, answers how many of them belong to
    /// it.
    ///
    /// It need not find every one: an upgrade that was not found here is refused.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            let ends = *byte == b'\n' && self.begun && self.line == Line::Nothing;
            if ends && self.has_word && self.method == Some(METHOD.len()) {
                return Some(at + 1);
            }
            self.line = match byte {
                b'\n' => Line::Nothing,
                b'\r' if self.line == Line::Nothing => Line::Nothing,
                _ => Line::Something,
            };
            if ends {
                *self = Self { is_http_2: self.is_http_2, ..Self::later() };
                continue;
            }
            // Empty lines before a request are no part of it.
            if !self.begun && matches!(byte, b'\r' | b'\n') {
                continue;
            }
            if !self.begun {
                self.begun = true;
                self.method = Some(0);
                self.http_2 = (!self.later).then_some(0);
            }
            self.method = follow(METHOD, self.method, *byte);
            self.http_2 = follow(HTTP_2, self.http_2, *byte);
            self.is_http_2 |= self.http_2 == Some(HTTP_2.len());
            let byte = byte.to_ascii_lowercase();
            self.word =
                if byte == WORD[self.word] { self.word + 1 } else { usize::from(byte == WORD[0]) };
            if self.word == WORD.len() {
                (self.word, self.has_word) = (0, true);
            }
        }
        None
    }

    /// Whether what has come is HTTP/2.
    pub(super) fn is_http_2(&self) -> bool {
        self.is_http_2
    }
}

/// How much of a beginning has come by with one byte more.
fn follow(beginning: &[u8], matched: Option<usize>, byte: u8) -> Option<usize> {
    match matched? {
        all if all == beginning.len() => Some(all),
        some => (beginning[some] == byte).then_some(some + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPGRADE: &str =
        "GET /rpc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUPGRADE: websocket\r\n\r\n";

    #[test]
    fn finds_the_end_of_the_request_whatever_the_pieces() {
        for request in [UPGRADE.to_owned(), UPGRADE.replace('\r', ""), format!("\r\n{UPGRADE}")] {
            let bytes = format!("{request}frames\r\n\r\n");
            assert_eq!(Handshake::default().read(bytes.as_bytes()), Some(request.len()));
            let mut handshake = Handshake::default();
            let found = bytes.bytes().position(|byte| handshake.read(&[byte]).is_some());
            assert_eq!(found, Some(request.len() - 1));
        }
    }

    #[test]
    fn knows_http_2() {
        let mut handshake = Handshake::default();
        assert_eq!(handshake.read(b"PRI"), None);
        assert!(!handshake.is_http_2());
        handshake.read(b" * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        assert!(handshake.is_http_2());
        let mut handshake = Handshake::default();
        handshake.read(b"POST / HTTP/1.1\r\n\r\nPRI * HTTP/2.0\r\n\r\n");
        assert!(!handshake.is_http_2());
    }

    #[test]
    fn other_requests_are_none() {
        for request in [
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /rpc HTTP/1.1\r\nupgrade: websocket\r\n\r\n",
            "POST /rpc HTTP/1.1\r\ncontent-length: 11\r\n\r\nGET upgrade",
        ] {
            let mut handshake = Handshake::default();
            assert_eq!(handshake.read(request.as_bytes()), None, "{request}");
        }
        let mut handshake = Handshake::default();
        assert_eq!(handshake.read(b"GET / HTTP/1.1\r\n\r\n"), None);
        assert_eq!(handshake.read(UPGRADE.as_bytes()), Some(UPGRADE.len()));
    }
}
