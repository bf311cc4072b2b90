use serde_json::json;

use crate::support::{TestServer, list, name, on_updates};

#[tokio::test]
async fn one_subscription_too_many_is_refused_and_the_others_go_on() {
    let server = TestServer::on_memory(&["--max-subscriptions", "2"]).await;
    let mut client = server.client().await;
    let first = on_updates(&mut client, "list-1").await;
    let second = on_updates(&mut client, "list-2").await;
    let refused = client.call("onUpdates", json!({ "channel": "list-3" })).await;
    let expected = json!({
        "code": -32006,
        "message": "this connection has 2 subscriptions, and may not have more; end one, or open another connection",
        "data": { "name": "tooManySubscriptions", "retryable": false },
    });
    assert_eq!(refused["error"], expected);
    server.publish("list-1", list("one")).await;
    assert_eq!(name(&client.event(first).await), "one");

    client.call("onUpdates_unsubscribe", json!([second])).await;
    on_updates(&mut client, "list-3").await;
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_and_a_free_place_is_used_again() {
    let server = TestServer::on_memory(&["--max-connections", "1"]).await;
    let mut client = server.client().await;
    assert_eq!(client.call("rpc.ping", json!({})).await["result"], true);
    let refused = reqwest::get(server.url("/healthz")).await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(server.metric("tidings_connections_refused_total"), 1);
    drop(client);
    server.until("the place is free", |app| app.tasks.is_empty()).await;
    assert_eq!(reqwest::get(server.url("/healthz")).await.unwrap().status(), 200);
    server.end().await;
}

#[tokio::test]
async fn a_subscriber_that_does_not_read_is_stopped_and_told_and_does_not_hold_up_others() {
    let server = TestServer::on_memory(&["--outbox-bytes", "65536"]).await;
    let (mut slow, mut quick) = (server.client().await, server.client().await);
    let in_slow = on_updates(&mut slow, "list-1").await;
    let in_quick = on_updates(&mut quick, "list-1").await;

    // Until the kernel's buffers are full, and then the backlog.
    let large = list(&"x".repeat(32 * 1024));
    let mut published = 0;
    while server.metric("tidings_slow_consumers_total") == 0 {
        server.publish("list-1", large.as_str()).await;
        published += 1;
        assert_eq!(quick.event(in_quick).await["type"], "data");
        assert!(published < 10_000, "a reader that does not read was never stopped");
    }
    let mut received = 0;
    let last = loop {
        let event = slow.event(in_slow).await;
        if event["type"] != "data" {
            break event;
        }
        received += 1;
    };
    assert_eq!(last, json!({ "type": "stopped", "reason": "slowConsumer" }));
    assert!(received < published);

    // The id is void, and the connection is not.
    assert_eq!(slow.call("onUpdates_unsubscribe", json!([in_slow])).await["result"], false);
    let again = on_updates(&mut slow, "list-1").await;
    server.publish("list-1", list("again")).await;
    assert_eq!(name(&slow.event(again).await), "again");
    drop((slow, quick));
    server.end().await;
}
