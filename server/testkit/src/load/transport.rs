//! How a subscriber talks to the server.

/// How a subscriber talks to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// JSON-RPC over WebSocket.
    WebSocket,
    /// Server-sent events.
    EventStream,
    /// One long poll after the other, on one connection.
    LongPoll,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::EventStream, Self::LongPoll];

    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "WebSocket",
            Self::EventStream => "server-sent events",
            Self::LongPoll => "long poll",
        }
    }
}
