//! A query's round trip.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use crate::{
    error::BoxError,
    figures::RoundTrips,
    frame::{self, Header, Kind},
};

/// The time between the beginnings of two calls.
const EVERY: Duration = Duration::from_millis(2);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
const CALL: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"userById","params":{"id":"1"}}"#;

/// One connection that calls `userById` again and again, the next one after the answer.
#[derive(Debug)]
pub(crate) struct Caller {
    socket: TcpStream,
    buffer: Vec<u8>,
}

impl Caller {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self, BoxError> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        write!(
            socket,
            "GET /rpc HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n\r\n",
            frame::KEY
        )?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            socket.read_exact(&mut byte)?;
            answer.extend_from_slice(&byte);
        }
        if !answer.starts_with(b"HTTP/1.1 101 ") {
            return Err("the server refused a caller".into());
        }
        Ok(Self { socket, buffer: vec![0; 4096] })
    }

    /// Calls at a steady pace. A call that has to wait for the answer to the one before is counted as if it had been
    /// made when it was due, for that is what a user would have waited.
    pub(crate) fn measure(&mut self, time: Duration) -> Result<RoundTrips, BoxError> {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let mut times = Histogram::<u64>::new_with_max(nanos(PATIENCE), 3)?;
        let start = Instant::now();
        let mut due = start;
        while start.elapsed() < time {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let began = Instant::now();
            self.call()?;
            times.record_correct(nanos(began.elapsed()), nanos(EVERY))?;
            while due <= Instant::now() {
                due += EVERY;
            }
        }
        let micros = |quantile| times.value_at_quantile(quantile) as f64 / 1e3;
        Ok(RoundTrips { calls: times.len(), p50_us: micros(0.5), p99_us: micros(0.99) })
    }

    fn call(&mut self) -> Result<(), BoxError> {
        self.socket.write_all(&frame::from_client(Kind::Text, CALL))?;
        loop {
            let (kind, payload) = self.frame()?;
            match kind {
                Kind::Text if payload.starts_with(br#"{"jsonrpc":"2.0","id":1,"result":"#) => {
                    return Ok(());
                }
                Kind::Ping => self.socket.write_all(&frame::from_client(Kind::Pong, &payload))?,
                _ => {
                    return Err(format!("not an answer: {}", payload.escape_ascii()).into());
                }
            }
        }
    }

    /// The next frame. The server sends none but those that it was asked for, so one read has one frame or a part of it.
    fn frame(&mut self) -> Result<(Kind, Vec<u8>), BoxError> {
        let mut length = 0;
        loop {
            let read = self.socket.read(&mut self.buffer[length..])?;
            if read == 0 {
                return Err("the server hung up on a caller".into());
            }
            length += read;
            if let Some(header) = Header::read(&self.buffer[..length]) {
                let end = header.length + header.payload;
                if length >= end {
                    return Ok((header.kind, self.buffer[header.length..end].to_vec()));
                }
            }
        }
    }
}
