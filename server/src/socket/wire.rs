//! The socket below an outbox.

use std::{io, net::Shutdown, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use socket2::SockRef;
use tokio::net::TcpStream;

/// What an outbox needs of a socket. Tests put something else in its place, that takes as much as they say.
pub(crate) trait Wire: Send + Sync + std::fmt::Debug {
    /// Writes as much as is taken at once.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when that is nothing.
    fn try_write(&self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize>;

    /// Resolves when more may be taken.
    fn writable(&self) -> BoxFuture<'_, io::Result<()>>;

    /// Says to the peer that nothing follows.
    fn finish(&self);

    /// Ends the connection at once, and lets go of what the peer has not acknowledged.
    fn cut(&self);
}

impl Wire for TcpStream {
    fn try_write(&self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        match pieces {
            [piece] => Self::try_write(self, piece),
            _ => self.try_write_vectored(pieces),
        }
    }

    fn writable(&self) -> BoxFuture<'_, io::Result<()>> {
        Self::writable(self).boxed()
    }

    fn finish(&self) {
        // An error says that the peer has gone already.
        let _ = SockRef::from(self).shutdown(Shutdown::Write);
    }

    fn cut(&self) {
        let socket = SockRef::from(self);
        // Otherwise the kernel would keep trying, and keep what waits, long after us.
        let _ = socket.set_linger(Some(Duration::ZERO));
        let _ = socket.shutdown(Shutdown::Both);
    }
}
