//! Where channels live.
//!
//! A broker takes in payloads and gives them to every replica that has subscribed to their channel.
//! [`MemoryBroker`] does so within one process, [`ValkeyBroker`] between all that share a Valkey server;
//! both pass the suite in `tests/integration/broker_conformance.rs`.
//!
//! A broker never calls up: the hub polls the one [`Incoming`] stream of the replica.

use std::{borrow::Borrow, fmt, sync::Arc};

use bytes::Bytes;
use futures_util::{future::BoxFuture, stream::BoxStream};
use tidings_schema::{Channel, Subscription};

mod memory;
mod valkey;

pub use memory::MemoryBroker;
pub use valkey::ValkeyBroker;

/// The name of a channel in the broker, such as `updates:{list-1}`.
///
/// The braces make Valkey Cluster keep everything that belongs to one channel in one slot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelKey(Arc<str>);

impl ChannelKey {
    /// The channel of a subscription procedure.
    pub fn new<P: Subscription>(prefix: &str, channel: &Channel) -> Self {
        Self(format!("{prefix}{}:{{{channel}}}", P::NAMESPACE).into())
    }

    /// The name as the broker knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ChannelKey {
    fn from(key: &str) -> Self {
        Self(key.into())
    }
}

/// Lets a set of keys be searched by name.
impl Borrow<str> for ChannelKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What comes from the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Something was published to a channel that the replica subscribed to. The payload is unchecked.
    Publication {
        /// The channel.
        key: ChannelKey,
        /// What was published.
        payload: Bytes,
    },
    /// The broker is out of reach: nothing comes until `Up`. Comes once for each outage.
    Down,
    /// The broker is in reach, and every subscription holds again. Payloads that were published since
    /// `Down` may be lost. The first connection of all is an `Up`, too.
    Up,
}

/// Why a broker could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the broker is out of reach: {0}")]
pub struct BrokerUnavailable(pub String);

/// A place where channels live.
///
/// - **Order**: payloads of one publisher to one channel come in the order in which they were published,
///   and every subscribed replica sees the payloads of a channel in the same order.
/// - **At most once**: between [`Incoming::Up`] and [`Incoming::Down`] every payload comes exactly once;
///   around an outage some may not come.
pub trait Broker: fmt::Debug + Send + Sync + 'static {
    /// Publishes a payload. Resolves when the broker has it.
    ///
    /// # Cancel safety
    ///
    /// When dropped before it resolves, the payload may or may not have been published.
    fn publish(
        &self,
        key: &ChannelKey,
        payload: Bytes,
    ) -> BoxFuture<'static, Result<(), BrokerUnavailable>>;

    /// Subscribes the replica to a channel. Takes effect when called; resolves when the broker has
    /// confirmed it, so that whatever is published from then on comes. Subscribing twice is once.
    ///
    /// When it fails or is dropped the subscription is still wanted, until [`Broker::unsubscribe`].
    fn subscribe(&self, key: &ChannelKey) -> BoxFuture<'static, Result<(), BrokerUnavailable>>;

    /// Ends the replica's subscription to a channel. A payload or two may still come.
    fn unsubscribe(&self, key: &ChannelKey);

    /// Whether the broker is in reach, as far as is known.
    fn is_up(&self) -> bool;
}

/// The one stream of what comes from a broker. It has to be polled for the broker to make progress, and
/// never ends by itself.
pub type IncomingStream = BoxStream<'static, Incoming>;
