use serde_json::{Value, json};

use crate::support::{RawClient, TestServer, list, name, on_both_brokers, on_updates};

on_both_brokers! {
    a_gap_stands_in_the_place_of_a_payload_that_does_not_fit,
}

/// Sends `message` as it is, checks the answer to it, and that the connection goes on.
async fn answers(message: &str, expected: Value) {
    let server = TestServer::on_memory(&[]).await;
    let mut client = server.client().await;
    client.send(message).await;
    assert_eq!(client.message().await, expected, "the answer to {message}");
    assert_eq!(client.call("rpc.ping", json!({})).await["result"], true);
    drop(client);
    server.end().await;
}

fn refused(code: i32, name: &str, message: &str) -> Value {
    let data = json!({ "name": name, "retryable": false });
    let error = json!({ "code": code, "message": message, "data": data });
    json!({ "jsonrpc": "2.0", "id": null, "error": error })
}

/// `specification.rs` has all the others.
#[tokio::test]
async fn invalid_json() {
    let eof = "the message is not JSON: EOF while parsing an object at line 1 column 17";
    answers(r#"{"jsonrpc":"2.0","#, refused(-32700, "parseError", eof)).await;
    let hello = "the message is not JSON: expected value at line 1 column 1";
    answers("hello", refused(-32700, "parseError", hello)).await;
}

#[tokio::test]
async fn json_that_is_no_request() {
    answers("7", refused(-32600, "invalidRequest", "a request is an object")).await;
    let twice = "a request has each member once: duplicate field `id` at line 1 column 12";
    answers(r#"{"id":1,"id":2}"#, refused(-32600, "invalidRequest", twice)).await;
    answers("[]", refused(-32600, "invalidRequest", "a batch has at least one request")).await;
    let mut refused = refused(-32600, "invalidRequest", "jsonrpc must be \"2.0\"");
    refused["id"] = 21.into();
    refused["error"]["data"]["path"] = "jsonrpc".into();
    answers(r#"{"id":21}"#, refused).await;
}

#[tokio::test]
async fn a_request_in_a_batch_that_is_none() {
    let rule = "a request is an object with jsonrpc: \"2.0\", a method that is a string, and an id that is a string, null or an \
                integer from 0 to 18446744073709551615";
    answers(
        r#"[{"jsonrpc":"2.0","id":1.5,"method":"rpc.ping"},{"jsonrpc":"2.0","id":2,"method":"rpc.ping"}]"#,
        json!([
            refused(-32600, "invalidRequest", rule),
            { "jsonrpc": "2.0", "id": 2, "result": true },
        ]),
    )
    .await;
}

#[tokio::test]
async fn an_unknown_method() {
    let error = json!({
        "code": -32601,
        "message": "there is no procedure \"allusers\"; rpc.discover lists them",
        "data": { "name": "methodNotFound", "retryable": false },
    });
    answers(
        r#"{"jsonrpc":"2.0","id":"a","method":"allusers"}"#,
        json!({ "jsonrpc": "2.0", "id": "a", "error": error }),
    )
    .await;
}

fn invalid_params(message: &str, path: Option<&str>) -> Value {
    let mut data = json!({ "name": "invalidParams", "retryable": false });
    if let Some(path) = path {
        data["path"] = path.into();
    }
    let error = json!({ "code": -32602, "message": message, "data": data });
    json!({ "jsonrpc": "2.0", "id": 1, "error": error })
}

#[tokio::test]
async fn a_parameter_of_the_wrong_type() {
    answers(
        r#"{"jsonrpc":"2.0","id":1,"method":"userById","params":{"id":7}}"#,
        invalid_params("id: invalid type: integer `7`, expected a string", Some("id")),
    )
    .await;
    answers(
        r#"{"jsonrpc":"2.0","id":1,"method":"userById","params":"7"}"#,
        invalid_params("params: invalid type: string, expected an object", Some("params")),
    )
    .await;
    answers(
        r#"{"jsonrpc":"2.0","id":1,"method":"userById","params":["7","8"]}"#,
        invalid_params(
            "params: expected one object, or an array of just that object",
            Some("params"),
        ),
    )
    .await;
    answers(
        r#"{"jsonrpc":"2.0","id":1,"method":"userById","params":["7"]}"#,
        invalid_params("params[0]: invalid type: string, expected an object", Some("params[0]")),
    )
    .await;
}

#[tokio::test]
async fn a_missing_channel() {
    for params in ["", r#","params":{}"#, r#","params":[]"#] {
        answers(
            &format!(r#"{{"jsonrpc":"2.0","id":1,"method":"onUpdates"{params}}}"#),
            invalid_params("channel: missing field `channel`", Some("channel")),
        )
        .await;
    }
}

#[tokio::test]
async fn an_illegal_channel_name() {
    for channel in ["", "List", "a b", "updates:{list-1}", "*", "../x"] {
        let rule =
            "use 1 to 128 of a-z, 0-9, '.', '_' and '-', and begin with a letter, a digit or '_'";
        answers(
            &format!(r#"{{"jsonrpc":"2.0","id":1,"method":"onUpdates","params":{{"channel":"{channel}"}}}}"#),
            invalid_params(
                &format!("channel: {channel:?} is not a channel name: {rule}"),
                Some("channel"),
            ),
        )
        .await;
    }
}

#[tokio::test]
async fn a_malformed_event_id() {
    for id in
        ["", "x", "1b4e28ba-2fa1-41d2-883f-0016d3cca427", "1b4e28ba-2fa1-41d2-883f-0016d3cca427:x"]
    {
        answers(
            &format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"onUpdates","params":{{"channel":"list-1","lastEventId":"{id}"}}}}"#
            ),
            invalid_params(
                "lastEventId: this is no event id; send one back as it came, or leave it out to begin now",
                Some("lastEventId"),
            ),
        )
        .await;
    }
}

#[tokio::test]
async fn an_unknown_id_to_unsubscribe() {
    for params in ["[77]", r#"{"subscription":77}"#] {
        answers(
            &format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"onUpdates_unsubscribe","params":{params}}}"#
            ),
            json!({ "jsonrpc": "2.0", "id": 1, "result": false }),
        )
        .await;
    }
    answers(
        r#"{"jsonrpc":"2.0","id":1,"method":"onUpdates_unsubscribe","params":["x"]}"#,
        invalid_params(
            "subscription: give the number that subscribing answered, as [id]",
            Some("subscription"),
        ),
    )
    .await;
}

