use serde_json::json;
use tidings::PublishError;
use tidings_testkit::Client;
use tokio::time::timeout;

use super::prices::{OnPrice, OnQuote, cents, channel, follow, price, serve, set};
use crate::support::{PATIENCE, TestBroker, TestServer, with_both_brokers};

with_both_brokers! {
    the_newest_value_can_be_read_by_a_publisher,
    publishing_twice_with_one_key_is_once,
    a_value_goes_when_its_retention_ends,
    a_value_that_has_gone_is_not_given_to_newcomers_either,
    a_value_of_another_type_is_an_error_and_reaches_nobody,
}

async fn the_newest_value_can_be_read_by_a_publisher(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let newest = async || server.publisher.newest::<OnPrice>(&channel("ACME")).await.unwrap();
    assert_eq!(newest().await, None);
    set(&server, 1).await;
    set(&server, 2).await;
    assert_eq!(newest().await, Some(price(2)));
    assert_eq!(server.publisher.newest::<OnPrice>(&channel("other")).await, Ok(None));
    // Two subscriptions have two namespaces.
    assert_eq!(server.publisher.newest::<OnQuote>(&channel("ACME")).await, Ok(None));
    server.end().await;
}

async fn publishing_twice_with_one_key_is_once(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow(&mut client).await;
    let acme = channel("ACME");
    let publish = async |cents, key| {
        let publisher = &server.publisher;
        publisher.publish_once::<OnPrice>(&acme, &price(cents), key).await.unwrap()
    };
    let first = publish(1, "a").await;
    let second = publish(2, "b").await;
    assert_ne!(first, second);
    assert_eq!(publish(3, "a").await, first, "the id of what was published with this key");
    let newest = server.publisher.newest::<OnPrice>(&acme).await.unwrap();
    assert_eq!(newest, Some(price(2)), "what is not published does not become the newest");
    set(&server, 4).await;
    // Values that come quickly may be left out.
    loop {
        match cents(&client.event(id).await) {
            4 => break,
            cents => assert_ne!(cents, 3),
        }
    }
    drop(client);
    server.end().await;
}

/// Publishes a quote, and waits until the broker has let it go.
async fn quote_and_let_go(server: &TestServer) {
    let acme = channel("ACME");
    server.publisher.publish::<OnQuote>(&acme, &price(1)).await.unwrap();
    let wait = async {
        while server.publisher.newest::<OnQuote>(&acme).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(PATIENCE, wait).await.is_ok(), "the value was kept");
}

async fn a_value_goes_when_its_retention_ends(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    quote_and_let_go(&server).await;
    let mut client = server.client().await;
    let id = client.subscribe("prices.onQuote", json!({ "symbol": "ACME" })).await;
    server.publisher.publish::<OnQuote>(&channel("ACME"), &price(2)).await.unwrap();
    assert_eq!(cents(&client.event(id).await), 2);
    drop(client);
    server.end().await;
}

/// A value that has expired reaches no new subscriber, although another one has kept the channel alive on this replica.
async fn a_value_that_has_gone_is_not_given_to_newcomers_either(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let mut first = server.client().await;
    let in_first = first.subscribe("prices.onQuote", json!({ "symbol": "ACME" })).await;
    quote_and_let_go(&server).await;
    assert_eq!(cents(&first.event(in_first).await), 1);
    let (mut newcomer, id) = timeout(PATIENCE, newcomer_without_value(&server))
        .await
        .expect("newcomers still get the value that has expired");
    server.publisher.publish::<OnQuote>(&channel("ACME"), &price(2)).await.unwrap();
    assert_eq!(cents(&newcomer.event(id).await), 2);
    assert_eq!(cents(&first.event(in_first).await), 2);
    drop((first, newcomer));
    server.end().await;
}

/// Subscribes until the replica sends no value. It counts the retention from the arrival of the value, so it forgets it a
/// little later than the broker. It sends a value right behind `started`, so before the answer to a later call.
async fn newcomer_without_value(server: &TestServer) -> (Client, u64) {
    loop {
        let mut newcomer = server.client().await;
        let id = newcomer.subscribe("prices.onQuote", json!({ "symbol": "ACME" })).await;
        newcomer.call("rpc.ping", json!({})).await;
        if newcomer.waiting().next().is_none() {
            return (newcomer, id);
        }
    }
}

async fn a_value_of_another_type_is_an_error_and_reaches_nobody(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let target = tidings::Target {
        namespace: "prices.onPrice".to_owned(),
        channel: channel("ACME"),
        state_retention: Some(std::time::Duration::from_secs(60)),
    };
    server.publisher.publish_raw(&target, r#"{"cents":"one"}"#, None).await.unwrap();
    let newest = server.publisher.newest::<OnPrice>(&channel("ACME")).await;
    let Err(PublishError::Json(fault)) = newest else { panic!("{newest:?}") };
    assert!(fault.contains("expected u64"), "{fault}");
    let mut client = server.client().await;
    let id = follow(&mut client).await;
    set(&server, 1).await;
    assert_eq!(cents(&client.event(id).await), 1);
    assert_eq!(server.metric(r#"tidings_payloads_rejected_total{procedure="prices.onPrice"}"#), 1);
    drop(client);
    server.end().await;
}
