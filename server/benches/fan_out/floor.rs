//! The bare floor: one Valkey subscription, frames made by hand, one write for each socket. No RPC, no checks. What this
//! costs is what the kernel costs.

use std::{
    env,
    io::{self, ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use memchr::memmem;
use mio::{
    Events, Interest, Poll, Registry, Token,
    net::{TcpListener, TcpStream},
};

use crate::{
    broker::CHANNEL,
    error::BoxError,
    frame::{self, ACCEPT},
};

const LISTENER: Token = Token(0);
const VALKEY: Token = Token(1);
const FIRST_CLIENT: usize = 2;
/// How soon a client that could not take all is tried again.
const RETRY: Duration = Duration::from_millis(1);

/// One client.
#[derive(Debug)]
struct Client {
    socket: TcpStream,
    upgraded: bool,
    subscribed: bool,
    /// What it could not take yet.
    rest: Vec<u8>,
}

/// Serves until it is killed, on `PORT`, with Valkey on `VALKEY_PORT`.
pub(crate) fn serve() -> Result<(), BoxError> {
    let number = |name| -> Result<u16, BoxError> { Ok(env::var(name)?.parse()?) };
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let instance = env::var("INSTANCE")?;
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(local(number("PORT")?))?;
    let mut valkey = std::net::TcpStream::connect(local(number("VALKEY_PORT")?))?;
    write!(valkey, "*2\r\n$9\r\nSUBSCRIBE\r\n${}\r\n{CHANNEL}\r\n", CHANNEL.len())?;
    valkey.set_nonblocking(true)?;
    let mut valkey = TcpStream::from_std(valkey);
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    poll.registry().register(&mut valkey, VALKEY, Interest::READABLE)?;
    announce();

    let mut clients = Vec::<Client>::new();
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 256 * 1024];
    let mut incoming = Vec::new();
    let mut frames = Vec::new();
    let mut waiting = false;
    loop {
        poll.poll(&mut events, waiting.then_some(RETRY))?;
        for event in &events {
            match event.token() {
                LISTENER => accept(&listener, poll.registry(), &mut clients)?,
                VALKEY => {
                    while let Some(length) = read(&mut valkey, &mut buffer)? {
                        if length == 0 {
                            return Err("Valkey is gone".into());
                        }
                        incoming.extend_from_slice(&buffer[..length]);
                    }
                    let taken = encode(&incoming, &instance, &mut frames);
                    incoming.drain(..taken);
                }
                Token(client) => clients[client - FIRST_CLIENT].listen(&mut buffer),
            }
        }
        if waiting || !frames.is_empty() {
            waiting = false;
            for client in clients.iter_mut().filter(|client| client.subscribed) {
                waiting |= client.send(&frames);
            }
            frames.clear();
        }
    }
}

#[expect(clippy::print_stdout, reason = "the bench waits for this line")]
pub(crate) fn announce() {
    println!("listening");
}

fn accept(
    listener: &TcpListener,
    registry: &Registry,
    clients: &mut Vec<Client>,
) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((mut socket, _)) => {
                socket.set_nodelay(true)?;
                let token = Token(FIRST_CLIENT + clients.len());
                registry.register(&mut socket, token, Interest::READABLE)?;
                let rest = Vec::new();
                clients.push(Client { socket, upgraded: false, subscribed: false, rest });
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

impl Client {
    /// What it sends first is its request, and what it sends then is its subscribe call: nothing of it is looked at.
    fn listen(&mut self, buffer: &mut [u8]) {
        while let Ok(Some(length)) = read(&mut self.socket, buffer) {
            if length == 0 {
                self.subscribed = false;
                return;
            }
            let mut answer = Vec::new();
            if !self.upgraded {
                self.upgraded = true;
                answer.extend_from_slice(
                    format!(
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                         Connection: Upgrade\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
                    )
                    .as_bytes(),
                );
            } else if !self.subscribed {
                self.subscribed = true;
                frame::write_text(&mut answer, &[br#"{"type":"started"}"#]);
            }
            self.send(&answer);
        }
    }

    /// Writes once, and answers whether something is left.
    fn send(&mut self, bytes: &[u8]) -> bool {
        if self.rest.is_empty() {
            let written = self.write(bytes);
            self.rest.extend_from_slice(&bytes[written..]);
        } else {
            let mut all = std::mem::take(&mut self.rest);
            all.extend_from_slice(bytes);
            let written = self.write(&all);
            all.drain(..written);
            self.rest = all;
        }
        !self.rest.is_empty()
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        match self.socket.write(bytes) {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            // It is gone.
            Err(_) => {
                self.subscribed = false;
                bytes.len()
            }
        }
    }
}

/// Reads once; `None` when there is nothing.
fn read(socket: &mut TcpStream, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    match socket.read(buffer) {
        Ok(length) => Ok(Some(length)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a frame of each whole message that Valkey has sent, and answers how many bytes those were.
fn encode(incoming: &[u8], instance: &str, frames: &mut Vec<u8>) -> usize {
    let mut taken = 0;
    while let Some((payload, length)) = message(&incoming[taken..]) {
        taken += length;
        let Some((event, json)) = header(payload) else { continue };
        let event = format!(
            r#"{{"jsonrpc":"2.0","method":"onUpdates","params":{{"subscription":1,"result":{{"type":"data",{event},"instance":"{instance}","data":"#
        );
        frame::write_text(frames, &[event.as_bytes(), json, b"}}}"]);
    }
    taken
}

/// The third part of Valkey's answer `*3 $7 message $… channel $… payload`, and the answer's length. Without payload
/// where it is the answer to SUBSCRIBE.
fn message(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let mut at = line(bytes, 0)?.1;
    let mut part = &bytes[..0];
    for _ in 0..3 {
        let (text, next) = line(bytes, at)?;
        at = next;
        if let Some(length) = text.strip_prefix(b"$") {
            let length = std::str::from_utf8(length).ok()?.parse::<usize>().ok()?;
            part = bytes.get(at..at + length)?;
            at += length + 2;
        } else {
            part = &bytes[..0];
        }
    }
    (at <= bytes.len()).then_some((part, at))
}

fn line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let length = memmem::find(bytes.get(at..)?, b"\r\n")?;
    Some((&bytes[at..at + length], at + length + 2))
}

/// An event's id and time as members of JSON, and its payload.
pub(crate) fn header(message: &[u8]) -> Option<(String, &[u8])> {
    let end = memchr::memchr(b'\n', message)?;
    let line = std::str::from_utf8(&message[..end]).ok()?;
    let mut words = line.split(' ').skip(1);
    let (epoch, offset, at) = (words.next()?, words.next()?, words.next()?);
    Some((format!(r#""id":"{epoch}:{offset}","publishedAt":{at}"#), &message[end + 1..]))
}