#[tokio::test]
async fn another_connections_subscription_cannot_be_ended() {
    let server = TestServer::on_memory(&[]).await;
    let (mut mine, mut other) = (server.client().await, server.client().await);
    let id = on_updates(&mut mine, "list-1").await;
    assert_eq!(other.call("onUpdates_unsubscribe", json!([id])).await["result"], false);
    server.publish("list-1", list("still here")).await;
    assert_eq!(name(&mine.event(id).await), "still here");
    drop((mine, other));
    server.end().await;
}

#[tokio::test]
async fn a_subscribe_in_a_batch() {
    let refused = json!({
        "code": -32051,
        "message": "onUpdates cannot stand in a batch; send it on its own",
        "data": { "name": "subscriptionInBatch", "retryable": false },
    });
    answers(
        r#"[{"jsonrpc":"2.0","id":1,"method":"onUpdates","params":{"channel":"list-1"}},
            {"jsonrpc":"2.0","id":2,"method":"rpc.ping"}]"#,
        json!([
            { "jsonrpc": "2.0", "id": 1, "error": refused },
            { "jsonrpc": "2.0", "id": 2, "result": true },
        ]),
    )
    .await;
}

#[tokio::test]
async fn a_batch_that_is_too_long() {
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}"#;
    let error = json!({
        "code": -32010,
        "message": "The batch request was too large",
        "data": "Exceeded max limit of 32",
    });
    answers(
        &format!("[{}]", vec![call; 33].join(",")),
        json!({ "jsonrpc": "2.0", "id": null, "error": error }),
    )
    .await;
}

#[tokio::test]
async fn a_message_of_ten_megabytes() {
    let message = "a request may have 65536 bytes, and this one has more";
    answers(&"x".repeat(10_000_000), refused(-32007, "requestTooLarge", message)).await;
}

