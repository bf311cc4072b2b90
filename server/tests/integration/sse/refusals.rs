use serde_json::{Value, json};
use tidings::{Router, Server, axum};
use tower_http::{compression::CompressionLayer, set_header::SetResponseHeaderLayer};

use super::list_path;
use crate::support::{HttpClient, TestBroker, TestServer, in_query, list};

fn error(code: i32, name: &str, message: &str, path: Option<&str>) -> Value {
    let mut data = json!({ "name": name, "retryable": false });
    if let Some(path) = path {
        data["path"] = json!(path);
    }
    json!({ "code": code, "message": message, "data": data })
}

/// The same for streams and polls.
async fn refused_get(server: &TestServer, rest: &str, status: u16, expected: Value) {
    let mut client = HttpClient::connect(server).await;
    for path in ["/sse", "/poll"] {
        client.get(&format!("{path}{rest}")).await;
        assert_eq!(client.json().await, (status, expected.clone()), "{path}{rest}");
    }
}

async fn refused_post(server: &TestServer, body: &str, status: u16, expected: Value) {
    let mut client = HttpClient::connect(server).await;
    for path in ["/sse", "/poll"] {
        client.post_text(path, body).await;
        assert_eq!(client.json().await, (status, expected.clone()), "{path} {body}");
    }
}

