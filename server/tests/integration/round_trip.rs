use serde_json::json;

use crate::support::{TestServer, list, name, on_both_brokers, on_updates};

on_both_brokers! {
    all_users_answers_the_users,
    user_by_id_answers_the_user_or_not_found,
    an_update_reaches_its_subscribers_and_no_others,
    nothing_follows_the_answer_to_unsubscribe,
    unsubscribing_right_behind_subscribing_leaves_nothing,
    two_subscriptions_of_one_connection_to_one_channel_have_different_ids,
    the_broker_is_left_when_the_last_subscriber_leaves,
    a_closed_connection_leaves_nothing_behind,
    ping_answers,
}

async fn all_users_answers_the_users(server: TestServer) {
    let mut client = server.client().await;
    let users = client.call("allUsers", json!({})).await;
    let users = users["result"].as_array().unwrap();
    assert_eq!(users.len(), 10);
    assert_eq!(users[0]["name"], "Leanne Graham");
    assert_eq!(users[0]["bio"], "Multi-layered client-server neural-net");
    drop(client);
    server.end().await;
}

async fn user_by_id_answers_the_user_or_not_found(server: TestServer) {
    let mut client = server.client().await;
    let user = client.call("userById", json!({ "id": "3" })).await;
    assert_eq!(user["result"]["name"], "Clementine Bauch");
    // By position: an array of the one object.
    let user = client.call("userById", json!([{ "id": "4" }])).await;
    assert_eq!(user["result"]["name"], "Patricia Lebsack");

    let missing = client.call("userById", json!({ "id": "99" })).await;
    let expected = json!({
        "jsonrpc": "2.0",
        "id": 3,
        "error": {
            "code": -32004,
            "message": "no user has the id \"99\"",
            "data": { "name": "notFound", "retryable": false, "path": "id" },
        },
    });
    assert_eq!(missing, expected);
    drop(client);
    server.end().await;
}

async fn an_update_reaches_its_subscribers_and_no_others(server: TestServer) {
    let (mut a, mut b, mut other) =
        (server.client().await, server.client().await, server.client().await);
    let in_a = on_updates(&mut a, "list-1").await;
    let in_b = on_updates(&mut b, "list-1").await;
    let in_other = on_updates(&mut other, "list-2").await;

    let id = server.publish("list-1", list("one")).await;
    server.publish("list-2", list("two")).await;
    let event = a.event(in_a).await;
    let published_at = event["publishedAt"].as_u64().unwrap();
    let expected = json!({
        "type": "data",
        "id": id,
        "publishedAt": published_at,
        "instance": "test",
        "data": [{ "id": "1", "name": "one" }],
    });
    assert_eq!(event, expected);
    assert!(published_at > 1_700_000_000_000, "{published_at} is no time in milliseconds");
    assert_eq!(name(&b.event(in_b).await), "one");
    assert_eq!(name(&other.event(in_other).await), "two");
    assert_eq!(a.waiting().count() + b.waiting().count() + other.waiting().count(), 0);
    drop((a, b, other));
    server.end().await;
}

async fn nothing_follows_the_answer_to_unsubscribe(server: TestServer) {
    let mut client = server.client().await;
    let first = on_updates(&mut client, "list-1").await;
    server.publish("list-1", list("before")).await;
    assert_eq!(name(&client.event(first).await), "before");
    assert_eq!(client.call("onUpdates_unsubscribe", json!([first])).await["result"], true);
    assert_eq!(client.call("onUpdates_unsubscribe", json!([first])).await["result"], false);

    // What a later subscription has received, an earlier one would have received before.
    let second = on_updates(&mut client, "list-1").await;
    server.publish("list-1", list("after")).await;
    assert_eq!(name(&client.event(second).await), "after");
    assert_eq!(client.waiting().count(), 0);

    let by_name = json!({ "subscription": second });
    assert_eq!(client.call("onUpdates_unsubscribe", by_name).await["result"], true);
    drop(client);
    server.end().await;
}

