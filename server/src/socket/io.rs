//! A TCP connection as jsonrpsee is given it.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Connection, inbound::Inbound};

/// A TCP connection as jsonrpsee is given it: what is read passes by, what is written goes through the outbox.
/// Dropping it ends the connection's subscriptions.
#[derive(Debug)]
pub struct Socket {
    connection: Arc<Connection>,
    inbound: Inbound,
}

impl Socket {
    /// The socket of a connection.
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Self { connection, inbound: Inbound::default() }
    }

    /// Looks at what was read, and answers whether jsonrpsee is to see it.
    fn take(&mut self, bytes: &[u8]) -> bool {
        let connection = &self.connection;
        if !connection.is_websocket() || bytes.is_empty() {
            return true;
        }
        if connection.is_closed() {
            return false;
        }
        match self.inbound.read(bytes, connection.terms().max_request_bytes) {
            Ok(read) => {
                connection.calls.begin(read.messages);
                if read.close {
                    connection.peer_closes();
                }
                true
            }
            Err(code) => {
                connection.close(code);
                false
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.connection.calls.poll_room(cx));
        loop {
            let before = buf.filled().len();
            match ready!(this.connection.wire.poll_read(cx, buf)) {
                Ok(()) if this.take(&buf.filled()[before..]) => return Poll::Ready(Ok(())),
                // A closed WebSocket is read to its end, so that the client sees our close frame and no reset.
                Ok(()) => buf.set_filled(before),
                Err(e) => return Poll::Ready(Err(e)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.poll_write(cx, bytes).map(Ok)
    }

    /// What is in the outbox will be written.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.connection.poll_written(cx));
        self.connection.wire.finish();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.connection.closed();
    }
}
