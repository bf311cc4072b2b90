//! Events that are published together.

use tidings_contract::{Channel, EventId, Subscription};

use super::{PublishError, Publisher};
use crate::broker::Publish;

/// Events of one [`Batch`].
pub(crate) const MAX_BATCH: usize = 10_000;

/// Bytes of payload of one [`Batch`].
pub(super) const MAX_BATCH_BYTES: usize = 64 * 1024 * 1024;

/// Events that are published together, in order: at most 10,000 events and 64 MiB. They may belong to several
/// procedures.
///
/// ```no_run
/// # use schemars::JsonSchema;
/// # use tidings::{Channel, Feed, NoInput, Publisher, Subscription};
/// # #[derive(JsonSchema)]
/// # struct OnPrice;
/// # impl Subscription for OnPrice {
/// #     const NAME: &'static str = "prices.onPrice";
/// #     type Input = NoInput;
/// #     type Event = u64;
/// #     const FEED: Feed = Feed::State;
/// # }
/// # async fn example(publisher: Publisher) -> Result<(), Box<dyn std::error::Error>> {
/// let results = publisher
///     .batch()
///     .publish::<OnPrice>(&Channel::from_parts(&["acme"]), &1250)
///     .publish::<OnPrice>(&Channel::from_parts(&["globex"]), &990)
///     .send()
///     .await?;
/// for result in results {
///     println!("published as {}", result?.as_str());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a batch is published by `send`"]
pub struct Batch<'a> {
    publisher: &'a Publisher,
    publishes: Vec<Publish>,
    bytes: usize,
    fault: Option<PublishError>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(publisher: &'a Publisher) -> Self {
        Self { publisher, publishes: Vec::new(), bytes: 0, fault: None }
    }

    /// Adds an event of a `Log` feed, or a new value of a `State` feed.
    pub fn publish<P: Subscription>(self, channel: &Channel, event: &P::Event) -> Self {
        self.add::<P>(channel, event, None)
    }

    /// As [`Batch::publish`], with an idempotency key: see [`Publisher::publish_once`].
    pub fn publish_once<P: Subscription>(
        self,
        channel: &Channel,
        event: &P::Event,
        idempotency_key: &str,
    ) -> Self {
        self.add::<P>(channel, event, Some(idempotency_key))
    }

    fn add<P: Subscription>(
        mut self,
        channel: &Channel,
        event: &P::Event,
        idempotency_key: Option<&str>,
    ) -> Self {
        match self.publisher.event::<P>(channel, event, idempotency_key) {
            Ok(publish) => {
                self.bytes += publish.payload.len();
                if self.publishes.len() == MAX_BATCH || self.bytes > MAX_BATCH_BYTES {
                    self.fault.get_or_insert(PublishError::BatchTooLarge);
                } else {
                    self.publishes.push(publish);
                }
            }
            Err(fault) => drop(self.fault.get_or_insert(fault)),
        }
        self
    }

    /// Publishes the events. Returns one result for each, in order: some may fail while others succeed.
    ///
    /// # Errors
    ///
    /// When an event is too large or cannot be written as JSON, or the batch is over its bound. Nothing was published.
    ///
    /// # Cancel safety
    ///
    /// When dropped before it resolves, a first part of the events may have been published.
    pub async fn send(self) -> Result<Vec<Result<EventId, PublishError>>, PublishError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let positions = self.publisher.broker.publish_all(self.publishes).await;
        Ok(positions.into_iter().map(|p| Ok(p?.event_id())).collect())
    }
}
