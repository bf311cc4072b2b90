//! Where channels live.
//!
//! A broker takes in payloads, keeps the newest of them for a while, and gives them to every replica that has
//! subscribed to their channel. [`MemoryBroker`] does so within one process, [`ValkeyBroker`] between all that
//! share a Valkey server; both pass the suite in `conformance.rs`.
//!
//! A broker never calls up: the hub polls the one [`Incoming`] stream of the replica.

use std::{borrow::Borrow, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{future::BoxFuture, stream::BoxStream};
use tidings_contract::{Channel, Subscription};
use uuid::Uuid;

#[cfg(test)]
mod conformance;
mod memory;
mod position;
mod publication;
mod valkey;

pub(crate) use memory::MemoryBroker;
pub(crate) use position::{InvalidEventId, Position};
pub(crate) use publication::{Publication, Tracked};
pub(crate) use valkey::ValkeyBroker;

/// The name of a channel in the broker, such as `prices:{acme}`.
///
/// The braces make Valkey Cluster keep everything that belongs to one channel in one slot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ChannelKey(Arc<str>);

impl ChannelKey {
    /// The channel of a subscription procedure.
    pub(crate) fn new<P: Subscription>(prefix: &str, channel: &Channel) -> Self {
        Self::named(prefix, P::NAMESPACE, channel)
    }

    /// A channel of a namespace.
    pub(crate) fn named(prefix: &str, namespace: &str, channel: &Channel) -> Self {
        Self(format!("{prefix}{namespace}:{{{channel}}}").into())
    }

    /// The name as the broker knows it.
    pub(crate) fn as_str(&self) -> &str {
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
pub(crate) enum Incoming {
    /// Something was published to a channel that the replica subscribed to.
    Publication {
        /// The channel.
        key: ChannelKey,
        /// What was published.
        publication: Publication,
    },
    /// The broker is out of reach: nothing comes until `Up`. Comes once for each outage.
    Down,
    /// The broker is in reach, and every subscription holds again. What was published since `Down` did not
    /// come and is in the history. The first connection of all is an `Up`, too.
    Up,
}

/// A part of a channel's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    /// The channel's epoch, and the offset of its newest event.
    pub newest: Position,
    /// Events in order, each one offset after the one before. The first is not the one that was asked for
    /// where that is no longer kept; the last is not the newest where the budget ended before.
    pub events: Vec<Publication>,
}

/// What a channel keeps, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retention {
    /// The newest events that are kept: about this many, at least.
    pub events: u32,
    /// How long after the last event the channel's events are kept.
    pub time: Duration,
    /// How long an idempotency key is remembered.
    pub once: Duration,
}

/// How long the count of an idle channel is kept at least, after its events are gone: a client that has the
/// newest event can so be told that it missed nothing.
const COUNT_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What to publish, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Publish {
    /// The channel.
    pub key: ChannelKey,
    /// The event, as JSON. A broker does not look into it.
    pub payload: Bytes,
    /// What the broker keeps of it.
    pub keep: Keep,
    /// Publishing with the same key again, within [`Retention::once`], publishes nothing and returns the first
    /// position. An empty key counts as none.
    pub idempotency_key: Option<String>,
}

/// The newest value of a `State` feed, as a broker keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The value, with its place.
    pub(crate) publication: Publication,
    /// How much longer it is kept.
    pub(crate) expires_in: Duration,
}

/// What a broker keeps after publishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The channel's history, as long as [`Retention`] says: a `Log` feed.
    History,
    /// This payload until the next one, for at most this long: a `State` feed.
    Newest(Duration),
}

/// Why a broker could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the broker is out of reach: {0}")]
pub struct BrokerUnavailable(pub String);

/// A place where channels live.
///
/// - **Atomic**: publishing takes the channel's next offset, keeps the event and sends it, in one step.
/// - **Order**: every subscribed replica sees the events of a channel by rising offset.
/// - **Nothing missing, or it shows**: between [`Incoming::Up`] and [`Incoming::Down`] every event comes exactly
///   once. Around an outage some do not come; their offsets show it, and they are in the history while that
///   keeps them.
/// - **Epoch**: when a channel's history or count is lost, offsets begin anew in another epoch. Offsets of two
///   epochs are never compared.
pub(crate) trait Broker: fmt::Debug + Send + Sync + 'static {
    /// Publishes a payload. Resolves when the broker has it, with its place.
    ///
    /// A publisher that does not know whether it succeeded can try again with the same idempotency key.
    ///
    /// # Cancel safety
    ///
    /// When dropped before it resolves, or when it fails, the payload may or may not have been published.
    fn publish(&self, publish: Publish) -> BoxFuture<'static, Result<Position, BrokerUnavailable>>;

    /// Publishes several payloads in this order, in as few round trips as the broker allows. Returns one result for
    /// each, in the same order: some may fail while others succeed.
    fn publish_all(
        &self,
        publishes: Vec<Publish>,
    ) -> BoxFuture<'static, Vec<Result<Position, BrokerUnavailable>>>;

    /// Reads a channel's events after an offset, up to about `budget_bytes` of payload, at least one; without an
    /// offset, none. A channel without an epoch is given one.
    ///
    /// `seen` is a position that the caller knows the channel to have had. Where the broker has fallen behind it,
    /// as a server does that came back with older data, the channel begins another epoch.
    fn history(
        &self,
        key: &ChannelKey,
        after: Option<u64>,
        budget_bytes: usize,
        seen: Option<Position>,
    ) -> BoxFuture<'static, Result<History, BrokerUnavailable>>;

    /// The newest payload that was published with [`Keep::Newest`], if it is still kept.
    fn newest(
        &self,
        key: &ChannelKey,
    ) -> BoxFuture<'static, Result<Option<Kept>, BrokerUnavailable>>;

    /// Publishes the element of one member of a `Members` feed: subscribers get the array of all members' elements, in the
    /// order of their names. Without an `element`, the member leaves. A member that does not report again within `ttl` is
    /// left out from then on. Answers how many bytes the array has.
    fn report(
        &self,
        key: &ChannelKey,
        member: &str,
        element: Option<Bytes>,
        ttl: Duration,
    ) -> BoxFuture<'static, Result<usize, BrokerUnavailable>>;

    /// The array of the elements of all members that have not expired.
    fn members(&self, key: &ChannelKey) -> BoxFuture<'static, Result<Bytes, BrokerUnavailable>>;

    /// Subscribes the replica to a channel. Takes effect when called; resolves when the broker has
    /// confirmed it, so that whatever is published from then on comes. Subscribing twice is once.
    ///
    /// When it fails or is dropped the subscription is still wanted, until [`Broker::unsubscribe`].
    fn subscribe(&self, key: &ChannelKey) -> BoxFuture<'static, Result<(), BrokerUnavailable>>;

    /// Ends the replica's subscription to a channel. An event or two may still come.
    fn unsubscribe(&self, key: &ChannelKey);

    /// Whether the broker is in reach, as far as is known.
    fn is_up(&self) -> bool;
}

/// The one stream of what comes from a broker. It has to be polled for the broker to make progress, and
/// never ends by itself.
pub(crate) type IncomingStream = BoxStream<'static, Incoming>;

/// The place before the first event of an epoch.
fn beginning(epoch: Uuid) -> Position {
    Position { epoch, offset: 0 }
}
