//! Long polls: a request is answered as soon as there is something, and the next one goes on from there.

use serde_json::{Value, json};
use tidings_demo_contract::users::{Bio, OnBio};

use crate::support::{HttpClient, TestServer, in_query, list, name, on_both_brokers};

on_both_brokers! {
    a_poll_waits_for_an_event_and_the_next_one_goes_on,
    what_was_missed_is_answered_at_once,
    an_empty_answer_has_a_cursor,
    many_are_answered_in_the_order_of_the_request,
    what_is_not_there_any_more_is_a_gap,
    a_payload_that_does_not_fit_is_a_gap,
    more_than_an_answer_takes_comes_with_the_next_ones,
    a_value_is_answered_once,
    a_poll_that_does_not_wait_gets_what_was_missed,
}

fn path(input: &Value, cursor: &Value, wait_ms: u32) -> String {
    let cursor = cursor.as_str().map(|cursor| format!("&lastEventId={cursor}"));
    format!("input={}&waitMs={wait_ms}{}", in_query(input), cursor.unwrap_or_default())
}

/// Polls a list.
async fn ask(client: &mut HttpClient, channel: &str, cursor: &Value, wait_ms: u32) {
    let path = path(&json!({ "channel": channel }), cursor, wait_ms);
    client.get(&format!("/poll/onUpdates?{path}")).await;
}

async fn poll(client: &mut HttpClient, channel: &str, cursor: &Value, wait_ms: u32) -> Value {
    ask(client, channel, cursor, wait_ms).await;
    answer(client).await
}

