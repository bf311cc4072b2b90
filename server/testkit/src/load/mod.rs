//! Publishers and subscribers by the thousand, and what became of each event.
//!
//! They know the protocol, and nothing of the server that speaks it. A payload is a list of one user, whose `id` is
//! the event's number in its channel, from 1, and whose `name` is when it was published.
//!
//! - [`Place`]: where publishers find Valkey
//! - [`Publisher`]: publishes, and knows exactly what was published
//! - [`Stream`]: publishers that go on at a steady rate
//! - [`Subscriber`]: one client, which comes back after whatever happens to it
//! - [`Transport`]: how it talks to the server
//! - [`Crowd`]: many subscribers
//! - [`Multitude`]: many subscriptions of few connections; [`sweep`]: an event for each of their channels
//! - [`Record`]: what one subscriber saw
//! - [`Verdict`]: whether that is what it was promised

mod crowd;
mod event_stream;
mod http;
mod intake;
mod long_poll;
mod message;
mod multitude;
mod payload;
mod place;
mod publisher;
mod record;
mod stream;
mod subscriber;
mod sweep;
mod transport;
mod verdict;
mod web_socket;

pub use crowd::{Crowd, Stuck};
pub use multitude::Multitude;
pub use place::Place;
pub use publisher::Publisher;
pub use record::{Entry, Record, Resume};
pub use stream::Stream;
pub use subscriber::{Progress, Subscriber};
pub use sweep::sweep;
pub use transport::Transport;
pub use verdict::{Promise, Verdict};
