//! Publishers and subscribers by the thousand, and what became of each event.
//!
//! They know the protocol, and nothing of the server that speaks it. A payload is a list of one user, whose `id` is
//! the event's number in its channel, from 1, and whose `name` is when it was published.
//!
//! - [`Publisher`]: publishes, and knows exactly what was published
//! - [`Stream`]: publishers that go on at a steady rate
//! - [`Subscriber`]: one client, which comes back after whatever happens to it
//! - [`Crowd`]: many subscribers
//! - [`Record`]: what one subscriber saw
//! - [`Verdict`]: whether that is what it was promised

mod crowd;
mod payload;
mod publisher;
mod record;
mod stream;
mod subscriber;
mod verdict;

pub use crowd::{Crowd, Stuck};
pub use publisher::Publisher;
pub use record::{Entry, Record, Resume};
pub use stream::Stream;
pub use subscriber::{Progress, Subscriber};
pub use verdict::{Promise, Verdict};
