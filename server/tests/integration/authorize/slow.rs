use serde_json::{Value, json};
use tidings_testkit::Client;

use super::door::{PROCEDURES, serve};
use crate::support::TestServer;

/// The id of a call whose answer is not waited for.
const SLOW: u64 = 1000;

/// Calls a procedure, and waits for nothing.
async fn call_slowly(client: &mut Client, id: u64, procedure: &str, answer: &str) {
    let params = json!({ "answer": answer });
    let call = json!({ "jsonrpc": "2.0", "id": id, "method": procedure, "params": params });
    client.send(call.to_string()).await;
}

#[tokio::test]
async fn other_calls_of_the_connection_go_on_meanwhile() {
    for procedure in PROCEDURES {
        let (server, door) = serve(&[]).await;
        let mut client = server.client().await;
        call_slowly(&mut client, SLOW, procedure, "waitAndAllow").await;
        door.until_waiting(1).await;
        assert_eq!(client.call("rpc.ping", json!({})).await["result"], true);
        assert_eq!(client.call("door.peek", json!({ "answer": "allow" })).await["result"], 1);
        assert_eq!(server.metric("tidings_subscriptions"), 0);
        assert_eq!(client.waiting().count(), 0, "{procedure} was answered too early");
        door.releases.add_permits(1);
        let answer = client.message().await;
        assert_eq!(answer["id"], SLOW, "{procedure}: {answer}");
        assert!(answer["result"].is_u64(), "{procedure}: {answer}");
        drop(client);
        server.end().await;
    }
}

#[tokio::test]
async fn a_late_refusal_is_a_refusal() {
    let (server, door) = serve(&[]).await;
    let mut client = server.client().await;
    for procedure in PROCEDURES {
        call_slowly(&mut client, SLOW, procedure, "waitAndRefuse").await;
        door.until_waiting(1).await;
        door.releases.add_permits(1);
        let answer = client.message().await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(SLOW), &json!(-32053)));
    }
    assert_eq!(door.ran(), 0);
    drop(client);
    server.end().await;
}

async fn nothing_is_left_of_a_closed_connection(server: &TestServer) {
    server.until("it is gone", |server| server.monitor.open_tasks() == 0).await;
    assert_eq!(server.metric("tidings_connections"), 0);
    assert_eq!(server.metric("tidings_subscriptions"), 0);
    assert_eq!(server.metric("tidings_channels"), 0);
}

