//! A TCP connection as jsonrpsee is given it.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    Connection, Frame,
    handshake::Handshake,
    inbound::{Inbound, Message},
};
use crate::envelope;

/// How much of what has come early is looked at together. A message may end after a few bytes of it, and then the rest is
/// looked at again.
const EARLY_BYTES: usize = 1024;

/// A TCP connection as jsonrpsee is given it: what is read passes by, what is written goes through the outbox.
/// Dropping it ends the connection's subscriptions.
#[derive(Debug)]
pub(crate) struct Socket {
    connection: Arc<Connection>,
    phase: Phase,
}

/// What is read.
#[derive(Debug)]
enum Phase {
    Http(Handshake),
    /// A request that may begin a WebSocket has been handed on. What has come behind it waits for the answer.
    Asked {
        behind: Bytes,
        reader: Option<Waker>,
    },
    /// Frames, and those that have come before they are due: behind the handshake, or behind a message that has not
    /// started.
    WebSocket {
        inbound: Inbound,
        early: Bytes,
        /// The message that jsonrpsee is being given, as a frame.
        due: Bytes,
        /// The answer to a message that jsonrpsee is not given. Nothing is read while it waits for room.
        refusal: Option<Frame>,
    },
}

impl Socket {
    /// The socket of a connection.
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Self { connection, phase: Phase::Http(Handshake::default()) }
    }

    /// Looks at what has been read into `buf` from `before` on, and leaves what is for jsonrpsee. False when it
    /// has to wait for something else.
    fn take(&mut self, buf: &mut ReadBuf<'_>, before: usize) -> bool {
        let bytes = &mut buf.filled_mut()[before..];
        if bytes.is_empty() {
            // Nobody is there to be told why it was closed.
            self.connection.peer_closes();
            return true;
        }
        match &mut self.phase {
            Phase::Http(handshake) => {
                if let Some(end) = handshake.read(bytes) {
                    let behind = Bytes::copy_from_slice(&bytes[end..]);
                    self.phase = Phase::Asked { behind, reader: None };
                    self.connection.let_upgrade(true);
                    buf.set_filled(before + end);
                } else if handshake.is_http_2() {
                    // To hyper, that is the end.
                    buf.set_filled(before);
                    self.connection.cut();
                }
                true
            }
            Phase::Asked { .. } => true,
            Phase::WebSocket { early, .. } if self.connection.is_closed() => {
                *early = Bytes::new();
                // It is read to its end, so that the client sees our close frame and no reset.
                buf.set_filled(before);
                false
            }
            Phase::WebSocket { inbound, early, due, refusal } => {
                let limit = self.connection.terms().max_request_bytes;
                match inbound.read(bytes, limit) {
                    Ok(read) => {
                        if let Some(message) = read.message {
                            match check(message, limit) {
                                Ok(frame) => {
                                    self.connection.calls.begin();
                                    *due = frame.into();
                                }
                                Err(answer) => *refusal = Some(answer),
                            }
                        }
                        if !early.is_empty() {
                            early.advance(read.bytes);
                        } else if read.bytes < bytes.len() {
                            *early = Bytes::copy_from_slice(&bytes[read.bytes..]);
                        }
                        if read.close {
                            self.connection.peer_closes();
                        }
                        buf.set_filled(before + read.kept);
                        read.kept > 0
                    }
                    Err(code) => {
                        self.connection.close(code);
                        buf.set_filled(before);
                        false
                    }
                }
            }
        }
    }

    /// Goes on when a request that may begin a WebSocket has been answered: as that, or as HTTP.
    fn poll_answered(&mut self, cx: &Context<'_>) -> Poll<()> {
        if let Phase::Asked { behind, reader } = &mut self.phase {
            if self.connection.is_websocket() {
                let (inbound, early) = (Inbound::default(), std::mem::take(behind));
                self.phase = Phase::WebSocket { inbound, early, due: Bytes::new(), refusal: None };
            } else if self.connection.may_upgrade() {
                *reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

/// The frame with which jsonrpsee is given a message, or the answer to a message that it must not be given.
fn check(message: Message, limit: u64) -> Result<Frame, Frame> {
    let checked = match message {
        Message::Whole(mut text) => envelope::check(&mut text).map(|()| Frame::text(&text)),
        Message::TooLarge => Err(envelope::too_large(limit)),
    };
    checked.map_err(|answer| Frame::text(answer.as_json().get().as_bytes()))
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_answered(cx));
        loop {
            if let Phase::WebSocket { due, refusal, .. } = &mut this.phase {
                if !due.is_empty() {
                    let here = due.len().min(buf.remaining());
                    buf.put_slice(&due.split_to(here));
                    return Poll::Ready(Ok(()));
                }
                ready!(this.connection.poll_answer(cx, refusal));
            }
            if !this.connection.is_closed() {
                ready!(this.connection.calls.poll_room(cx));
            }
            let before = buf.filled().len();
            match &mut this.phase {
                Phase::Asked { behind, .. } if !behind.is_empty() => {
                    let here = behind.len().min(buf.remaining());
                    buf.put_slice(&behind.split_to(here));
                }
                // `take` says how much of it is read.
                Phase::WebSocket { early, .. } if !early.is_empty() => {
                    let here = early.len().min(buf.remaining()).min(EARLY_BYTES);
                    buf.put_slice(&early[..here]);
                }
                Phase::Asked { .. } => {
                    this.phase = Phase::Http(Handshake::later());
                    continue;
                }
                _ => {
                    let read = ready!(this.connection.wire.poll_read(cx, buf));
                    read.inspect_err(|error| this.connection.lost(error))?;
                }
            }
            if this.take(buf, before) {
                return Poll::Ready(Ok(()));
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
        let this = self.get_mut();
        match &mut this.phase {
            // The answer to what was asked, whatever it is.
            Phase::Asked { reader, .. } => {
                this.connection.let_upgrade(false);
                if let Some(reader) = reader.take() {
                    reader.wake();
                }
            }
            Phase::Http(handshake) => *handshake = Handshake::later(),
            Phase::WebSocket { .. } => {}
        }
        this.connection.poll_write(cx, bytes).map(Ok)
    }

    /// What is in the outbox will be written.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !matches!(self.phase, Phase::WebSocket { .. }) {
            self.connection.flushed();
        }
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
