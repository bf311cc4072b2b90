use serde_json::json;

use crate::support::{RawClient, TestServer, list, masked, name, on_updates};

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
    server.until("the place is free", |server| server.monitor.open_tasks() == 0).await;
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

/// A client that asks for more and more and reads no answer costs no more than what its calls in flight cost.
#[tokio::test]
async fn calls_whose_answers_nobody_reads_are_not_read_either() {
    // More than the kernels of both sides keep.
    const CALLS: usize = 1000;
    const CALL_BYTES: usize = 60_000;
    let server = TestServer::on_memory(&[]).await;
    let mut client = RawClient::connect(&server).await;
    let mut quick = server.client().await;
    // Answered by us, and by jsonrpsee.
    let pad = |text: &str| format!("{text:CALL_BYTES$}");
    let call = masked(0x81, pad(r#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#).as_bytes());
    let no_call = masked(0x81, pad("no call").as_bytes());
    let calls = [call, no_call].concat().repeat(CALLS / 2);

    let (mut sent, mut refused) = (0, 0);
    // The server reads between two tries, if it reads.
    while refused < 100 {
        let taken = client.try_send(&calls[sent..]);
        sent += taken;
        refused = if taken == 0 { refused + 1 } else { 0 };
        assert!(sent < calls.len(), "all was taken");
        assert_eq!(quick.call("rpc.ping", json!({})).await["result"], true);
    }

    // Once it reads, all are answered.
    let (mut answered, mut refused) = (0, 0);
    while answered + refused < CALLS {
        sent += client.try_send(&calls[sent..]);
        let answer = client.frame().await.unwrap();
        match answer.payload.starts_with(br#"{"jsonrpc":"2.0","id":1,"result":{"openrpc""#) {
            true => answered += 1,
            false => refused += 1,
        }
    }
    assert_eq!((answered, refused), (CALLS / 2, CALLS / 2));
    drop((client, quick));
    server.end().await;
}

/// The same of messages that are no calls.
#[tokio::test]
async fn refusals_that_nobody_reads_stop_the_reading() {
    // More than the kernels of both sides keep.
    const MESSAGES: usize = 40_000;
    let server = TestServer::on_memory(&["--outbox-bytes", "65536"]).await;
    let mut client = RawClient::connect(&server).await;
    let mut quick = server.client().await;
    let messages = masked(0x81, format!("{:1000}", "{}").as_bytes()).repeat(MESSAGES);

    let (mut sent, mut refused) = (0, 0);
    // The server reads between two tries, if it reads.
    while refused < 100 {
        let taken = client.try_send(&messages[sent..]);
        sent += taken;
        refused = if taken == 0 { refused + 1 } else { 0 };
        assert!(sent < messages.len(), "all was taken");
        assert_eq!(quick.call("rpc.ping", json!({})).await["result"], true);
    }

    // Once it reads, the server reads on.
    while client.try_send(&messages[sent..]) == 0 {
        let refusal = client.message().await;
        assert_eq!(refusal["error"]["code"], -32600, "{refusal}");
    }
    drop((client, quick));
    server.end().await;
}

/// Nor are they worked on: a batch's answer is large, and its call is small.
#[tokio::test]
async fn calls_whose_answers_nobody_reads_are_not_worked_on() {
    let server = TestServer::on_memory(&["--outbox-bytes", "65536"]).await;
    let mut client = RawClient::connect(&server).await;
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "rpc.discover" });
    let batch = json!(vec![call; 32]).to_string();
    for _ in 0..20 {
        client.send_text(&batch).await;
    }
    // The last of them subscribes: as long as nothing is read, nobody gets there.
    client.subscribe("list-1").await;
    let mut quick = server.client().await;
    for _ in 0..200 {
        assert_eq!(quick.call("rpc.ping", json!({})).await["result"], true);
    }
    assert_eq!(server.metric("tidings_subscriptions"), 0);
    let mut answers = 0;
    while answers < 20 {
        let frame = client.frame().await.unwrap();
        answers += usize::from(frame.payload.starts_with(b"["));
    }
    server.until("its turn has come", |server| server.metric("tidings_subscriptions") == 1).await;
    drop((client, quick));
    server.end().await;
}

