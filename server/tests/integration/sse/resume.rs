use serde_json::json;

use super::list_path;
use crate::support::{HttpClient, TestServer, list, name, on_both_brokers};

on_both_brokers! {
    a_stream_goes_on_after_the_header_or_the_query,
    a_header_is_newer_than_the_query,
    what_is_not_there_any_more_is_a_gap,
    a_long_absence_is_made_up,
    each_of_many_has_its_own_cursor,
}

async fn a_stream_goes_on_after_the_header_or_the_query(server: TestServer) {
    let first = server.publish("list-1", list("1")).await;
    server.publish("list-1", list("2")).await;
    for (query, header) in [
        (format!("&lastEventId={first}"), String::new()),
        (String::new(), format!("Last-Event-ID: {first}\r\n")),
        // An empty header is no cursor.
        (format!("&lastEventId={first}"), "Last-Event-ID:\r\n".to_owned()),
    ] {
        let mut client = HttpClient::connect(&server).await;
        client.get_with(&format!("{}{query}", list_path("list-1")), &header).await;
        client.stream().await;
        let started = client.sent().await.unwrap();
        assert_eq!(
            started.data["result"],
            json!({ "type": "started", "resumed": true, "instance": "test" })
        );
        assert_eq!(started.id, None, "the client keeps what it has");
        assert_eq!(name(&client.event().await), "2");
    }
    server.end().await;
}

async fn a_header_is_newer_than_the_query(server: TestServer) {
    let first = server.publish("list-1", list("1")).await;
    let second = server.publish("list-1", list("2")).await;
    server.publish("list-1", list("3")).await;
    let mut client = HttpClient::connect(&server).await;
    let path = format!("{}&lastEventId={first}", list_path("list-1"));
    client.get_with(&path, &format!("Last-Event-ID: {second}\r\n")).await;
    client.stream().await;
    client.sent().await;
    assert_eq!(name(&client.event().await), "3");
    drop(client);
    server.end().await;
}

async fn what_is_not_there_any_more_is_a_gap(server: TestServer) {
    let last = server.publish("list-1", list("1")).await;
    let (epoch, _) = last.split_once(':').unwrap();
    let mut client = HttpClient::connect(&server).await;
    client.get(&format!("{}&lastEventId={epoch}:9", list_path("list-1"))).await;
    client.stream().await;
    assert_eq!(client.sent().await.unwrap().id.as_deref(), Some(&*last));
    let gap = client.sent().await.unwrap();
    assert_eq!(gap.id.as_deref(), Some(&*last));
    let expected = json!({ "type": "gap", "reason": "unknownPosition", "lastEventId": last });
    assert_eq!(gap.data["result"], expected);
    drop(client);
    server.end().await;
}

/// More than one page of the history, and more than an outbox takes.
async fn a_long_absence_is_made_up(server: TestServer) {
    let first = server.publish("list-1", list("0")).await;
    let payload = "x".repeat(20_000);
    for n in 1..=200 {
        server.publish("list-1", list(&format!("{n} {payload}"))).await;
    }
    let mut client = HttpClient::connect(&server).await;
    client.get(&format!("{}&lastEventId={first}", list_path("list-1"))).await;
    client.stream().await;
    client.sent().await;
    server.publish("list-1", list("201 ")).await;
    for n in 1..=201 {
        assert!(name(&client.event().await).starts_with(&format!("{n} ")), "{n}");
    }
    drop(client);
    server.end().await;
}

async fn each_of_many_has_its_own_cursor(server: TestServer) {
    let one = server.publish("one", list("1")).await;
    server.publish("one", list("2")).await;
    server.publish("two", list("1")).await;
    let wanted = [("one", json!(one)), ("two", json!(""))].map(|(channel, cursor)| {
        json!({ "procedure": "onUpdates", "input": { "channel": channel }, "lastEventId": cursor })
    });
    let mut client = HttpClient::connect(&server).await;
    client.post("/sse", &json!(wanted)).await;
    let ids = client.stream().await;
    let started = client.sent().await.unwrap().data;
    assert_eq!(
        (&started["subscription"], &started["result"]["resumed"]),
        (&json!(ids[0]), &json!(true))
    );
    assert_eq!(name(&client.sent().await.unwrap().data["result"]), "2");
    let started = client.sent().await.unwrap().data;
    assert_eq!(
        (&started["subscription"], &started["result"]["resumed"]),
        (&json!(ids[1]), &json!(false))
    );
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_client_that_changes_replicas_loses_and_repeats_nothing() {
    let first = TestServer::on_valkey(&["--instance", "first"]).await;
    let url = first.valkey.as_ref().unwrap().url();
    let second = TestServer::start(&["--valkey-url", &url, "--instance", "second"], None).await;
    second.until("it is connected", |server| server.monitor.is_ready()).await;
    let mut cursor = first.publish("list-1", list("0")).await;
    let mut next = 1;
    for round in 0..10 {
        let server = if round % 2 == 0 { &first } else { &second };
        let mut client = HttpClient::connect(server).await;
        client.get_with(&list_path("list-1"), &format!("last-event-id: {cursor}\r\n")).await;
        client.stream().await;
        let started = client.event().await;
        assert_eq!(started["instance"], if round % 2 == 0 { "first" } else { "second" });
        for _ in 0..2 {
            first.publish("list-1", list(&next.to_string())).await;
            let event = client.event().await;
            assert_eq!(name(&event), next.to_string());
            cursor = event["id"].as_str().unwrap().to_owned();
            next += 1;
        }
        drop(client);
        // Nobody is connected.
        first.publish("list-1", list(&next.to_string())).await;
        let mut client = HttpClient::connect(&second).await;
        client.get(&format!("{}&lastEventId={cursor}", list_path("list-1"))).await;
        client.stream().await;
        client.sent().await;
        let event = client.event().await;
        assert_eq!(name(&event), next.to_string());
        cursor = event["id"].as_str().unwrap().to_owned();
        next += 1;
    }
    second.end().await;
    first.end().await;
}