#[tokio::test]
async fn a_single_subscription_is_refused_with_the_error_of_json_rpc() {
    let server = TestServer::on_memory(&[]).await;
    let unknown = "there is no subscription \"allUsers\"; /openrpc.json lists them";
    let not_found = error(-32601, "methodNotFound", unknown, None);
    refused_get(&server, "/allUsers", 404, not_found).await;
    let missing = "channel: missing field `channel`";
    let missing = error(-32602, "invalidParams", missing, Some("channel"));
    refused_get(&server, "/onUpdates", 422, missing.clone()).await;
    refused_get(&server, "/onUpdates?input={}", 422, missing).await;
    let no_json = error(-32700, "parseError", "input is not JSON", Some("input"));
    refused_get(&server, "/onUpdates?input=x", 400, no_json).await;
    let input = in_query(&json!({ "channel": "list-1" }));
    let mut client = HttpClient::connect(&server).await;
    client.get(&format!("/sse/onUpdates?input={input}&lastEventId=x")).await;
    let (status, answer) = client.json().await;
    assert_eq!((status, &answer["data"]["path"]), (422, &json!("lastEventId")));
    assert_eq!(server.metric("tidings_channels"), 0);
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn many_are_refused_as_a_whole_and_the_path_says_which() {
    let server = TestServer::on_memory(&["--max-subscriptions", "3"]).await;
    let good = json!({ "procedure": "onUpdates", "input": { "channel": "list-1" } });
    let bad = json!({ "procedure": "onUpdates", "input": { "channel": 7 } });
    let unknown = json!({ "procedure": "nope" });
    let mut client = HttpClient::connect(&server).await;
    client.post("/sse", &json!([good, bad, unknown])).await;
    let (status, answer) = client.json().await;
    assert_eq!((status, &answer["data"]["path"]), (422, &json!("[1].input.channel")));
    let message = "there is no subscription \"nope\"; /openrpc.json lists them";
    let expected = error(-32601, "methodNotFound", message, Some("[2]"));
    refused_post(&server, &json!([good, good, unknown]).to_string(), 404, expected).await;
    let message = "[1].procedure: missing field `procedure`";
    let expected = error(-32602, "invalidParams", message, Some("[1].procedure"));
    refused_post(&server, &json!([good, {}]).to_string(), 422, expected).await;
    let cursor =
        json!({ "procedure": "onUpdates", "input": { "channel": "a" }, "lastEventId": "x" });
    client.post("/sse", &json!([cursor])).await;
    let (status, answer) = client.json().await;
    assert_eq!((status, &answer["data"]["path"]), (422, &json!("[0].lastEventId")));
    let message = "this connection has 3 subscriptions, and may not have more; end one, or open another connection";
    let expected = error(-32006, "tooManySubscriptions", message, None);
    refused_post(&server, &json!([good, good, good, good]).to_string(), 429, expected).await;
    let empty = "the body is an array of at least one subscription";
    refused_post(&server, "[]", 422, error(-32602, "invalidParams", empty, None)).await;
    refused_post(&server, "[", 400, error(-32700, "parseError", "the body is not JSON", None))
        .await;
    let large = format!("[{}]", " ".repeat(64 * 1024));
    let message = "the body of a request may have 65536 bytes";
    let mut client = HttpClient::connect(&server).await;
    client.post_text("/sse", &large).await;
    assert_eq!(client.json().await, (413, error(-32007, "requestTooLarge", message, None)));
    assert_eq!(server.metric("tidings_channels"), 0, "nothing is left of those that were good");
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_path_takes_one_method() {
    let server = TestServer::on_memory(&[]).await;
    for path in ["/sse", "/poll"] {
        for (request, allow) in [
            (format!("GET {path}"), "POST"),
            (format!("DELETE {path}"), "POST"),
            (format!("POST {path}/onUpdates"), "GET"),
        ] {
            let mut client = HttpClient::connect(&server).await;
            client
                .send(&format!("{request} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"))
                .await;
            let (head, body) = client.answer().await;
            assert_eq!(
                (head.status, head.header("allow")),
                (405, Some(allow)),
                "{request}: {body}"
            );
        }
        let mut client = HttpClient::connect(&server).await;
        client.send(&format!("HEAD {path}/onUpdates HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        assert_eq!(client.head().await.status, 405);
    }
    assert_eq!(server.metric("tidings_channels"), 0);
    server.end().await;
}

/// A client that sends all of its request before it reads would find a broken connection.
#[tokio::test]
async fn the_body_of_a_request_that_is_refused_for_something_else_is_read() {
    let server = TestServer::on_memory(&[]).await;
    let mut client = HttpClient::connect(&server).await;
    // More than the kernel would keep for a server that does not read.
    let body = " ".repeat(20_000_000);
    let key = "idempotency-key: \u{e9}\r\n";
    for (path, header, status) in [
        ("/poll/onUpdates", "", 405),
        ("/sse/onUpdates", "", 405),
        ("/poll?waitMs=x", "", 422),
        ("/publish", key, 422),
    ] {
        let headers = format!("host: x\r\n{header}content-length: {}\r\n", body.len());
        client.send(&format!("POST {path} HTTP/1.1\r\n{headers}\r\n{body}")).await;
        let (head, body) = client.answer().await;
        assert_eq!((head.status, head.header("connection")), (status, None), "{path}: {body}");
    }
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_client_that_asks_first_is_refused_before_it_sends() {
    let server = TestServer::on_memory(&[]).await;
    for (path, status) in [("/poll", 413), ("/poll/onUpdates", 405), ("/publish", 415)] {
        let mut client = HttpClient::connect(&server).await;
        let headers = "host: x\r\nexpect: 100-continue\r\ncontent-length: 3000000\r\n";
        client.send(&format!("POST {path} HTTP/1.1\r\n{headers}\r\n")).await;
        let (head, body) = client.answer().await;
        let said = (head.status, head.header("connection"));
        assert_eq!(said, (status, Some("close")), "{path}: {body}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_stream_needs_http_1_1() {
    let server = TestServer::on_memory(&[]).await;
    let mut client = HttpClient::connect(&server).await;
    client.send(&format!("GET {} HTTP/1.0\r\n\r\n", list_path("list-1"))).await;
    let (head, body) = client.answer().await;
    assert_eq!(head.status, 505);
    assert!(body.contains("proxy_http_version 1.1"), "{body}");
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_broker_that_is_out_of_reach_is_worth_another_try() {
    let valkey = tidings_testkit::ValkeyProcess::start().await.unwrap();
    let url = valkey.url();
    drop(valkey);
    let server = TestServer::start(&["--valkey-url", &url], None).await;
    let mut client = HttpClient::connect(&server).await;
    client.get(&list_path("list-1")).await;
    let (head, body) = client.answer().await;
    assert_eq!((head.status, head.header("retry-after")), (503, Some("1")), "{body}");
    assert!(body.contains(r#""name":"brokerUnavailable","retryable":true"#), "{body}");
    drop(client);
    server.end().await;
}

/// A server of the demo's service with middleware.
async fn wrapped(wrap: impl FnOnce(axum::Router) -> axum::Router + Send + 'static) -> TestServer {
    let router = Router::<()>::new("Lists", "1.0.0")
        .subscription::<tidings_demo_contract::OnUpdates>()
        .public();
    let server = Server::new(TestBroker::memory().config(&[]), router, ()).unwrap().wrap(wrap);
    TestServer::serve(server, None).await
}

#[tokio::test]
async fn middleware_that_compresses_leaves_streams_alone() {
    let server = wrapped(|router| router.layer(CompressionLayer::new())).await;
    let mut client = HttpClient::connect(&server).await;
    client.get_with(&list_path("list-1"), "accept-encoding: gzip\r\n").await;
    client.stream().await;
    client.sent().await;
    server.publish("list-1", list("1")).await;
    assert_eq!(client.event().await["type"], "data");
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn middleware_that_encodes_a_stream_gets_an_error() {
    let name = axum::http::header::CONTENT_ENCODING;
    let value = axum::http::HeaderValue::from_static("br");
    let layer = SetResponseHeaderLayer::overriding(name, value);
    let server = wrapped(|router| router.layer(layer)).await;
    let mut client = HttpClient::connect(&server).await;
    client.get(&list_path("list-1")).await;
    assert_eq!(client.head().await.status, 500);
    server.until("nothing is left", |server| server.metric("tidings_channels") == 0).await;
    drop(client);
    server.end().await;
}
