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

    /// Asks for the WebSocket, or for what the protocol has in its place.
    pub(crate) fn upgrade(&mut self, address: SocketAddr) -> io::Result<()> {
        let path = self.protocol.path();
        match self.protocol {
            Protocol::EventStream => {
                self.stage = Stage::Upgrading;
                return write!(self.socket, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
            }
            Protocol::LongPoll => {
                self.stage = Stage::Subscribing;
                return write!(
                    self.socket,
                    "GET {path}&waitMs=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                );
            }
            Protocol::JsonRpc | Protocol::Trpc | Protocol::SocketIo => {}
        }
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n",
            path,
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
        self.rest = take_whole(rest, bytes, |bytes| match self.protocol {
            Protocol::EventStream => self.messages(bytes, desk, now),
            Protocol::LongPoll => self.answers(bytes, desk, now),
            Protocol::JsonRpc | Protocol::Trpc | Protocol::SocketIo => {
                self.frames(bytes, desk, now)
            }
        });
    }

    /// Takes the messages of an event stream that are whole, and answers how many bytes that was. The sizes of chunks
    /// stand between messages, since the server makes each message a chunk.
    fn messages(&mut self, bytes: &[u8], desk: &mut Desk, now: u64) -> usize {
        let mut at = 0;
        if self.stage == Stage::Upgrading {
            let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return 0 };
            at = end + 4;
            if !bytes.starts_with(b"HTTP/1.1 200 ") {
                self.close(desk);
                return bytes.len();
            }
            self.stage = Stage::Subscribing;
        }
        while let Some(length) = memchr::memmem::find(&bytes[at..], b"\n\n") {
            self.message(&bytes[at..at + length], desk, now);
            at += length + 2;
        }
        at
    }

    /// Takes the answer to a poll if it is whole, asks again, and answers how many bytes that was.
    fn answers(&mut self, bytes: &[u8], desk: &mut Desk, now: u64) -> usize {
        let Some(head) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return 0 };
        if !bytes.starts_with(b"HTTP/1.1 200 ") {
            self.close(desk);
            return bytes.len();
        }
        let Some(length) = number_after(&bytes[..head + 4], b"content-length: ") else {
            self.close(desk);
            return bytes.len();
        };
        let Some(body) = bytes.get(head + 4..head + 4 + length) else { return 0 };
        self.message(body, desk, now);
        let (path, cursor) = (self.protocol.path(), cursor(body).unwrap_or_default());
        let request = format!(
            "GET {path}&waitMs=55000&lastEventId={cursor} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        );
        if self.socket.write_all(request.as_bytes()).is_err() {
            self.close(desk);
        }
        head + 4 + length
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

/// The number behind a name.
fn number_after(text: &[u8], name: &[u8]) -> Option<usize> {
    let from = memchr::memmem::find(text, name)? + name.len();
    let end = from + text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[from..end]).ok()?.parse().ok()
}

/// The cursor of the answer to a poll.
fn cursor(body: &[u8]) -> Option<&str> {
    let name = br#""lastEventId":""#;
    let from = memchr::memmem::find(body, name)? + name.len();
    let length = memchr::memchr(b'"', &body[from..])?;
    std::str::from_utf8(&body[from..from + length]).ok()
}
