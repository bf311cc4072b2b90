//! A service with a `State` feed of a struct.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidings::{Channel, Feed, Router, Subscription};
use tidings_testkit::Client;

use crate::support::{TestBroker, TestServer};

/// A price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Price {
    pub(super) cents: u64,
    pub(super) of_day: String,
}

/// Names what is traded.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Symbol {
    symbol: String,
}

/// Streams the price of one symbol.
#[derive(JsonSchema)]
pub(super) struct OnPrice;

impl Subscription for OnPrice {
    const NAME: &'static str = "prices.onPrice";
    type Input = Symbol;
    type Event = Price;
    const FEED: Feed = Feed::State;

    fn channel(input: &Symbol) -> Channel {
        channel(&input.symbol)
    }
}

/// Streams the price of one symbol, which is soon out of date.
#[derive(JsonSchema)]
pub(super) struct OnQuote;

impl Subscription for OnQuote {
    const NAME: &'static str = "prices.onQuote";
    type Input = Symbol;
    type Event = Price;
    const FEED: Feed = Feed::State;
    const STATE_RETENTION: Duration = Duration::from_millis(300);

    fn channel(input: &Symbol) -> Channel {
        channel(&input.symbol)
    }
}

pub(super) fn channel(symbol: &str) -> Channel {
    Channel::from_parts(&[symbol])
}

pub(super) fn price(cents: u64) -> Price {
    Price { cents, of_day: "Monday".to_owned() }
}

/// One more server of the service.
pub(super) async fn serve(broker: &TestBroker, args: &[&str]) -> TestServer {
    let router = Router::<()>::new("Prices", "1.0.0")
        .subscription::<OnPrice>()
        .public()
        .subscription::<OnQuote>()
        .public();
    broker.serve(args, router, ()).await
}

/// Publishes a price of ACME.
pub(super) async fn set(server: &TestServer, cents: u64) {
    server.publisher.publish::<OnPrice>(&channel("ACME"), &price(cents)).await.unwrap();
}

/// Follows the price of ACME.
pub(super) async fn follow(client: &mut Client) -> u64 {
    client.subscribe("prices.onPrice", json!({ "symbol": "ACME" })).await
}

/// The price in a `data` event of a `State` feed.
pub(super) fn cents(event: &Value) -> u64 {
    assert_eq!(event["type"], "data", "{event}");
    event["data"]["cents"].as_u64().unwrap()
}
