//! Publishes events, typed by the subscription that they are for.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use serde::Serialize;
use tidings_contract::{Channel, EventId, Feed, MemberList, Subscription};

mod batch;
mod error;

pub use batch::Batch;
pub(crate) use batch::MAX_BATCH;
pub use error::PublishError;

use crate::{
    broker::{Broker, ChannelKey, Keep, Publish, ValkeyBroker},
    config::{BrokerConfig, MAX_PAYLOAD_BYTES},
    error::Error,
};

/// Publishes events. In a handler it is [`crate::Context::publisher`]; another process connects one. Cloning shares the
/// connection.
///
/// - It reconnects by itself. A call fails when Valkey has not answered within 2 s.
/// - On the memory broker, publishing waits while more than 2 MiB of a channel's events have not been fanned out.
/// - It refuses payloads above `--max-payload-bytes` ([`PublishError::TooLarge`]). In another process it takes the default for that:
///   see [`Publisher::with_max_payload_bytes`].
///
/// Calls that run at the same time are pipelined on one connection. [`Publisher::batch`] publishes many events in order
/// with one round trip.
///
/// ```no_run
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use tidings::{Channel, Feed, NoInput, Publisher, Subscription};
/// # #[derive(Serialize, Deserialize, JsonSchema)]
/// # struct Price { cents: u64 }
/// # #[derive(JsonSchema)]
/// # struct OnPrice;
/// # impl Subscription for OnPrice {
/// #     const NAME: &'static str = "prices.onPrice";
/// #     type Input = NoInput;
/// #     type Event = Price;
/// #     const FEED: Feed = Feed::State;
/// # }
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let publisher = Publisher::connect("redis://127.0.0.1:6379").await?;
/// let channel = Channel::from_parts(&["ACME"]);
/// publisher.publish::<OnPrice>(&channel, &Price { cents: 1250 }).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Publisher {
    broker: Arc<dyn Broker>,
    key_prefix: Arc<str>,
    /// The largest payload that replicas forward.
    max_payload_bytes: usize,
}

/// A channel, for tools that know a service by its OpenRPC document only.
///
/// ```no_run
/// use std::time::Duration;
/// use tidings::{Publisher, Target};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let publisher = Publisher::connect("redis://127.0.0.1:6379").await?;
/// let target = Target {
///     namespace: "prices.onPrice".to_owned(),
///     channel: "acme".parse()?,
///     state_retention: Some(Duration::from_secs(3600)),
/// };
/// publisher.publish_raw(&target, r#"{"cents":1250}"#, None).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `x-subscription.namespace` of the procedure.
    pub namespace: String,
    /// The channel.
    pub channel: Channel,
    /// `x-subscription.stateRetentionMs` of a `state` feed; `None` for a `log` feed.
    pub state_retention: Option<Duration>,
}

impl Publisher {
    pub(crate) fn new(broker: Arc<dyn Broker>, key_prefix: &str, max_payload_bytes: usize) -> Self {
        Self { broker, key_prefix: key_prefix.into(), max_payload_bytes }
    }

