use serde_json::{Value, json};

use super::prices::{OnPrice, Price, channel, serve};
use crate::support::{RawClient, TestBroker, with_both_brokers};

with_both_brokers! { a_client_that_does_not_read_gets_the_newest_value_and_is_not_stopped }

/// Far more is published than the kernels of both sides keep, and than an outbox may hold.
async fn a_client_that_does_not_read_gets_the_newest_value_and_is_not_stopped(broker: TestBroker) {
    const VALUES: u64 = 200;
    let server = serve(&broker, &["--outbox-bytes", "65536"]).await;
    let mut slow = RawClient::connect(&server).await;
    let params = json!({ "symbol": "ACME" });
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "prices.onPrice", "params": params });
    slow.send_text(&call.to_string()).await;
    server.until("it follows", |server| server.metric("tidings_subscriptions") == 1).await;
    for cents in 1..=VALUES {
        let price = Price { cents, of_day: "x".repeat(32 * 1024) };
        server.publisher.publish::<OnPrice>(&channel("ACME"), &price).await.unwrap();
    }
    server.until("all have come", |server| server.metric("tidings_events_total") == VALUES).await;

    let mut received = Vec::new();
    while received.last() != Some(&VALUES) {
        let frame = slow.frame().await.expect("it is not cut off");
        let message: Value = serde_json::from_slice(&frame.payload).unwrap();
        match message["params"]["result"]["type"].as_str() {
            Some("data") => {
                received.push(message["params"]["result"]["data"]["cents"].as_u64().unwrap());
            }
            Some("started") | None => {}
            Some(_) => panic!("{message}"),
        }
    }
    assert!(received.len() < VALUES as usize, "it was sent every value: it was not slow");
    assert!(received.is_sorted(), "{received:?}");
    assert_eq!(server.metric("tidings_slow_consumers_total"), 0);
    assert_eq!(server.metric("tidings_subscriptions"), 1);
    drop(slow);
    server.end().await;
}
