//! A connection with many subscriptions.

use std::{
    io::{ErrorKind, Write as _},
    net::SocketAddr,
    ops::Range,
};

use memchr::memmem;
use mio::net::TcpStream;

use super::{
    language::{Language, Said},
    ledger::Ledger,
};
use crate::{
    error::BoxError,
    frame::{self, Header, Kind},
    payload::StampReader,
    receive::{Received, receive, take_whole},
};

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Upgrading,
    Greeting,
    Open,
    Closed,
}

/// One client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) socket: TcpStream,
    stage: Stage,
    /// The channels that it subscribes to.
    channels: Range<u32>,
    /// By channel: the number of the event that has to come next.
    next: Vec<u32>,
    /// The beginning of a frame whose rest has not come.
    rest: Vec<u8>,
    /// What the socket has had no room for.
    unsent: Vec<u8>,
    /// Whether it subscribes by itself as soon as it can.
    returns: bool,
}

/// What all clients of a thread share.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) language: Language,
    /// What the channels' names begin with. Their numbers follow.
    pub(crate) names: &'static str,
    /// How many channels there are: an event's number is its number within its channel, times this, plus its
    /// channel's number.
    pub(crate) channels: u32,
    pub(crate) ledger: Ledger,
    pub(crate) stamps: StampReader,
    pub(crate) buffer: Vec<u8>,
}

impl Client {
    /// Connects, and asks for the WebSocket.
    pub(crate) fn open(
        address: SocketAddr,
        language: Language,
        channels: Range<u32>,
    ) -> Result<Self, BoxError> {
        // A connection to this machine is there at once, or refused.
        let mut socket = std::net::TcpStream::connect(address)?;
        write!(
            socket,
            "GET {} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n",
            language.path(),
            frame::KEY,
        )?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: TcpStream::from_std(socket),
            stage: Stage::Upgrading,
            next: vec![0; channels.len()],
            channels,
            rest: Vec::new(),
            unsent: Vec::new(),
            returns: false,
        })
    }

    /// Connects once more, and subscribes to all its channels.
    pub(crate) fn reopen(
        &mut self,
        address: SocketAddr,
        language: Language,
    ) -> Result<(), BoxError> {
        let next = std::mem::take(&mut self.next);
        let new = Self::open(address, language, self.channels.clone())?;
        *self = Self { next, returns: true, ..new };
        Ok(())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    pub(crate) fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    /// Subscribes to all its channels: all calls in one write.
    pub(crate) fn subscribe(&mut self, desk: &mut Desk) {
        for channel in self.channels.clone() {
            let call = desk.language.subscribe(desk.names, channel);
            self.unsent.extend_from_slice(&frame::from_client(Kind::Text, call.as_bytes()));
        }
        self.flush(desk);
    }

    /// Subscribes to one channel once more.
    pub(crate) fn subscribe_to(&mut self, channel: u32, desk: &mut Desk) {
        let call = desk.language.subscribe(desk.names, channel);
        self.send(Kind::Text, call.as_bytes(), desk);
    }

    /// Writes as much as there is room for.
    pub(crate) fn flush(&mut self, desk: &mut Desk) {
        while !self.unsent.is_empty() && self.stage != Stage::Closed {
            match self.socket.write(&self.unsent) {
                Ok(written) => drop(self.unsent.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.close(desk),
            }
        }
    }

    /// Reads all there is.
    pub(crate) fn read(&mut self, desk: &mut Desk) {
        let mut buffer = std::mem::take(&mut desk.buffer);
        while self.stage != Stage::Closed {
            match receive(&mut self.socket, &mut buffer) {
                Received::Bytes { length, all } => {
                    self.take(&buffer[..length], desk);
                    if all {
                        break;
                    }
                }
                Received::Nothing => break,
                Received::End => self.close(desk),
            }
        }
        desk.buffer = buffer;
    }

    fn close(&mut self, desk: &mut Desk) {
        self.stage = Stage::Closed;
        desk.ledger.closed += 1;
    }

    fn take(&mut self, bytes: &[u8], desk: &mut Desk) {
        let now = desk.ledger.clock.now();
        let rest = std::mem::take(&mut self.rest);
        self.rest = take_whole(rest, bytes, |bytes| self.frames(bytes, desk, now));
        if self.rest.is_empty() {
            // Thousands of clients would keep it.
            self.rest = Vec::new();
        }
    }

    /// Takes what is whole, and answers how many bytes that was.
    fn frames(&mut self, bytes: &[u8], desk: &mut Desk, now: u64) -> usize {
        let mut at = 0;
        if self.stage == Stage::Upgrading {
            let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return 0 };
            at = end + 4;
            if !bytes.starts_with(b"HTTP/1.1 101 ") {
                self.close(desk);
                return bytes.len();
            }
            self.stage = Stage::Greeting;
            match desk.language.greeting() {
                Some(greeting) => self.send(Kind::Text, greeting.as_bytes(), desk),
                None => self.opened(desk),
            }
        }
        while let Some(header) = Header::read(&bytes[at..]) {
            let Some(payload) = bytes[at + header.length..].get(..header.payload) else { break };
            at += header.length + header.payload;
            match header.kind {
                Kind::Text => {
                    let mut from = 0;
                    while from < payload.len() {
                        let range = desk.language.next(payload, from);
                        from = range.end + 1;
                        self.message(&payload[range], desk, now);
                    }
                }
                Kind::Ping => self.send(Kind::Pong, payload, desk),
                Kind::Pong => {}
                Kind::Close | Kind::Other => self.close(desk),
            }
        }
        at
    }

    fn opened(&mut self, desk: &mut Desk) {
        self.stage = Stage::Open;
        if std::mem::take(&mut self.returns) {
            self.subscribe(desk);
        }
    }

    fn message(&mut self, message: &[u8], desk: &mut Desk, now: u64) {
        match desk.language.hear(message, &mut desk.stamps) {
            Said::Event(stamp) => {
                let channels = u64::from(desk.channels);
                let channel = u32::try_from(stamp.number % channels).unwrap_or(u32::MAX);
                let event = u32::try_from(stamp.number / channels).unwrap_or(u32::MAX);
                let place = channel.wrapping_sub(self.channels.start) as usize;
                if let Some(next) = self.next.get_mut(place) {
                    desk.ledger.message_bytes = message.len();
                    desk.ledger.count(stamp, channel, event, next, now);
                }
            }
            Said::Welcome => self.opened(desk),
            Said::Live => desk.ledger.live += 1,
            Said::Refused(channel, reason) => desk.ledger.refuse(channel, reason),
            Said::Gap => desk.ledger.gaps += 1,
            Said::Down => desk.ledger.told_down += 1,
            Said::Up => {
                desk.ledger.told_up += 1;
                desk.ledger.told_up_at = now;
            }
            Said::Ended(channel) => {
                desk.ledger.ended += 1;
                desk.ledger.live = desk.ledger.live.saturating_sub(1);
                // Tidings names the subscription and not the channel; it ends only those of clients that have one.
                let only = (self.channels.len() == 1).then_some(self.channels.start);
                if let Some(channel) = channel.or(only) {
                    self.subscribe_to(channel, desk);
                }
            }
            Said::Ping => self.send(Kind::Text, b"{}", desk),
            Said::Nothing => {}
        }
    }

    fn send(&mut self, kind: Kind, payload: &[u8], desk: &mut Desk) {
        self.unsent.extend_from_slice(&frame::from_client(kind, payload));
        self.flush(desk);
    }
}
