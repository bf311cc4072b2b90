//! Names with dots between groups, end to end.

use schemars::JsonSchema;
use serde_json::json;
use tidings::{Channel, Context, Feed, NoInput, Query, Router, RpcError, Subscription};

use crate::support::TestBroker;

/// Answers the price.
#[derive(JsonSchema)]
struct GetPrice;

impl Query for GetPrice {
    const NAME: &'static str = "prices.getPrice";
    type Input = NoInput;
    type Output = u32;
}

/// Streams the price.
#[derive(JsonSchema)]
struct OnPrice;

impl Subscription for OnPrice {
    const NAME: &'static str = "prices.onPrice";
    type Input = NoInput;
    type Event = u32;
    const FEED: Feed = Feed::Log;
}

/// Streams the price of yesterday.
#[derive(JsonSchema)]
struct OnOldPrice;

impl Subscription for OnOldPrice {
    const NAME: &'static str = "prices.old.onPrice";
    type Input = NoInput;
    type Event = u32;
    const FEED: Feed = Feed::Log;
}

async fn get_price(_: Context<()>, _: NoInput) -> Result<u32, RpcError> {
    Ok(7)
}

fn router() -> Router<()> {
    Router::<()>::new("Prices", "1.0.0")
        .query::<GetPrice>(get_price)
        .public()
        .subscription::<OnPrice>()
        .public()
        .subscription::<OnOldPrice>()
        .public()
}

#[tokio::test]
async fn dotted_names_are_called_followed_and_left() {
    let server = TestBroker::memory().serve(&[], router(), ()).await;
    let mut client = server.client().await;
    assert_eq!(client.call("prices.getPrice", json!({})).await["result"], 7);
    let id = client.subscribe("prices.onPrice", json!({})).await;
    let old = client.subscribe("prices.old.onPrice", json!({})).await;
    server.publisher.publish::<OnPrice>(&Channel::default(), &8).await.unwrap();
    let event = client.message().await;
    assert_eq!(
        (&event["method"], &event["params"]["subscription"]),
        (&json!("prices.onPrice"), &json!(id))
    );
    assert_eq!(event["params"]["result"]["data"], 8);
    server.publisher.publish::<OnOldPrice>(&Channel::default(), &6).await.unwrap();
    let event = client.message().await;
    assert_eq!(event["method"], "prices.old.onPrice");
    assert_eq!(event["params"]["result"]["data"], 6);

    assert_eq!(client.call("prices.onPrice_unsubscribe", json!([id])).await["result"], true);
    assert_eq!(client.call("prices.onPrice_unsubscribe", json!([id])).await["result"], false);
    server.publisher.publish::<OnPrice>(&Channel::default(), &9).await.unwrap();
    server.publisher.publish::<OnOldPrice>(&Channel::default(), &7).await.unwrap();
    assert_eq!(client.event(old).await["data"], 7);
    assert_eq!(client.waiting().count(), 0, "nothing comes after unsubscribing");
    drop(client);
    server.end().await;
}

#[test]
fn the_document_names_the_event_of_each() {
    let document = router().document().unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.contains_key("PricesOnPriceEvent"));
    assert!(schemas.contains_key("PricesOldOnPriceEvent"));
    let method =
        document["methods"].as_array().unwrap().iter().find(|m| m["name"] == "prices.onPrice");
    let subscription = &method.unwrap()["x-subscription"];
    assert_eq!(subscription["notification"], "prices.onPrice");
    assert_eq!(subscription["unsubscribe"], "prices.onPrice_unsubscribe");
    assert_eq!(subscription["namespace"], "prices.onPrice");
}
