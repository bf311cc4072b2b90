//! The socket below an outbox.

#[cfg(test)]
use std::sync::Arc;
use std::{
    io,
    net::Shutdown,
    task::{Context, Poll, ready},
    time::Duration,
};

use socket2::SockRef;
use tokio::{io::ReadBuf, net::TcpStream};

#[cfg(test)]
use super::Tape;

/// The socket below an outbox.
#[derive(Debug)]
pub(crate) enum Wire {
    /// A client's.
    Tcp(TcpStream),
    /// A test's, that takes as much as it says.
    #[cfg(test)]
    Tape(Arc<Tape>),
}

impl Wire {
    /// Writes as much as is taken at once. It asks the kernel without looking at what tokio knows of the
    /// socket: of a thousand sockets, that would be a thousand more lines of memory to fetch.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is taken.
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => SockRef::from(stream).send(bytes),
            #[cfg(test)]
            Self::Tape(tape) => tape.try_write(&[io::IoSlice::new(bytes)]),
        }
    }

    /// Reads what is there, or waits for something; nothing at the end.
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => loop {
                ready!(stream.poll_read_ready(cx))?;
                match stream.try_read_buf(buf) {
                    Ok(_) => return Poll::Ready(Ok(())),
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    Err(e) => return Poll::Ready(Err(e)),
                }
            },
            #[cfg(test)]
            Self::Tape(_) => Poll::Pending,
        }
    }

    /// Writes as much as is taken at once.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is taken: then [`Wire::writable`] knows when to try again.
    pub(super) fn try_write(&self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => match pieces {
                [piece] => stream.try_write(piece),
                _ => stream.try_write_vectored(pieces),
            },
            #[cfg(test)]
            Self::Tape(tape) => tape.try_write(pieces),
        }
    }

    /// Resolves when more may be taken.
    pub(super) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.writable().await,
            #[cfg(test)]
            Self::Tape(tape) => tape.writable().await,
        }
    }

    /// Says to the peer that nothing follows.
    pub(super) fn finish(&self) {
        match self {
            // An error says that the peer has gone already.
            Self::Tcp(stream) => drop(SockRef::from(stream).shutdown(Shutdown::Write)),
            #[cfg(test)]
            Self::Tape(tape) => tape.finish(),
        }
    }

    /// Ends the connection at once, and lets go of what the peer has not acknowledged.
    pub(super) fn cut(&self) {
        match self {
            Self::Tcp(stream) => {
                let socket = SockRef::from(stream);
                // Otherwise the kernel would keep trying, and keep what waits, long after us.
                let _ = socket.set_linger(Some(Duration::ZERO));
                let _ = socket.shutdown(Shutdown::Both);
            }
            #[cfg(test)]
            Self::Tape(tape) => tape.cut(),
        }
    }
}
