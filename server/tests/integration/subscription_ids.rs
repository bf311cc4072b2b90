use std::sync::Arc;

use schemars::JsonSchema;
use serde_json::{Value, json};
use tidings::{Context, Feed, NoInput, Query, Router, RpcError, Subscription};
use tidings_testkit::Client;
use tokio::sync::Semaphore;

use crate::support::{RawClient, TestBroker, TestServer, call, list, name, on_updates};

fn subscribe(channel: &str) -> Value {
    call("subscribe", "onUpdates", json!({ "channel": channel }))
}

fn unsubscribe(id: &Value) -> Value {
    call("unsubscribe", "onUpdates_unsubscribe", json!([id]))
}

async fn join(client: &mut RawClient, channel: &str) -> Value {
    client.send_together(&[subscribe(channel)]).await;
    client.answer().await["result"].take()
}

/// Publishes to a channel whose client does not read, until the server stops the subscription, and reads up to that.
/// `quick` has the same subscription and reads.
async fn until_stopped(
    server: &TestServer,
    client: &mut RawClient,
    quick: &mut Client,
    channel: &str,
    id: &Value,
) {
    let stopped = server.metric("tidings_slow_consumers_total");
    while server.metric("tidings_slow_consumers_total") == stopped {
        server.publish(channel, list(&"x".repeat(32 * 1024))).await;
        assert_eq!(quick.event(id.as_u64().unwrap()).await["type"], "data");
    }
    while client.event(id).await["type"] != "stopped" {}
}

/// Waits until a subscription receives an event that is published now. Earlier ones may still be on their way.
async fn until_alive(server: &TestServer, client: &mut RawClient, channel: &str, id: &Value) {
    server.publish(channel, list("alive")).await;
    loop {
        let event = client.event(id).await;
        assert_ne!(event["type"], "stopped");
        if event["type"] == "data" && name(&event) == "alive" {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_the_server_has_ended_ends_no_other_subscription() {
    let limits = ["--outbox-bytes", "65536", "--send-buffer-bytes", "4096"];
    let server = TestServer::on_memory(&limits).await;
    let mut others = server.client().await;
    let mut client = RawClient::connect(&server).await;
    for n in 0..25 {
        let channel = &format!("list-{n}");
        // So that the channel keeps its shared id.
        let kept = on_updates(&mut others, channel).await;
        let first = join(&mut client, channel).await;
        assert_eq!(first, kept, "it is the shared one");
        until_stopped(&server, &mut client, &mut others, channel, &first).await;

        client.send_together(&[unsubscribe(&first), subscribe(channel)]).await;
        let (ended, second) = (client.answer().await, client.answer().await);
        assert_eq!((&ended["id"], &ended["result"]), (&json!("unsubscribe"), &json!(false)));
        let second = &second["result"];
        assert_ne!(*second, first);
        until_alive(&server, &mut client, channel, second).await;

        // Nor later, when everything has been answered.
        client.send_together(&[unsubscribe(second)]).await;
        assert_eq!(client.answer().await["result"], true);
        let third = join(&mut client, channel).await;
        assert!(third != first && third != *second, "{third} was given before");
        others.call("onUpdates_unsubscribe", json!([kept])).await;
    }
    drop((client, others));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_has_left_a_channel_gets_its_shared_id_again() {
    let server = TestServer::on_memory(&[]).await;
    let mut others = server.client().await;
    let shared = json!(on_updates(&mut others, "list-1").await);
    let mut client = RawClient::connect(&server).await;
    for _ in 0..300 {
        assert_eq!(join(&mut client, "list-1").await, shared);
        client.send_together(&[unsubscribe(&shared)]).await;
        assert_eq!(client.answer().await["result"], true);
    }

    // In one write, too: the first call is answered before the second gets the id.
    assert_eq!(join(&mut client, "list-1").await, shared);
    for _ in 0..25 {
        client.send_together(&[unsubscribe(&shared), subscribe("list-1")]).await;
        let (ended, joined) = (client.answer().await, client.answer().await);
        assert_eq!((&ended["id"], &ended["result"]), (&json!("unsubscribe"), &json!(true)));
        assert_eq!(joined["result"], shared);
        until_alive(&server, &mut client, "list-1", &shared).await;
    }
    drop((client, others));
    server.end().await;
}

/// Waits until the test lets it go on.
#[derive(JsonSchema)]
struct Wait;

impl Query for Wait {
    const NAME: &'static str = "wait";
    type Input = NoInput;
    type Output = bool;
}

/// Streams numbers.
#[derive(JsonSchema)]
struct OnNumber;

impl Subscription for OnNumber {
    const NAME: &'static str = "onNumber";
    type Input = NoInput;
    type Event = u32;
    const FEED: Feed = Feed::Log;
}

async fn wait(context: Context<Arc<Semaphore>>, _: NoInput) -> Result<bool, RpcError> {
    context.state.acquire().await.unwrap().forget();
    Ok(true)
}

/// A batch is answered when all of its calls are: it may end an id long before the client knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_is_not_given_again_before_the_client_has_been_told_that_it_is_free() {
    let releases = Arc::new(Semaphore::new(0));
    let router = Router::<Arc<Semaphore>>::new("Numbers", "1.0.0")
        .query::<Wait>(wait)
        .public()
        .subscription::<OnNumber>()
        .public();
    let server = TestBroker::memory().serve(&[], router, releases.clone()).await;
    let subscribe = || call("subscribe", "onNumber", json!({}));
    let leave = |id: &Value| call("unsubscribe", "onNumber_unsubscribe", json!([id]));
    // So that the channel keeps its shared id.
    let mut others = server.client().await;
    let shared = json!(others.subscribe("onNumber", json!({})).await);

    let mut client = RawClient::connect(&server).await;
    client.send_together(&[subscribe()]).await;
    assert_eq!(client.answer().await["result"], shared);
    let batch = json!([leave(&shared), call("wait", "wait", json!({}))]);
    client.send_together(&[batch, subscribe()]).await;
    let between = client.answer().await["result"].take();
    assert_ne!(between, shared, "the client has not been told that it is free");
    releases.add_permits(1);
    while !client.message().await.is_array() {}
    client.send_together(&[subscribe()]).await;
    assert_eq!(client.answer().await["result"], shared, "now it has");
    drop((client, others));
    server.end().await;
}
