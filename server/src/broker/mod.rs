//! Where channels live.
//!
//! A broker takes in payloads, keeps the newest of them for a while, and gives them to every replica that has
//! subscribed to their channel. [`MemoryBroker`] does so within one process, [`ValkeyBroker`] between all that
//! share a Valkey server; both pass the suite in `conformance`.
//!
//! A broker never calls up: each part of the hub polls its own stream of [`Incoming`].

use std::{
    borrow::Borrow,
    fmt,
    hash::{DefaultHasher, Hash, Hasher as _},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{future::BoxFuture, stream::BoxStream};
use tidings_contract::{Channel, Subscription};

#[cfg(test)]
mod conformance;
mod durability;
mod inbox;
mod memory;
mod position;
mod publication;
mod valkey;

pub use durability::Durability;
pub(crate) use inbox::{Changes, Inbox, InboxLimits};
pub(crate) use memory::MemoryBroker;
pub(crate) use position::{InvalidEventId, Position};
pub(crate) use publication::{Publication, Tracked};
pub(crate) use valkey::{InvalidUrl, Server, Settings, ValkeyBroker};

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

    /// Which of `parts` parts of the hub the channel belongs to.
    pub(crate) fn part(&self, parts: usize) -> usize {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        // Cannot be cut off: it is less than the number of parts.
        (hasher.finish() % parts.max(1) as u64) as usize
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
    /// What was published to one channel.
    Publications(Publications),
    /// The broker has confirmed these subscriptions: everything that is published from then on comes. After an outage
    /// every subscription is confirmed again.
    Subscribed(Vec<ChannelKey>),
    /// The broker refuses these subscriptions. It is asked again after the next connection.
    Refused {
        /// Their channels.
        keys: Vec<ChannelKey>,
        /// Why the broker refuses them.
        reason: BrokerUnavailable,
    },
    /// The broker is down: what had come before may still follow, and nothing else comes until `Up`. Comes once for each outage.
    Down,
    /// The broker is up again. `Subscribed` follows for each subscription. What was published since `Down` did not come
    /// and is in the history. The first connection is an `Up`, too.
    Up,
}

/// What was published to one channel, in the order in which it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Publications {
    /// The channel.
    pub key: ChannelKey,
    /// What was published.
    pub publications: Vec<Publication>,
    /// What was dropped behind these, because the inbox was full.
    pub missed: Missed,
}

/// Publications of a channel that were dropped, because the inbox was full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missed {
    /// Some of what was dropped is in the history, or was replaced by a newer state.
    pub kept: bool,
    /// Publications that bypassed Tidings (a plain `PUBLISH`): they are in no history.
    pub lost: u64,
}

/// A part of a channel's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    /// The channel's position.
    pub newest: Position,
    /// The offset, in the epoch of `newest`, of the position that was asked for. `None` where that position belongs to
    /// another epoch.
    pub after: Option<u64>,
    /// The events behind that position, each one offset after the one before. The first is not the next one where that is no
    /// longer kept; the last is not the newest where the budget ended before.
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
    /// Stands for the payload that the publisher wanted to publish with this key. Another digest with the same key is
    /// refused ([`Unpublished::KeyReused`]). Without one, or where none came with the key before, nothing is compared.
    pub digest: Option<String>,
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

/// Why a payload was not published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unpublished {
    /// The broker could not be used. The payload may have been published nevertheless.
    Unavailable(BrokerUnavailable),
    /// The idempotency key was used with another digest before. Nothing was published.
    KeyReused,
}

impl From<BrokerUnavailable> for Unpublished {
    fn from(error: BrokerUnavailable) -> Self {
        Self::Unavailable(error)
    }
}

/// A place where channels live.
///
/// - **Atomic**: publishing takes the channel's next offset, keeps the event and sends it, in one step.
/// - **Order**: every subscribed replica sees the events of a channel by rising offset.
/// - **Nothing missing, or it shows**: between [`Incoming::Subscribed`] and [`Incoming::Down`] every event of a channel comes
///   exactly once, or [`Missed`] says that some were dropped. Around an outage some do not come. Their offsets show it, and
///   they are in the history while that keeps them.
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
    fn publish(&self, publish: Publish) -> BoxFuture<'static, Result<Position, Unpublished>>;

    /// Publishes several payloads in this order, in as few round trips as the broker allows. Returns one result for
    /// each, in the same order: some may fail while others succeed.
    fn publish_all(
        &self,
        publishes: Vec<Publish>,
    ) -> BoxFuture<'static, Vec<Result<Position, Unpublished>>>;

    /// The positions of `Log` channels, in the order of `keys`: at most [`POSITIONS_AT_ONCE`] of them. Writes nothing.
    fn positions(
        &self,
        keys: &[ChannelKey],
    ) -> BoxFuture<'static, Result<Vec<Position>, BrokerUnavailable>>;

    /// Reads a channel's events after a position, up to about `budget_bytes` of payload, at least one. Writes nothing.
    fn history(
        &self,
        key: &ChannelKey,
        after: Position,
        budget_bytes: usize,
    ) -> BoxFuture<'static, Result<History, BrokerUnavailable>>;

    /// Begins another epoch, if the channel's position is still before `seen`, in the same epoch: the broker has lost events that
    /// it acknowledged, so it must not count on.
    fn renew(
        &self,
        key: &ChannelKey,
        seen: Position,
    ) -> BoxFuture<'static, Result<(), BrokerUnavailable>>;

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

    /// Subscribes the replica to a channel, until [`Broker::unsubscribe`]. [`Incoming::Subscribed`] follows, also where the
    /// subscription holds already.
    fn subscribe(&self, key: &ChannelKey);

    /// Ends the replica's subscription to a channel. An event or two may still come.
    fn unsubscribe(&self, key: &ChannelKey);

    /// Keeps a channel's publications back, up to a bound, until [`Broker::resume`].
    fn pause(&self, key: &ChannelKey);

    /// Ends [`Broker::pause`].
    fn resume(&self, key: &ChannelKey);

    /// Drops the publications of a channel that wait and are in its history, too: it is about to be read.
    fn discard(&self, key: &ChannelKey);

    /// Whether the broker can be used: it is in reach, is no replica of another, and answers reads. One that only refuses writes
    /// is up.
    fn is_up(&self) -> bool;

    /// How many writes the broker has refused although it was up.
    fn refused_writes(&self) -> u64;
}

/// The messages and notices of a broker for one part of the hub. It has to be polled for the broker to make progress, and never ends by
/// itself.
pub(crate) type IncomingStream = BoxStream<'static, Incoming>;

/// Channels whose positions can be asked for at once. Valkey serves nobody else meanwhile, about 5 µs for each channel; its
/// function takes up to 256, for replicas of earlier versions.
pub(crate) const POSITIONS_AT_ONCE: usize = 64;

/// The bounds of the inbox of one part, where there are `parts`.
fn inbox_limits(parts: usize) -> InboxLimits {
    let total_bytes = TOTAL_BYTES / parts.max(1);
    // One channel leaves room for the others.
    InboxLimits { channel_bytes: CHANNEL_BYTES.min(total_bytes / 4), total_bytes }
}

/// Bytes of one channel's messages in an inbox, and at most a quarter of the inbox. Above it, the channel reads its history
/// instead.
const CHANNEL_BYTES: usize = 4 * 1024 * 1024;

/// The same for all channels of a replica together.
const TOTAL_BYTES: usize = 64 * 1024 * 1024;
