use serde_json::json;
use tidings::Publisher;

use super::prices::{OnPrice, cents, channel, follow, price, serve, set};
use crate::support::{TestBroker, with_both_brokers};

with_both_brokers! {
    a_newcomer_gets_the_newest_value_at_once,
    the_first_value_reaches_those_who_came_before_it,
    symbols_do_not_mix,
    a_cursor_means_nothing,
}

async fn a_newcomer_gets_the_newest_value_at_once(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    set(&server, 1).await;
    set(&server, 2).await;
    // For the first one the replica reads from the broker; the second one gets the replica's copy.
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = server.client().await;
        let answer = client.call("prices.onPrice", json!({ "symbol": "ACME" })).await;
        let id = answer["result"].as_u64().unwrap();
        let started = json!({ "type": "started", "resumed": false, "instance": "test" });
        assert_eq!(client.event(id).await, started);
        let mut event = client.event(id).await;
        assert!(event["publishedAt"].take().as_u64() > Some(1_700_000_000_000));
        let data = json!({ "cents": 2, "ofDay": "Monday" });
        let expected =
            json!({ "type": "data", "publishedAt": null, "instance": "test", "data": data });
        assert_eq!(event, expected, "there is no id, and there are no other members");
        set(&server, 2).await;
        assert_eq!(
            cents(&client.event(id).await),
            2,
            "publishing the same value again is an event"
        );
        assert_eq!(client.waiting().count(), 0);
        clients.push(client);
    }
    drop(clients);
    server.end().await;
}

async fn the_first_value_reaches_those_who_came_before_it(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow(&mut client).await;
    for n in 1..=3 {
        set(&server, n).await;
        assert_eq!(cents(&client.event(id).await), n);
    }
    drop(client);
    server.end().await;
}

async fn symbols_do_not_mix(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    set(&server, 1).await;
    server.publisher.publish::<OnPrice>(&channel("acme"), &price(9)).await.unwrap();
    let mut client = server.client().await;
    let id = follow(&mut client).await;
    assert_eq!(cents(&client.event(id).await), 1);
    let other = client.subscribe("prices.onPrice", json!({ "symbol": "acme" })).await;
    assert_eq!(cents(&client.event(other).await), 9);
    drop(client);
    server.end().await;
}

/// A `State` feed does not resume, so any `lastEventId` is ignored.
async fn a_cursor_means_nothing(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    set(&server, 1).await;
    let mut client = server.client().await;
    for cursor in
        [json!("x"), json!(null), json!(7), json!("1b4e28ba-2fa1-41d2-883f-0016d3cca427:1")]
    {
        let input = json!({ "symbol": "ACME", "lastEventId": cursor });
        let id = client.subscribe("prices.onPrice", input).await;
        assert_eq!(cents(&client.event(id).await), 1);
        client.call("prices.onPrice_unsubscribe", json!([id])).await;
    }
    assert_eq!(client.waiting().count(), 0, "nobody was told of a gap");
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_newcomer_on_another_replica_gets_it_too() {
    let broker = TestBroker::valkey().await;
    let first = serve(&broker, &["--instance", "first"]).await;
    let second = serve(&broker, &["--instance", "second"]).await;
    set(&first, 1).await;
    let mut client = second.client().await;
    let id = follow(&mut client).await;
    let event = client.event(id).await;
    assert_eq!((cents(&event), &event["instance"]), (1, &json!("second")));
    set(&first, 2).await;
    assert_eq!(cents(&client.event(id).await), 2);
    set(&second, 3).await;
    assert_eq!(cents(&client.event(id).await), 3);
    drop(client);
    first.end().await;
    second.end().await;
}

#[tokio::test]
async fn the_value_outlives_its_publisher_and_every_replica() {
    let mut broker = TestBroker::valkey().await;
    let first = serve(&broker, &[]).await;
    let publisher = Publisher::connect(&broker.process().url()).await.unwrap();
    publisher.publish::<OnPrice>(&channel("ACME"), &price(1)).await.unwrap();
    drop(publisher);
    first.end().await;
    let second = serve(&broker, &[]).await;
    let mut client = second.client().await;
    let id = follow(&mut client).await;
    assert_eq!(cents(&client.event(id).await), 1);
    drop(client);
    second.end().await;
}
