//! The client's end of a connection: its subscriptions, what it calls, and what waits for it to read.
//!
//! jsonrpsee serves the WebSocket, and is given a [`Socket`] that puts what it writes into the same outbox as
//! the hub's frames. So an event costs one system call and wakes nobody, and what a client does not read is
//! bounded here, for all that is sent to it.

mod calls;
mod close;
mod connection;
mod drain;
mod frame;
mod inbound;
mod io;
mod lane;
#[cfg(test)]
mod model;
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

pub use calls::Call;
pub use close::CloseCode;
pub use connection::{Connection, Cork};
pub use frame::Frame;
pub use io::Socket;
pub use lane::{Gone, Lane, Pushed};
pub use outbox::Kind;
pub use subscriptions::{Claim, Held, Opening, TooManySubscriptions};
#[cfg(test)]
pub(crate) use tape::Tape;
pub use terms::Terms;
pub(crate) use wire::Wire;