/// jsonrpsee would lose its place in the stream.
#[tokio::test]
async fn a_message_in_fragments_that_is_too_big() {
    let server = TestServer::on_memory(&[]).await;
    let mut client = RawClient::connect(&server).await;
    client.send_frame(0x01, &[b' '; 40_000]).await;
    client.send_frame(0x00, &[b' '; 40_000]).await;
    assert_eq!(client.close_code().await, 1009);
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn frames_that_no_client_may_send() {
    let server = TestServer::on_memory(&[]).await;
    for frame in [&[0x81, 2, b'{', b'}'][..], &[0x83, 0x80, 0, 0, 0, 0], &[0x80, 0x80, 0, 0, 0, 0]]
    {
        let mut client = RawClient::connect(&server).await;
        client.send(frame).await;
        assert_eq!(client.close_code().await, 1002, "{frame:?}");
    }
    server.end().await;
}

#[tokio::test]
async fn fragments_with_pings_and_pongs_between_them_are_one_call() {
    let server = TestServer::on_memory(&[]).await;
    let mut client = RawClient::connect(&server).await;
    client.send_frame(0x01, br#"{"jsonrpc":"2.0","id":1,"#).await;
    client.send_frame(0x8a, b"").await;
    client.send_frame(0x89, b"still there?").await;
    client.send_frame(0x80, br#""method":"rpc.ping"}"#).await;
    let pong = client.frame().await.unwrap();
    assert_eq!((pong.opcode, &pong.payload[..]), (10, &b"still there?"[..]));
    let answer = client.frame().await.unwrap();
    assert_eq!(answer.payload, br#"{"jsonrpc":"2.0","id":1,"result":true}"#);
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_binary_frame_is_read_as_text() {
    let server = TestServer::on_memory(&[]).await;
    let mut client = server.client().await;
    client.send(br#"{"jsonrpc":"2.0","id":5,"method":"rpc.ping"}"#.to_vec()).await;
    assert_eq!(client.message().await, json!({ "jsonrpc": "2.0", "id": 5, "result": true }));
    client.send(vec![0xff_u8, 0x00, 0xfe]).await;
    let fault = "the message is not JSON: it is not UTF-8";
    assert_eq!(client.message().await, refused(-32700, "parseError", fault));
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_subscribe_by_post() {
    let server = TestServer::on_memory(&[]).await;
    let client = reqwest::Client::new();
    let call =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "onUpdates", "params": { "channel": "a" } });
    let answer = client.post(server.url("/rpc")).json(&call).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["error"]["data"]["name"], "webSocketRequired", "{answer}");
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "userById", "params": { "id": "1" } });
    let answer = client.post(server.url("/rpc")).json(&call).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["result"]["name"], "Leanne Graham");
    drop(client);
    server.end().await;
}

async fn a_gap_stands_in_the_place_of_a_payload_that_does_not_fit(server: TestServer) {
    let mut client = server.client().await;
    let id = on_updates(&mut client, "list-1").await;
    let too_large = list(&"x".repeat(2 * 1024 * 1024));
    let bad: [&[u8]; 7] = [
        b"hello",
        b"",
        b"\xff\xfe",
        br#"{"id":"1","name":"not a list"}"#,
        br#"[{"id":"1"}]"#,
        br#"[{"id":1,"name":"a number for an id"}]"#,
        too_large.as_bytes(),
    ];
    for payload in bad {
        server.publish("list-1", payload).await;
    }
    server.publish("list-1", list("good")).await;
    for _ in bad {
        let gap = client.event(id).await;
        assert_eq!((&gap["type"], &gap["reason"]), (&json!("gap"), &json!("payloadRejected")));
    }
    assert_eq!(name(&client.event(id).await), "good");
    assert_eq!(client.waiting().count(), 0);
    assert_eq!(
        server.metric(r#"tidings_payloads_rejected_total{procedure="onUpdates"}"#),
        bad.len() as u64
    );
    assert_eq!(server.metric("tidings_events_total"), 1);
    drop(client);
    server.end().await;
}
