//! What the clients of each server say until they are subscribed.

use memchr::memmem;

/// How a server's clients talk to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Tidings; and the servers that send what Tidings sends.
    JsonRpc,
    Trpc,
    SocketIo,
    /// Server-sent events.
    EventStream,
    /// One long poll after the other.
    LongPoll,
}

/// What to do about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Send(&'static str),
    /// From now on, every event must come.
    Subscribed,
    Nothing,
}

impl Protocol {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::JsonRpc => "/rpc",
            Self::Trpc => "/",
            Self::SocketIo => "/socket.io/?EIO=4&transport=websocket",
            Self::EventStream => "/sse/onUpdates?input=%7B%22channel%22%3A%22list-1%22%7D",
            Self::LongPoll => "/poll/onUpdates?input=%7B%22channel%22%3A%22list-1%22%7D",
        }
    }

    /// What a client says first.
    pub(crate) fn first(self) -> Option<&'static str> {
        match self {
            Self::JsonRpc => Some(
                r#"{"jsonrpc":"2.0","id":1,"method":"onUpdates","params":{"channel":"list-1"}}"#,
            ),
            Self::Trpc => Some(
                r#"{"id":1,"method":"subscription","params":{"path":"onUpdates","input":{"channel":"list-1"}}}"#,
            ),
            Self::SocketIo | Self::EventStream | Self::LongPoll => None,
        }
    }

    /// What a client does about a message that is no event.
    pub(crate) fn step(self, message: &[u8]) -> Step {
        match self {
            Self::JsonRpc | Self::Trpc | Self::EventStream => {
                match memmem::find(message, br#""type":"started""#) {
                    Some(_) => Step::Subscribed,
                    None => Step::Nothing,
                }
            }
            // The first answer has a cursor, and no event.
            Self::LongPoll => Step::Subscribed,
            // Engine.IO: 0 open, 2 ping, 3 pong, 4 message; in it, Socket.IO: 0 connect, 2 event, 3 acknowledgement.
            Self::SocketIo => match message {
                [b'0', ..] => Step::Send("40"),
                [b'2'] => Step::Send("3"),
                [b'4', b'0', ..] => Step::Send(r#"420["subscribe",{"channel":"list-1"}]"#),
                [b'4', b'3', ..] => Step::Subscribed,
                _ => Step::Nothing,
            },
        }
    }
}
