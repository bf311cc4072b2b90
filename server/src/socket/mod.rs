//! The client's end of a connection: what it has subscribed to, and what waits for it to read.

mod backlog;
mod connection;
mod frame;

pub use backlog::{Backlog, BacklogReader, Kind, Pushed, backlog};
pub use connection::{Claim, Connection, Opening, TooManySubscriptions};
pub use frame::Frame;
