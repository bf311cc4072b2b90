//! A small contract for unit tests.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidings_contract::{Channel, Feed, NoInput, Subscription};

/// A product.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Product {
    id: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Names a channel.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct OnProductsInput {
    pub(crate) channel: Channel,
}

/// Streams every change of a list of products.
#[derive(JsonSchema)]
pub(crate) struct OnProducts;

impl Subscription for OnProducts {
    const NAME: &'static str = "onProducts";
    const NAMESPACE: &'static str = "products";
    type Input = OnProductsInput;
    type Event = Vec<Product>;
    const FEED: Feed = Feed::Log;

    fn channel(input: &Self::Input) -> Channel {
        input.channel.clone()
    }
}

/// Streams the newest product.
#[derive(JsonSchema)]
pub(crate) struct OnNewest;

impl Subscription for OnNewest {
    const NAME: &'static str = "onNewest";
    type Input = NoInput;
    type Event = Product;
    const FEED: Feed = Feed::State;
}

/// Streams the products that somebody is looking at.
#[derive(JsonSchema)]
pub(crate) struct OnViewed;

impl Subscription for OnViewed {
    const NAME: &'static str = "onViewed";
    type Input = NoInput;
    type Event = Vec<Product>;
    const FEED: Feed = Feed::Members;
    const MEMBER_TTL: Duration = Duration::from_secs(3600);
}