#[tokio::test]
async fn a_peer_that_reads_nothing_is_cut_off_and_its_subscriptions_go() {
    let server = TestServer::on_memory(&["--stall-limit", "300ms", "--ping-interval", "1h"]).await;
    let mut slow = RawClient::connect(&server).await;
    slow.subscribe("list-1").await;
    server.until("it has subscribed", |server| server.metric("tidings_subscriptions") == 1).await;
    let mut quick = server.client().await;
    let id = on_updates(&mut quick, "list-1").await;
    // Kept below the outbox's bound: it is the time that counts here.
    let large = list(&"x".repeat(32 * 1024));
    for _ in 0..30 {
        server.publish("list-1", large.as_str()).await;
        assert_eq!(quick.event(id).await["type"], "data");
    }
    server
        .until("it is cut off", |server| server.metric("tidings_connections_stalled_total") == 1)
        .await;
    server.until("only one is left", |server| server.metric("tidings_connections") == 1).await;
    assert_eq!(server.metric("tidings_subscriptions"), 1);
    assert_eq!(server.metric("tidings_slow_consumers_total"), 0);
    // What the kernel had taken arrives, and then the end.
    while slow.frame().await.is_some() {}
    drop((slow, quick));
    server.end().await;
}

/// What waits fits the kernel's buffer: then it is the kernel that counts.
#[tokio::test]
#[cfg_attr(
    tidings_portable,
    ignore = "needs TCP_USER_TIMEOUT, for which the fallback is keep-alive"
)]
async fn a_peer_that_acknowledges_nothing_is_counted_too() {
    let server = TestServer::on_memory(&["--stall-limit", "300ms", "--ping-interval", "1h"]).await;
    let mut slow = RawClient::connect(&server).await;
    slow.subscribe("list-1").await;
    server.until("it has subscribed", |server| server.metric("tidings_subscriptions") == 1).await;
    for _ in 0..3 {
        server.publish("list-1", list(&"x".repeat(16 * 1024))).await;
    }
    server
        .until("it is cut off", |server| server.metric("tidings_connections_stalled_total") == 1)
        .await;
    server.until("nobody is left", |server| server.metric("tidings_connections") == 0).await;
    drop(slow);
    server.end().await;
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_closed_and_told_why() {
    let server =
        TestServer::on_memory(&["--stall-limit", "300ms", "--ping-interval", "50ms"]).await;
    let mut silent = RawClient::connect(&server).await;
    let mut alive = server.client().await;
    // It answers pings as long as it is being read from.
    let live = async { while alive.call("rpc.ping", json!({})).await["result"] == true {} };
    tokio::select! {
        code = silent.close_code() => assert_eq!(code, 4408),
        () = live => panic!("the other client was not answered"),
    }
    assert_eq!(server.metric("tidings_connections_silent_total"), 1);
    assert_eq!(silent.frame().await, None);
    drop((silent, alive));
    server.end().await;
}

/// On one connection, too: who is behind is stopped, and not who stands beside it.
#[tokio::test]
async fn a_slow_subscription_is_stopped_and_its_neighbour_goes_on() {
    let server = TestServer::on_memory(&["--outbox-bytes", "262144"]).await;
    let mut client = server.client().await;
    let quiet = on_updates(&mut client, "quiet").await;
    let busy = on_updates(&mut client, "busy").await;
    let large = list(&"x".repeat(32 * 1024));
    while server.metric("tidings_slow_consumers_total") == 0 {
        server.publish("quiet", list("quiet")).await;
        server.publish("busy", large.as_str()).await;
    }
    server.publish("quiet", list("last")).await;
    let mut last = json!(null);
    while last["type"] != "stopped" {
        last = client.event(busy).await;
    }
    assert_eq!(last["reason"], "slowConsumer");
    while name(&client.event(quiet).await) != "last" {}
    assert_eq!(server.metric("tidings_slow_consumers_total"), 1);
    drop(client);
    server.end().await;
}
