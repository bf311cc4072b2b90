use serde_json::{Value, json};
use tidings_demo_contract::users::{Bio, OnBio};

use super::list_path;
use crate::support::{HttpClient, TestServer, in_query, list, name, on_both_brokers, on_updates};

on_both_brokers! {
    a_stream_begins_and_each_event_is_a_message,
    many_subscriptions_share_a_stream,
    data_is_what_a_websocket_carries,
    a_payload_that_does_not_fit_is_a_gap,
    a_value_has_its_version_for_an_id,
}

async fn a_stream_begins_and_each_event_is_a_message(server: TestServer) {
    let mut client = HttpClient::connect(&server).await;
    client.get(&list_path("list-1")).await;
    let head = client.head().await;
    assert_eq!(head.status, 200);
    for (name, value) in [
        ("content-type", Some("text/event-stream")),
        ("cache-control", Some("no-store")),
        ("x-accel-buffering", Some("no")),
        ("transfer-encoding", Some("chunked")),
        ("content-length", None),
    ] {
        assert_eq!(head.header(name), value, "{name}");
    }
    let first = client.chunk().await.unwrap();
    let (retry, rest) = first.split_once('\n').unwrap();
    let retry: u32 = retry.strip_prefix("retry: ").unwrap().parse().unwrap();
    assert!((1000..3000).contains(&retry));
    let subscriptions = rest.strip_prefix("event: subscriptions\ndata: ").unwrap();
    let subscriptions: Value = serde_json::from_str(subscriptions.trim_end()).unwrap();
    let id = subscriptions["subscriptions"][0].as_u64().unwrap();

    let started = client.sent().await.unwrap();
    let begin = started.id.unwrap();
    let expected =
        json!({ "type": "started", "resumed": false, "lastEventId": begin, "instance": "test" });
    assert_eq!(started.data, json!({ "subscription": id, "result": expected }));
    for n in 0..3 {
        let event_id = server.publish("list-1", list(&n.to_string())).await;
        let sent = client.sent().await.unwrap();
        assert_eq!(sent.id.as_deref(), Some(&*event_id));
        assert_eq!(sent.data["subscription"], id);
        assert_eq!(sent.data["result"]["id"], *event_id);
        assert_eq!(name(&sent.data["result"]), n.to_string());
    }
    assert_eq!(server.metric("tidings_subscriptions"), 1);
    drop(client);
    server.until("it has gone", |server| server.metric("tidings_subscriptions") == 0).await;
    server.end().await;
}

async fn many_subscriptions_share_a_stream(server: TestServer) {
    let mut client = HttpClient::connect(&server).await;
    let wanted = ["one", "two", "one"]
        .map(|channel| json!({ "procedure": "onUpdates", "input": { "channel": channel } }));
    client.post("/sse", &json!(wanted)).await;
    let ids = client.stream().await;
    assert_eq!(ids.len(), 3);
    for id in &ids {
        let started = client.sent().await.unwrap();
        assert_eq!(started.data["subscription"], *id);
        assert_eq!(started.data["result"]["type"], "started");
    }
    server.publish("two", list("a")).await;
    let sent = client.sent().await.unwrap().data;
    assert_eq!((&sent["subscription"], name(&sent["result"])), (&json!(ids[1]), "a"));
    server.publish("one", list("b")).await;
    let mut both = Vec::new();
    for _ in 0..2 {
        let sent = client.sent().await.unwrap().data;
        assert_eq!(name(&sent["result"]), "b");
        both.push(sent["subscription"].as_u64().unwrap());
    }
    both.sort_unstable();
    let mut expected = [ids[0], ids[2]];
    expected.sort_unstable();
    assert_eq!(both, expected, "both subscriptions to the same channel get it");
    drop(client);
    server.end().await;
}

async fn data_is_what_a_websocket_carries(server: TestServer) {
    let mut socket = server.client().await;
    let id = on_updates(&mut socket, "list-1").await;
    let mut client = HttpClient::connect(&server).await;
    client.get(&list_path("list-1")).await;
    assert_eq!(client.stream().await, [id], "the channel's shared id");
    client.sent().await;
    for payload in ["[]", r#"[{"id":"1","name":"\"subscription\":9,\"data\":\n"}]"#] {
        server.publish("list-1", payload).await;
        let message = socket.message().await;
        assert_eq!(client.sent().await.unwrap().data, message["params"]);
    }
    // Together, in one batch for both, and around the lengths at which a frame's header grows.
    let lengths = [1, 10, 125, 126, 300, 65_400, 65_536, 70_000];
    for length in lengths {
        server.publish("list-1", list(&"x".repeat(length))).await;
    }
    for _ in lengths {
        assert_eq!(client.sent().await.unwrap().data, socket.message().await["params"]);
    }
    drop((client, socket));
    server.end().await;
}

async fn a_payload_that_does_not_fit_is_a_gap(server: TestServer) {
    let mut client = HttpClient::connect(&server).await;
    client.get(&list_path("list-1")).await;
    client.stream().await;
    client.sent().await;
    let id = server.publish("list-1", "7").await;
    let sent = client.sent().await.unwrap();
    assert_eq!(sent.id.as_deref(), Some(&*id));
    let gap = json!({ "type": "gap", "reason": "payloadRejected", "lastEventId": id });
    assert_eq!(sent.data["result"], gap);
    drop(client);
    server.end().await;
}

async fn a_value_has_its_version_for_an_id(server: TestServer) {
    let set = async |bio: &str| {
        let bio = Bio { id: "5".to_owned(), bio: bio.to_owned() };
        server.publisher.publish::<OnBio>(&OnBio::channel_of("5"), &bio).await.unwrap();
    };
    let path = format!("/sse/onBio?input={}", in_query(&json!({ "id": "5" })));
    set("first").await;
    let mut client = HttpClient::connect(&server).await;
    client.get(&path).await;
    client.stream().await;
    assert_eq!(client.sent().await.unwrap().id, None, "`started` has none");
    let first = client.sent().await.unwrap();
    assert_eq!(first.data["result"]["data"]["bio"], "first");
    assert_eq!(first.data["result"].get("id"), None);
    set("second").await;
    let second = client.sent().await.unwrap();
    set("first").await;
    let again = client.sent().await.unwrap();
    assert_eq!(again.id, first.id, "an equal value has an equal version");
    assert_ne!(second.id, first.id);
    drop(client);

    let version = again.id.unwrap();
    let mut client = HttpClient::connect(&server).await;
    client.get_with(&path, &format!("last-event-id: {version}\r\n")).await;
    client.stream().await;
    client.sent().await;
    set("third").await;
    assert_eq!(client.event().await["data"]["bio"], "third", "`first` is not sent again");
    drop(client);
    server.end().await;
}