async fn answer(client: &mut HttpClient) -> Value {
    let (status, answer) = client.json().await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn names(answer: &Value) -> Vec<&str> {
    answer["events"].as_array().unwrap().iter().map(name).collect()
}

async fn a_poll_that_does_not_wait_gets_what_was_missed(server: TestServer) {
    // More than is read of a history at once.
    let long = "x".repeat(200_000);
    let mut cursor = json!(server.publish("list-1", list("first")).await);
    let mut missed = Vec::new();
    for n in 0..5 {
        missed.push(format!("{n} {long}"));
        server.publish("list-1", list(&missed[n])).await;
    }
    let mut client = HttpClient::connect(&server).await;
    let mut answered = Vec::new();
    while answered.len() < missed.len() {
        let answer = poll(&mut client, "list-1", &cursor, 0).await;
        let names = names(&answer);
        assert!(!names.is_empty(), "behind {}", answered.len());
        answered.extend(names.into_iter().map(str::to_owned));
        cursor = answer["lastEventId"].clone();
    }
    assert!(answered == missed);
    drop(client);
    server.end().await;
}

/// A request has begun to wait.
async fn until_waiting(server: &TestServer) {
    server.until("it waits", |server| server.metric("tidings_subscriptions") > 0).await;
}

async fn a_poll_waits_for_an_event_and_the_next_one_goes_on(server: TestServer) {
    let mut client = HttpClient::connect(&server).await;
    let mut cursor = json!(null);
    for n in 0..5 {
        ask(&mut client, "list-1", &cursor, 50_000).await;
        until_waiting(&server).await;
        // The first poll has no cursor: it gets what comes after it was taken in.
        server.until("it is in", |server| server.metric("tidings_channels") > 0).await;
        if n == 0 {
            publish_until_answered(&server, &mut client, &mut cursor).await;
            continue;
        }
        let id = server.publish("list-1", list(&n.to_string())).await;
        let answer = answer(&mut client).await;
        assert_eq!(names(&answer), [n.to_string()]);
        assert_eq!(answer["lastEventId"], *id);
        assert_eq!(answer["events"][0]["id"], *id);
        cursor = answer["lastEventId"].clone();
        assert_eq!(server.metric("tidings_subscriptions"), 0, "a poll leaves nothing behind");
    }
    drop(client);
    server.end().await;
}

/// Publishes one event after the other until a poll without a cursor has been taken in.
async fn publish_until_answered(server: &TestServer, client: &mut HttpClient, cursor: &mut Value) {
    let answer = answer(client);
    tokio::pin!(answer);
    let answer = loop {
        server.publish("list-1", list("0")).await;
        tokio::select! {
            answer = &mut answer => break answer,
            () = tokio::time::sleep(std::time::Duration::from_millis(5)) => {}
        }
    };
    assert!(names(&answer).iter().all(|name| *name == "0"));
    *cursor = answer["lastEventId"].clone();
    // Those that came after the answer.
    let mut client = HttpClient::connect(server).await;
    loop {
        let rest = poll(&mut client, "list-1", cursor, 0).await;
        if rest["events"].as_array().unwrap().is_empty() {
            return;
        }
        *cursor = rest["lastEventId"].clone();
    }
}

async fn what_was_missed_is_answered_at_once(server: TestServer) {
    let mut cursor = json!(server.publish("list-1", list("0")).await);
    let mut client = HttpClient::connect(&server).await;
    for round in 0..3 {
        for n in 0..3 {
            server.publish("list-1", list(&format!("{round} {n}"))).await;
        }
        let mut got = Vec::new();
        while got.len() < 3 {
            let answer = poll(&mut client, "list-1", &cursor, 50_000).await;
            got.extend(names(&answer).into_iter().map(str::to_owned));
            cursor = answer["lastEventId"].clone();
        }
        assert_eq!(got, [0, 1, 2].map(|n| format!("{round} {n}")));
    }
    drop(client);
    server.end().await;
}

async fn an_empty_answer_has_a_cursor(server: TestServer) {
    let mut client = HttpClient::connect(&server).await;
    let empty = poll(&mut client, "list-1", &json!(null), 0).await;
    assert_eq!(empty["events"], json!([]));
    assert!(empty["lastEventId"].is_string(), "a channel without events has one, too");
    let again = poll(&mut client, "list-1", &empty["lastEventId"], 1).await;
    assert_eq!(again, empty);
    server.publish("list-1", list("1")).await;
    let answer = poll(&mut client, "list-1", &empty["lastEventId"], 50_000).await;
    assert_eq!(names(&answer), ["1"]);
    drop(client);
    server.end().await;
}

async fn many_are_answered_in_the_order_of_the_request(server: TestServer) {
    let one = server.publish("one", list("1")).await;
    let two = server.publish("two", list("1")).await;
    server.publish("two", list("2")).await;
    let three = server.publish("three", list("1")).await;
    let last = server.publish("three", "7").await;
    let wanted = [("one", &one), ("two", &two), ("three", &three)].map(|(channel, cursor)| {
        json!({ "procedure": "onUpdates", "input": { "channel": channel }, "lastEventId": cursor })
    });
    let mut client = HttpClient::connect(&server).await;
    client.post("/poll?waitMs=50000", &json!(wanted)).await;
    let answers = answer(&mut client).await;
    assert_eq!(answers[0], json!({ "lastEventId": one, "events": [] }));
    assert_eq!(names(&answers[1]), ["2"]);
    let gap = json!({ "type": "gap", "reason": "payloadRejected", "lastEventId": last });
    assert_eq!(answers[2], json!({ "lastEventId": last, "events": [gap] }));
    drop(client);
    server.end().await;
}

async fn what_is_not_there_any_more_is_a_gap(server: TestServer) {
    let last = server.publish("list-1", list("1")).await;
    let (epoch, _) = last.split_once(':').unwrap();
    let mut client = HttpClient::connect(&server).await;
    let answer = poll(&mut client, "list-1", &json!(format!("{epoch}:9")), 50_000).await;
    let gap = json!({ "type": "gap", "reason": "unknownPosition", "lastEventId": last });
    assert_eq!(answer, json!({ "lastEventId": last, "events": [gap] }));
    drop(client);
    server.end().await;
}

async fn a_payload_that_does_not_fit_is_a_gap(server: TestServer) {
    let first = server.publish("list-1", list("1")).await;
    let last = server.publish("list-1", "7").await;
    let mut client = HttpClient::connect(&server).await;
    let answer = poll(&mut client, "list-1", &json!(first), 50_000).await;
    let gap = json!({ "type": "gap", "reason": "payloadRejected", "lastEventId": last });
    assert_eq!(answer, json!({ "lastEventId": last, "events": [gap] }));
    drop(client);
    server.end().await;
}

async fn more_than_an_answer_takes_comes_with_the_next_ones(server: TestServer) {
    let first = json!(server.publish("list-1", list("0")).await);
    // The replica keeps what it sends to somebody.
    let mut socket = server.client().await;
    let id = crate::support::on_updates(&mut socket, "list-1").await;
    let payload = "x".repeat(100_000);
    for n in 1..=9 {
        server.publish("list-1", list(&format!("{n} {payload}"))).await;
        socket.event(id).await;
    }
    let mut client = HttpClient::connect(&server).await;
    let mut cursor = first;
    for expected in [&[1, 2, 3, 4, 5, 6][..], &[7, 8, 9]] {
        let answer = poll(&mut client, "list-1", &cursor, 50_000).await;
        let got: Vec<_> = names(&answer).iter().map(|name| name.split(' ').next()).collect();
        let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(got, expected.iter().map(|n| Some(&**n)).collect::<Vec<_>>());
        cursor = answer["lastEventId"].clone();
    }
    // Larger than the outbox, and not kept in memory.
    drop(socket);
    for n in 10..=40 {
        server.publish("list-1", list(&format!("{n} {payload}"))).await;
    }
    let mut next = 10;
    while next <= 40 {
        let answer = poll(&mut client, "list-1", &cursor, 50_000).await;
        for name in names(&answer) {
            assert!(name.starts_with(&format!("{next} ")), "{next}");
            next += 1;
        }
        cursor = answer["lastEventId"].clone();
    }
    drop(client);
    server.end().await;
}

async fn a_value_is_answered_once(server: TestServer) {
    let set = async |bio: &str| {
        let bio = Bio { id: "5".to_owned(), bio: bio.to_owned() };
        server.publisher.publish::<OnBio>(&OnBio::channel_of("5"), &bio).await.unwrap();
    };
    let path = |cursor: &Value, wait_ms| {
        format!("/poll/onBio?{}", path(&json!({ "id": "5" }), cursor, wait_ms))
    };
    let mut client = HttpClient::connect(&server).await;
    client.get(&path(&json!(null), 0)).await;
    assert_eq!(
        answer(&mut client).await,
        json!({ "events": [] }),
        "there is no value, and no cursor"
    );
    set("first").await;
    client.get(&path(&json!(null), 50_000)).await;
    let first = answer(&mut client).await;
    assert_eq!(first["events"][0]["data"]["bio"], "first");
    for _ in 0..3 {
        client.get(&path(&first["lastEventId"], 1)).await;
        let none = json!({ "lastEventId": first["lastEventId"], "events": [] });
        assert_eq!(answer(&mut client).await, none);
    }
    client.get(&path(&first["lastEventId"], 50_000)).await;
    until_waiting(&server).await;
    set("first").await;
    set("second").await;
    let second = answer(&mut client).await;
    assert_eq!(second["events"].as_array().unwrap().len(), 1);
    assert_eq!(second["events"][0]["data"]["bio"], "second", "an equal value is no news");
    assert_ne!(second["lastEventId"], first["lastEventId"]);
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn the_list_of_replicas_is_answered_when_it_changes() {
    let server = TestServer::on_memory(&[]).await;
    let mut client = HttpClient::connect(&server).await;
    let mut cursor = json!(null);
    for _ in 0..2 {
        client.get(&format!("/poll/onInstances?{}", path(&json!({}), &cursor, 50_000))).await;
        let answer = answer(&mut client).await;
        let events = answer["events"].as_array().unwrap();
        assert_eq!(events.len(), 1, "the newest, and nothing else");
        assert_ne!(answer["lastEventId"], cursor);
        cursor = answer["lastEventId"].clone();
    }
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn polls_on_several_replicas_lose_and_repeat_nothing() {
    let first = TestServer::on_valkey(&["--instance", "first"]).await;
    let url = first.valkey.as_ref().unwrap().url();
    let second = TestServer::start(&["--valkey-url", &url, "--instance", "second"], None).await;
    second.until("it is connected", |server| server.monitor.is_ready()).await;
    let mut cursor = json!(first.publish("list-1", list("0")).await);
    let publishing = async {
        for n in 1..=200 {
            first.publish("list-1", list(&n.to_string())).await;
        }
    };
    let polling = async {
        let mut clients = [HttpClient::connect(&first).await, HttpClient::connect(&second).await];
        let mut got = Vec::new();
        while got.len() < 200 {
            let answer = poll(&mut clients[got.len() % 2], "list-1", &cursor, 50_000).await;
            got.extend(names(&answer).into_iter().map(|name| name.parse::<usize>().unwrap()));
            cursor = answer["lastEventId"].clone();
        }
        got
    };
    let ((), got) = tokio::join!(publishing, polling);
    assert_eq!(got, (1..=200).collect::<Vec<_>>());
    second.end().await;
    first.end().await;
}

#[tokio::test]
async fn a_replica_that_leaves_answers_its_polls() {
    let mut server = TestServer::on_memory(&[]).await;
    let last = server.publish("list-1", list("0")).await;
    let mut client = HttpClient::connect(&server).await;
    ask(&mut client, "list-1", &json!(last), 50_000).await;
    until_waiting(&server).await;
    server.leave();
    let (status, answer) = client.json().await;
    if status == 200 {
        assert_eq!(answer["events"][0]["reason"], "draining", "{answer}");
        assert_eq!(answer["lastEventId"], *last);
    } else {
        // It had not begun to wait.
        assert_eq!((status, &answer["data"]["name"]), (503, &json!("brokerUnavailable")));
    }
    server.ended().await;
}

#[tokio::test]
async fn an_outage_is_told_once_to_those_who_wait() {
    let mut server = TestServer::on_valkey(&[]).await;
    let last = json!(server.publish("list-1", list("0")).await);
    // Keeps the channel known while the broker is away.
    let mut socket = server.client().await;
    crate::support::on_updates(&mut socket, "list-1").await;
    let mut client = HttpClient::connect(&server).await;
    ask(&mut client, "list-1", &last, 50_000).await;
    server.until("it waits", |server| server.metric("tidings_subscriptions") == 2).await;
    server.valkey.as_mut().unwrap().kill();
    let down = json!({ "type": "status", "broker": "down" });
    assert_eq!(answer(&mut client).await["events"], json!([down]));
    // This one begins while it is down, and that alone does not answer it.
    ask(&mut client, "list-1", &last, 50_000).await;
    server.until("it waits", |server| server.metric("tidings_subscriptions") == 2).await;
    server.valkey.as_mut().unwrap().restart().await.unwrap();
    let up = json!({ "type": "status", "broker": "up" });
    let events = answer(&mut client).await["events"].take();
    assert_eq!(events.as_array().unwrap()[..2], [down, up]);
    drop((client, socket));
    server.end().await;
}

#[tokio::test]
async fn a_client_that_has_gone_waits_no_more() {
    let server = TestServer::on_memory(&[]).await;
    let mut client = HttpClient::connect(&server).await;
    ask(&mut client, "list-1", &json!(null), 50_000).await;
    until_waiting(&server).await;
    drop(client);
    server.until("it is noticed", |server| server.metric("tidings_subscriptions") == 0).await;
    server.end().await;
}

#[tokio::test]
async fn a_wait_has_a_limit() {
    let server = TestServer::on_memory(&[]).await;
    let mut client = HttpClient::connect(&server).await;
    for wait in ["55001", "-1", "x"] {
        client.get(&format!("/poll/onUpdates?waitMs={wait}")).await;
        let data = json!({ "name": "invalidParams", "retryable": false, "path": "waitMs" });
        let message = "waitMs: a number from 0 to 55000";
        let error = json!({ "code": -32602, "message": message, "data": data });
        assert_eq!(client.json().await, (422, error));
    }
    drop(client);
    server.end().await;
}
