//! The client's end of a connection: its subscriptions, what it calls, and what waits for it to read.
//!
//! jsonrpsee serves the WebSocket, and is given a [`Socket`] that puts what it writes into the same outbox as
//! the hub's frames. So an event costs one system call and wakes nobody, and what a client does not read is
//! bounded here, for all that is sent to it.

mod calls;
mod close;
mod connection;
mod drain;
mod encoding;
mod exchange;
mod frame;
mod handshake;
mod ids;
mod inbound;
mod io;
mod lane;
#[cfg(test)]
mod model;
mod notice;
mod outbox;
mod queue;
mod subscriptions;
#[cfg(test)]
mod tape;
mod terms;
#[cfg(test)]
mod tests;
mod tracker;
mod wire;

pub(crate) use calls::{Call, MessageId};
pub(crate) use close::CloseCode;
pub(crate) use connection::{Connection, Cork};
pub(crate) use encoding::{Frames, Transport};
pub(crate) use exchange::Exchange;
pub(crate) use frame::Frame;
pub(crate) use io::Socket;
pub(crate) use lane::{Gone, Lane, Pushed};
pub(crate) use notice::{Notice, Version};
pub(crate) use outbox::Kind;
pub(crate) use subscriptions::{Claim, TooManySubscriptions};
#[cfg(test)]
pub(crate) use tape::Tape;
pub(crate) use terms::Terms;
pub(crate) use wire::Wire;
