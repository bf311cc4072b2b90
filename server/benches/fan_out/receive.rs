//! Takes bytes from a socket, and keeps the beginning of what is not whole yet.

use std::io::{ErrorKind, Read as _};

use mio::net::TcpStream;

/// What a read of a socket has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// This many bytes. `all`: the socket has no more, and mio says when it has.
    Bytes { length: usize, all: bool },
    /// Nothing: the socket has no more.
    Nothing,
    /// The connection is closed.
    End,
}

/// Reads once.
pub(crate) fn receive(socket: &mut TcpStream, buffer: &mut [u8]) -> Received {
    loop {
        match socket.read(buffer) {
            Ok(0) => return Received::End,
            Ok(length) => return Received::Bytes { length, all: length < buffer.len() },
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Received::Nothing,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Received::End,
        }
    }
}

/// Hands `rest` and `bytes` to `take`, which says how many of them were whole. Returns the others.
pub(crate) fn take_whole(
    mut rest: Vec<u8>,
    bytes: &[u8],
    take: impl FnOnce(&[u8]) -> usize,
) -> Vec<u8> {
    if rest.is_empty() {
        let taken = take(bytes);
        rest.extend_from_slice(&bytes[taken..]);
    } else {
        rest.extend_from_slice(bytes);
        let taken = take(&rest);
        rest.drain(..taken);
    }
    rest
}