    /// Connects to a service's Valkey, such as `redis://127.0.0.1:6379`, from another process.
    ///
    /// # Errors
    ///
    /// When the address is not valid, or Valkey does not answer or refuses this client.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Self::connect_with(&BrokerConfig {
            valkey_url: Some(url.into()),
            ..BrokerConfig::default()
        })
        .await
    }

    /// As [`Publisher::connect`], with a key prefix or other options.
    ///
    /// What a channel keeps, and for how long, is set by the service's replicas: the history options have no effect here.
    ///
    /// # Errors
    ///
    /// When the address is missing or not valid, or Valkey does not answer or refuses this client.
    pub async fn connect_with(config: &BrokerConfig) -> Result<Self, Error> {
        let server = config.server()?.ok_or_else(|| {
            Error::Config(
                "there is no Valkey to publish to: give --valkey-url or set VALKEY_URL \
                 (a server without one keeps its channels in its own memory)"
                    .to_owned(),
            )
        })?;
        let address = server.address();
        let broker = ValkeyBroker::publisher(server);
        broker.ping().await.map_err(|e| Error::Broker(format!("Valkey at {address}: {}", e.0)))?;
        Ok(Self::new(broker, &config.key_prefix, MAX_PAYLOAD_BYTES as usize))
    }

    /// Sets the largest payload in bytes, where the service's replicas have another `--max-payload-bytes` than the default
    /// (512 KiB). A larger one that is published all the same reaches no client.
    #[must_use]
    pub fn with_max_payload_bytes(mut self, bytes: u32) -> Self {
        self.max_payload_bytes = bytes as usize;
        self
    }

    /// Publishes an event of a `Log` feed, or the newest value of a `State` feed. Answers the event's id.
    ///
    /// A `Members` feed does not compile here: see [`Publisher::report`].
    ///
    /// ```compile_fail,E0080
    /// # use tidings::{Channel, OnInstances, Publisher};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let publisher = Publisher::connect("redis://127.0.0.1:6379").await?;
    /// // Each instance reports its own element; the list cannot be published.
    /// publisher.publish::<OnInstances>(&Channel::default(), &vec![]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`PublishError`].
    ///
    /// # Cancel safety
    ///
    /// When dropped before it resolves, the event may or may not have been published.
    pub async fn publish<P: Subscription>(
        &self,
        channel: &Channel,
        event: &P::Event,
    ) -> Result<EventId, PublishError> {
        let publish = self.event::<P>(channel, event, None)?;
        Ok(self.broker.publish(publish).await?.event_id())
    }

    /// As [`Publisher::publish`], but publishing again with the same idempotency key within `--idempotency-time` publishes
    /// nothing and answers the same id. Keys belong to a channel.
    ///
    /// # Errors
    ///
    /// See [`PublishError`]. Try again with the same key.
    pub async fn publish_once<P: Subscription>(
        &self,
        channel: &Channel,
        event: &P::Event,
        idempotency_key: &str,
    ) -> Result<EventId, PublishError> {
        let publish = self.event::<P>(channel, event, Some(idempotency_key))?;
        Ok(self.broker.publish(publish).await?.event_id())
    }

    /// Collects events to publish them together.
    pub fn batch(&self) -> Batch<'_> {
        Batch::new(self)
    }

    /// The newest value of a `State` feed, while the broker keeps it. Compiles for `State` feeds only.
    ///
    /// ```compile_fail,E0080
    /// # use schemars::JsonSchema;
    /// # use tidings::{Channel, Feed, NoInput, Publisher, Subscription};
    /// # #[derive(JsonSchema)]
    /// # struct OnOrder;
    /// # impl Subscription for OnOrder {
    /// #     const NAME: &'static str = "orders.onOrder";
    /// #     type Input = NoInput;
    /// #     type Event = u64;
    /// #     const FEED: Feed = Feed::Log;
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let publisher = Publisher::connect("redis://127.0.0.1:6379").await?;
    /// let order = publisher.newest::<OnOrder>(&Channel::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the broker cannot be reached, or its value is not of the event's type.
    pub async fn newest<P: Subscription>(
        &self,
        channel: &Channel,
    ) -> Result<Option<P::Event>, PublishError> {
        const { assert!(matches!(P::FEED, Feed::State), "only a State feed has a newest value") };
        let key = ChannelKey::new::<P>(&self.key_prefix, channel);
        let Some(newest) = self.broker.newest(&key).await? else { return Ok(None) };
        let event = serde_json::from_slice(&newest.publication.payload);
        event.map(Some).map_err(|e| PublishError::Json(e.to_string()))
    }

    /// Reports the element of one member of a `Members` feed: subscribers receive the list of all members' elements, in the
    /// order of the members' names. Report again before [`Subscription::MEMBER_TTL`] has passed, or the member drops out.
    /// Compiles for `Members` feeds only.
    ///
    /// ```no_run
    /// # use schemars::JsonSchema;
    /// # use tidings::{Channel, Feed, NoInput, Publisher, Subscription};
    /// /// Streams the names of all who are here.
    /// #[derive(JsonSchema)]
    /// struct OnPresent;
    ///
    /// impl Subscription for OnPresent {
    ///     const NAME: &'static str = "room.onPresent";
    ///     type Input = NoInput;
    ///     type Event = Vec<String>;
    ///     const FEED: Feed = Feed::Members;
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let publisher = Publisher::connect("redis://127.0.0.1:6379").await?;
    /// publisher.report::<OnPresent>(&Channel::default(), "ada", &"Ada".to_owned()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`PublishError`].
    ///
    /// # Cancel safety
    ///
    /// When dropped before it resolves, the element may or may not have been published.
    pub async fn report<P: Subscription<Event: MemberList>>(
        &self,
        channel: &Channel,
        member: &str,
        element: &<P::Event as MemberList>::Member,
    ) -> Result<(), PublishError> {
        const { assert!(matches!(P::FEED, Feed::Members), "only a Members feed has members") };
        let key = ChannelKey::new::<P>(&self.key_prefix, channel);
        let element = self.payload(element)?;
        // The list, with this element in it, is what replicas send.
        let bytes = self.broker.report(&key, member, Some(element), P::MEMBER_TTL).await?;
        self.check_size(bytes)
    }

    /// Takes a member out of a `Members` feed, at once. Compiles for `Members` feeds only.
    ///
    /// # Errors
    ///
    /// When the broker cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// When dropped before it resolves, the member may or may not have left.
    pub async fn leave<P: Subscription>(
        &self,
        channel: &Channel,
        member: &str,
    ) -> Result<(), PublishError> {
        const { assert!(matches!(P::FEED, Feed::Members), "only a Members feed has members") };
        let key = ChannelKey::new::<P>(&self.key_prefix, channel);
        Ok(self.broker.report(&key, member, None, P::MEMBER_TTL).await.map(drop)?)
    }

    /// Publishes bytes unchecked, for tools that have checked them against the OpenRPC document. Replicas leave a
    /// payload that does not fit its procedure out, log and count it, and subscribers get a gap in its place. See [`Target`] for an example.
    ///
    /// # Errors
    ///
    /// See [`PublishError`].
    pub async fn publish_raw(
        &self,
        target: &Target,
        payload: impl Into<Bytes>,
        idempotency_key: Option<&str>,
    ) -> Result<EventId, PublishError> {
        let Target { namespace, channel, state_retention } = target;
        let publish = Publish {
            key: ChannelKey::named(&self.key_prefix, namespace, channel),
            payload: payload.into(),
            keep: state_retention.map_or(Keep::History, Keep::Newest),
            idempotency_key: idempotency_key.map(str::to_owned),
            digest: None,
        };
        Ok(self.broker.publish(publish).await?.event_id())
    }

    fn event<P: Subscription>(
        &self,
        channel: &Channel,
        event: &P::Event,
        idempotency_key: Option<&str>,
    ) -> Result<Publish, PublishError> {
        const {
            assert!(
                !matches!(P::FEED, Feed::Members),
                "members of a Members feed report themselves: see Publisher::report"
            );
        };
        Ok(Publish {
            key: ChannelKey::new::<P>(&self.key_prefix, channel),
            payload: self.payload(event)?,
            keep: match P::FEED {
                Feed::State => Keep::Newest(P::STATE_RETENTION),
                _ => Keep::History,
            },
            idempotency_key: idempotency_key.map(str::to_owned),
            digest: None,
        })
    }

    fn payload<T: Serialize>(&self, event: &T) -> Result<Bytes, PublishError> {
        let payload = serde_json::to_vec(event).map_err(|e| PublishError::Json(e.to_string()))?;
        self.check_size(payload.len())?;
        Ok(payload.into())
    }

    fn check_size(&self, bytes: usize) -> Result<(), PublishError> {
        let max = self.max_payload_bytes;
        if bytes > max { Err(PublishError::TooLarge { bytes, max }) } else { Ok(()) }
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}