async fn two_subscriptions_of_one_connection_to_one_channel_have_different_ids(server: TestServer) {
    let mut client = server.client().await;
    let first = on_updates(&mut client, "list-1").await;
    let second = on_updates(&mut client, "list-1").await;
    assert_ne!(first, second);
    server.publish("list-1", list("both")).await;
    assert_eq!(name(&client.event(first).await), "both");
    assert_eq!(name(&client.event(second).await), "both");
    assert_eq!(client.call("onUpdates_unsubscribe", json!([first])).await["result"], true);
    server.publish("list-1", list("one")).await;
    assert_eq!(name(&client.event(second).await), "one");
    assert_eq!(client.waiting().count(), 0);
    drop(client);
    server.end().await;
}

async fn the_broker_is_left_when_the_last_subscriber_leaves(server: TestServer) {
    let (mut a, mut b) = (server.client().await, server.client().await);
    let in_a = on_updates(&mut a, "list-1").await;
    let in_b = on_updates(&mut b, "list-1").await;
    assert_eq!(server.metric("tidings_channels"), 1);
    if let Some(valkey) = &server.valkey {
        let subscribers = valkey.cli(["PUBSUB", "NUMSUB", "updates:{list-1}"]).await.unwrap();
        assert_eq!(subscribers, "updates:{list-1}\n1", "one subscription for two subscribers");
    }
    a.call("onUpdates_unsubscribe", json!([in_a])).await;
    assert_ne!(server.metric("tidings_channels"), 0);
    b.call("onUpdates_unsubscribe", json!([in_b])).await;
    assert_eq!(server.metric("tidings_channels"), 0);
    // The replica tells Valkey after it has told the client.
    server.until_valkey_has_no_subscription().await;

    // And back.
    let again = on_updates(&mut a, "list-1").await;
    server.publish("list-1", list("again")).await;
    assert_eq!(name(&a.event(again).await), "again");
    drop((a, b));
    server.end().await;
}

async fn a_closed_connection_leaves_nothing_behind(server: TestServer) {
    let mut client = server.client().await;
    on_updates(&mut client, "list-1").await;
    on_updates(&mut client, "list-2").await;
    drop(client);
    server.until("the hub is empty", |server| server.metric("tidings_channels") == 0).await;
    server.until("the connection has gone", |server| server.monitor.open_tasks() == 0).await;
    server.end().await;
}

async fn ping_answers(server: TestServer) {
    let mut client = server.client().await;
    assert_eq!(client.call("rpc.ping", json!({})).await["result"], true);
    drop(client);
    server.end().await;
}

/// Pipelined, so that the end meets the subscription in every phase of its beginning.
async fn unsubscribing_right_behind_subscribing_leaves_nothing(server: TestServer) {
    let mut witness = server.client().await;
    let id = on_updates(&mut witness, "list-1").await;
    for round in 0..100 {
        let mut client = server.client().await;
        let subscribe =
            r#"{"jsonrpc":"2.0","id":"s","method":"onUpdates","params":{"channel":"list-1"}}"#;
        client.send(subscribe).await;
        // All connections share the channel's id.
        let end = json!({ "jsonrpc": "2.0", "id": "u", "method": "onUpdates_unsubscribe", "params": [id] });
        client.send(end.to_string()).await;
        server.publish("list-1", list(&round.to_string())).await;
        let (mut live, mut ended, mut answers) = (false, false, 0);
        while answers < 2 {
            let message = client.message().await;
            match message["id"].as_str() {
                Some("s") => {
                    answers += 1;
                    live = true;
                }
                Some(_) => {
                    answers += 1;
                    ended = message["result"] == true;
                }
                None => assert!(live && !ended, "an event after the end: {message}"),
            }
        }
        if !ended {
            // It came before there was anything to end.
            assert_eq!(client.call("onUpdates_unsubscribe", json!([id])).await["result"], true);
        }
        while client.waiting().next().is_some() {
            client.message().await;
        }
        server.publish("list-1", list("after")).await;
        while witness.event(id).await["data"][0]["name"] != "after" {}
        client.call("rpc.ping", json!({})).await;
        assert_eq!(client.waiting().count(), 0, "an event after the end");
        server
            .until("the witness is alone", |server| server.metric("tidings_subscriptions") == 1)
            .await;
    }
    drop(witness);
    server.end().await;
}
