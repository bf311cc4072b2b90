//! One subscriber's connection.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
};

use mio::net::TcpStream;
use socket2::{Domain, Socket, Type};

use crate::{
    frame::{self, Header, Kind},
    payload::{Clock, StampReader},
    protocol::{Protocol, Step},
    receive::{Received, receive, take_whole},
    tally::Tally,
};

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Connecting,
    /// The request has been sent.
    Upgrading,
    Subscribing,
    Subscribed,
    Closed,
}

/// A WebSocket connection that subscribes once and counts what comes.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    pub(crate) stage: Stage,
    protocol: Protocol,
    /// The beginning of a frame whose rest has not come.
    rest: Vec<u8>,
    /// The number of the event that has to come next.
    next: u64,
}

/// What all connections of a crowd share.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) clock: Clock,
    pub(crate) tally: Tally,
    pub(crate) stamps: StampReader,
    /// What a read puts bytes in.
    pub(crate) buffer: Vec<u8>,
}

impl Connection {
    /// Begins to connect. `receive_buffer` is what the kernel may keep for it: bytes, its own choice by default.
    pub(crate) fn open(
        address: SocketAddr,
        protocol: Protocol,
        receive_buffer: Option<usize>,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        // A connection to this machine is there at once, or refused.
        socket.connect(&address.into())?;
        socket.set_nonblocking(true)?;
        let socket = TcpStream::from_std(socket.into());
        Ok(Self { socket, stage: Stage::Connecting, protocol, rest: Vec::new(), next: 0 })
    }

    /// Asks for the WebSocket.
    pub(crate) fn upgrade(&mut self, address: SocketAddr) -> io::Result<()> {
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n",
            self.protocol.path(),
            frame::KEY,
        );
        self.stage = Stage::Upgrading;
        self.socket.write_all(request.as_bytes())
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
        desk.tally.closed += 1;
    }

    fn take(&mut self, bytes: &[u8], desk: &mut Desk) {
        let now = desk.clock.now();
        let rest = std::mem::take(&mut self.rest);
        self.rest = take_whole(rest, bytes, |bytes| self.frames(bytes, desk, now));
    }

    /// Takes what is whole, and answers how many bytes that was.
    fn frames(&mut self, bytes: &[u8], desk: &mut Desk, now: u64) -> usize {
        let mut at = 0;
        if self.stage == Stage::Upgrading {
            let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return 0 };
            at = end + 4;
            if !bytes.starts_with(b"HTTP/1.1 101 ") {
                self.close(desk);
                return bytes.len();
            }
            self.stage = Stage::Subscribing;
            if let Some(first) = self.protocol.first() {
                self.send(Kind::Text, first.as_bytes(), desk);
            }
        }
        while let Some(header) = Header::read(&bytes[at..]) {
            let Some(payload) = bytes[at + header.length..].get(..header.payload) else { break };
            at += header.length + header.payload;
            match header.kind {
                Kind::Text => self.message(payload, desk, now),
                Kind::Ping => self.send(Kind::Pong, payload, desk),
                Kind::Pong => {}
                Kind::Close | Kind::Other => self.close(desk),
            }
        }
        at
    }

    fn message(&mut self, message: &[u8], desk: &mut Desk, now: u64) {
        if let Some(stamp) = desk.stamps.read(message) {
            self.next = desk.tally.count(stamp, self.next, now);
            if desk.tally.sample.is_empty() {
                desk.tally.sample = message.to_vec();
            }
            return;
        }
        match self.protocol.step(message) {
            Step::Send(text) => self.send(Kind::Text, text.as_bytes(), desk),
            Step::Subscribed => self.stage = Stage::Subscribed,
            Step::Nothing => {}
        }
    }

    /// So little is sent that there is always room for it.
    fn send(&mut self, kind: Kind, payload: &[u8], desk: &mut Desk) {
        if self.socket.write_all(&frame::from_client(kind, payload)).is_err() {
            self.close(desk);
        }
    }
}
