use serde_json::json;

use super::list_path;
use crate::support::{HttpClient, TestServer, list, name};

/// Publishes until a subscription is stopped, because its client does not read, and answers how often.
async fn until_stopped(server: &TestServer) -> usize {
    let large = list(&"x".repeat(32 * 1024));
    let mut published = 0;
    let before = server.metric("tidings_slow_consumers_total");
    while server.metric("tidings_slow_consumers_total") == before {
        server.publish("list-1", large.as_str()).await;
        published += 1;
        assert!(published < 10_000, "a reader that does not read was never stopped");
    }
    published
}

#[tokio::test]
async fn a_client_that_does_not_read_is_stopped_and_the_connection_goes_on_as_http() {
    let server = TestServer::on_memory(&["--outbox-bytes", "65536"]).await;
    let mut client = HttpClient::connect(&server).await;
    for _ in 0..2 {
        client.get(&list_path("list-1")).await;
        let ids = client.stream().await;
        client.sent().await;
        let published = until_stopped(&server).await;
        let mut received = 0;
        let last = loop {
            let sent = client.sent().await.unwrap();
            if sent.data["result"]["type"] != "data" {
                break sent;
            }
            received += 1;
        };
        assert!(received < published);
        let stopped = json!({ "type": "stopped", "reason": "slowConsumer" });
        assert_eq!(last.data, json!({ "subscription": ids[0], "result": stopped }));
        assert_eq!(client.sent().await, None, "the stream ends with its last subscription");

        client.post("/rpc", &json!({ "jsonrpc": "2.0", "id": 1, "method": "rpc.ping" })).await;
        assert_eq!(client.answer().await.1, r#"{"jsonrpc":"2.0","id":1,"result":true}"#);
        server.publish("list-2", list("1")).await;
        let path = list_path("list-2").replace("/sse", "/poll");
        client.get(&format!("{path}&waitMs=0")).await;
        assert_eq!(client.json().await.1["events"], json!([]));
    }
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn one_of_many_is_stopped_and_the_stream_goes_on() {
    let server = TestServer::on_memory(&["--outbox-bytes", "65536"]).await;
    let mut client = HttpClient::connect(&server).await;
    let wanted = ["list-1", "quiet"]
        .map(|channel| json!({ "procedure": "onUpdates", "input": { "channel": channel } }));
    client.post("/sse", &json!(wanted)).await;
    let ids = client.stream().await;
    until_stopped(&server).await;
    while client.sent().await.unwrap().data["result"]["type"] != "stopped" {}
    server.publish("quiet", list("still there")).await;
    let sent = client.sent().await.unwrap().data;
    assert_eq!((&sent["subscription"], name(&sent["result"])), (&json!(ids[1]), "still there"));
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_replica_that_leaves_ends_its_streams() {
    let mut server = TestServer::on_memory(&[]).await;
    let mut client = HttpClient::connect(&server).await;
    client.get(&list_path("list-1")).await;
    client.stream().await;
    client.sent().await;
    server.leave();
    let stopped = client.event().await;
    assert_eq!((&stopped["type"], &stopped["reason"]), (&json!("stopped"), &json!("draining")));
    assert!(stopped["retryAfterMs"].as_u64().unwrap() <= 1000);
    assert_eq!(client.sent().await, None);
    server.ended().await;
}

#[tokio::test]
async fn a_client_that_has_gone_leaves_its_channels() {
    let server = TestServer::on_memory(&[]).await;
    for behind in ["", "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let mut client = HttpClient::connect(&server).await;
        client.get(&list_path("list-1")).await;
        client.send(behind).await;
        client.stream().await;
        client.sent().await;
        assert_eq!(server.metric("tidings_channels"), 1);
        drop(client);
        if !behind.is_empty() {
            // hyper does not read on before it has answered, and so does not see the end. Writing does.
            for _ in 0..2 {
                server.publish("list-1", list("x")).await;
            }
        }
        server.until("it is noticed", |server| server.metric("tidings_channels") == 0).await;
    }
    server.end().await;
}

#[tokio::test]
async fn a_request_behind_a_stream_is_answered_behind_it() {
    let mut server = TestServer::on_memory(&[]).await;
    let mut client = HttpClient::connect(&server).await;
    let first = format!("GET {} HTTP/1.1\r\nhost: x\r\n\r\n", list_path("list-1"));
    client.send(&format!("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n{first}GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    assert_eq!(client.answer().await.1, "ok\n");
    client.stream().await;
    client.sent().await;
    for n in 0..10 {
        server.publish("list-1", list(&n.to_string())).await;
        assert_eq!(name(&client.event().await), n.to_string());
    }
    server.leave();
    assert_eq!(client.event().await["type"], "stopped");
    assert_eq!(client.sent().await, None);
    drop(client);
    server.ended().await;
}

#[tokio::test]
async fn a_quiet_stream_is_kept_alive_by_comments() {
    let server = TestServer::on_memory(&["--ping-interval", "50ms"]).await;
    let mut client = HttpClient::connect(&server).await;
    client.get(&list_path("list-1")).await;
    client.stream().await;
    client.sent().await;
    for _ in 0..2 {
        assert_eq!(client.chunk().await.as_deref(), Some(": ping\n\n"));
    }
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_second_stream_on_a_connection_has_the_shared_id_again() {
    let server = TestServer::on_memory(&[]).await;
    let mut watching = HttpClient::connect(&server).await;
    watching.get(&list_path("list-1")).await;
    let shared = watching.stream().await;
    let mut client = HttpClient::connect(&server).await;
    for _ in 0..3 {
        let path = list_path("list-1").replace("/sse", "/poll");
        client.get(&format!("{path}&waitMs=0")).await;
        client.json().await;
    }
    client.get(&list_path("list-1")).await;
    assert_eq!(client.stream().await, shared);
    drop((client, watching));
    server.end().await;
}