#[tokio::test]
async fn a_client_that_closes_meanwhile_leaves_nothing_behind() {
    let (server, door) = serve(&[]).await;
    for procedure in PROCEDURES {
        let mut client = server.client().await;
        call_slowly(&mut client, SLOW, procedure, "waitAndAllow").await;
        door.until_waiting(1).await;
        drop(client);
        // The handler is dropped, although it was never let go on.
        door.until_waiting(0).await;
        nothing_is_left_of_a_closed_connection(&server).await;
    }
    door.releases.add_permits(PROCEDURES.len());
    let mut client = server.client().await;
    assert_eq!(client.call("rpc.ping", json!({})).await["result"], true);
    assert_eq!(door.ran(), 0, "a procedure ran for a client that had gone");
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_post_that_is_given_up_meanwhile_leaves_nothing_behind() {
    let (server, door) = serve(&[]).await;
    for procedure in ["door.peek", "door.open"] {
        let params = json!({ "answer": "waitAndAllow" });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": procedure, "params": params });
        let post = reqwest::Client::new().post(server.url("/rpc")).json(&call).send();
        let post = tokio::spawn(post);
        door.until_waiting(1).await;
        post.abort();
        door.until_waiting(0).await;
        nothing_is_left_of_a_closed_connection(&server).await;
    }
    assert_eq!(door.ran(), 0);
    server.end().await;
}

/// The limit of the drain is far away: nothing but the handler could keep the replica.
#[tokio::test]
async fn a_replica_that_leaves_does_not_wait_for_a_subscription_to_be_authorised() {
    let (mut server, door) = serve(&["--drain-limit", "1h"]).await;
    let mut client = server.client().await;
    call_slowly(&mut client, SLOW, "door.onKnock", "waitAndAllow").await;
    door.until_waiting(1).await;
    server.leave();
    let answer = client.message().await;
    assert_eq!(answer["id"], SLOW);
    assert_eq!(answer["error"]["data"], json!({ "name": "brokerUnavailable", "retryable": true }));
    assert_eq!(u16::from(client.closed().await.unwrap().code), 1012);
    door.until_waiting(0).await;
    server.end().await;
}

/// A query and a mutation may still be answered while the replica leaves, until the limit of its drain.
#[tokio::test]
async fn a_replica_that_leaves_answers_calls_that_are_authorised_in_time() {
    for procedure in ["door.peek", "door.open"] {
        let (mut server, door) = serve(&["--drain-limit", "1h"]).await;
        let mut client = server.client().await;
        call_slowly(&mut client, SLOW, procedure, "waitAndAllow").await;
        door.until_waiting(1).await;
        server.leave();
        server.until("it leaves", |server| !server.monitor.is_ready()).await;
        door.releases.add_permits(1);
        let answer = client.message().await;
        assert_eq!((&answer["id"], &answer["result"]), (&json!(SLOW), &json!(1)));
        assert_eq!(u16::from(client.closed().await.unwrap().code), 1012);
        server.end().await;
    }
}

#[tokio::test]
async fn a_replica_that_leaves_gives_up_calls_that_are_not_authorised_in_time() {
    for procedure in ["door.peek", "door.open"] {
        let (mut server, door) = serve(&["--drain-limit", "300ms"]).await;
        let mut client = server.client().await;
        call_slowly(&mut client, SLOW, procedure, "waitAndAllow").await;
        door.until_waiting(1).await;
        server.leave();
        server.ended().await;
        door.until_waiting(0).await;
        server.until("nothing is left", |server| server.monitor.open_tasks() == 0).await;
        assert_eq!(door.ran(), 0);
        drop(client);
    }
}

fn outcome(answer: &Value) -> &Value {
    if answer["error"].is_null() { &answer["result"] } else { &answer["error"]["data"]["name"] }
}

/// A slot is taken while a subscription is being authorised, so that a client cannot have more handlers run than it may
/// have subscriptions.
#[tokio::test]
async fn subscriptions_that_are_being_authorised_count() {
    let (server, door) = serve(&["--max-subscriptions", "2"]).await;
    let mut client = server.client().await;
    for id in [SLOW, SLOW + 1] {
        call_slowly(&mut client, id, "door.onKnock", "waitAndAllow").await;
    }
    door.until_waiting(2).await;
    let third = client.call("door.onKnock", json!({ "answer": "allow" })).await;
    assert_eq!(outcome(&third), "tooManySubscriptions");
    assert_eq!(door.asked(), 2, "nobody was asked about the third");
    door.releases.add_permits(2);
    server.until("both live", |server| server.metric("tidings_subscriptions") == 2).await;
    let third = client.call("door.onKnock", json!({ "answer": "allow" })).await;
    assert_eq!(outcome(&third), "tooManySubscriptions");
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_slot_comes_back_when_the_subscription_is_refused() {
    let (server, door) = serve(&["--max-subscriptions", "1"]).await;
    let mut client = server.client().await;
    for answer in ["refuse", "refuseWithDetails", "panicAtOnce", "panicLater"] {
        let refused = client.call("door.onKnock", json!({ "answer": answer })).await;
        assert_ne!(outcome(&refused), "tooManySubscriptions", "before {answer}");
    }
    let refused = json!({ "answer": "allow", "thenPanic": true });
    assert_eq!(outcome(&client.call("door.onKnock", refused).await), "internalError");
    call_slowly(&mut client, SLOW, "door.onKnock", "waitAndRefuse").await;
    door.until_waiting(1).await;
    door.releases.add_permits(1);
    assert_eq!(outcome(&client.message().await), "forbidden");
    client.subscribe("door.onKnock", json!({ "answer": "allow" })).await;
    drop(client);
    server.end().await;
}
