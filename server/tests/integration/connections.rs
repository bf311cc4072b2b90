//! What a client may do to its connection at the worst moment.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{RawClient, TestServer, list, masked, on_updates};

const SUBSCRIBE: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"onUpdates","params":{"channel":"list-1"}}"#;
const PING: &str = r#"{"jsonrpc":"2.0","id":2,"method":"rpc.ping"}"#;

/// What is sent before it is due is read all the same.
#[tokio::test]
async fn calls_behind_the_handshake_are_answered() {
    let server = TestServer::on_memory(&[]).await;
    let call = masked(0x81, PING.as_bytes());
    let mut client = RawClient::connect_with(&server, &call).await;
    client.send(&call).await;
    for _ in 0..2 {
        let answer = client.frame().await.unwrap();
        assert_eq!(answer.payload, br#"{"jsonrpc":"2.0","id":2,"result":true}"#);
    }
    drop(client);
    server.end().await;
}

/// … and seen: who counts differently from jsonrpsee could be told anything.
#[tokio::test]
async fn a_frame_that_begins_behind_the_handshake_hides_nothing() {
    let server = TestServer::on_memory(&[]).await;
    let header = [0x81, 0x80 | 14, 0, 0, 0, 0];
    let mut client = RawClient::connect_with(&server, &header).await;
    // Its payload looks like the header of a frame without an end.
    let payload = [&[0x82, 0x80 | 127][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
    client.send(&payload).await;
    let refused = client.frame().await.unwrap();
    assert!(refused.payload.starts_with(br#"{"jsonrpc":"2.0","id":null,"error""#));
    client.send(&[0x83, 0x80, 0, 0, 0, 0]).await;
    assert_eq!(client.close_code().await, 1002, "what follows is looked at");
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn an_upgrade_by_post_is_refused() {
    let server = TestServer::on_memory(&[]).await;
    let request = reqwest::Client::new().post(server.url("/rpc")).body(PING);
    let request = request.header("connection", "upgrade").header("upgrade", "websocket");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("begins with a GET"));
    server.end().await;
}

#[tokio::test]
async fn http_2_is_not_served() {
    let server = TestServer::on_memory(&[]).await;
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // A reset is an end, too.
    let _ = stream.read_to_end(&mut answer).await;
    assert_eq!(answer, b"");
    server.until("it is gone", |server| server.metric("tidings_connections") == 0).await;
    server.end().await;
}

/// With several threads: the end is looked at by one while another is sending.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribing_and_closing_in_one_packet_leaves_nothing_behind() {
    let server = TestServer::on_memory(&[]).await;
    let mut keeper = server.client().await;
    on_updates(&mut keeper, "list-1").await;
    let close = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8];
    let calls = [masked(0x81, SUBSCRIBE.as_bytes()), masked(0x81, PING.as_bytes())];
    let packet = [calls.concat(), close.to_vec()].concat();
    for _ in 0..2000 {
        let mut client = RawClient::connect(&server).await;
        client.send(&packet).await;
        while client.frame().await.is_some() {}
    }
    server.until("only one is left", |server| server.metric("tidings_connections") == 1).await;
    assert_eq!(server.metric("tidings_subscriptions"), 1);
    drop(keeper);
    server.end().await;
}

/// Nothing stands behind a close frame, whoever began to close.
#[tokio::test]
async fn who_closes_gets_the_close_frame_last() {
    let server = TestServer::on_memory(&[]).await;
    for _ in 0..50 {
        let mut client = RawClient::connect(&server).await;
        client.subscribe("list-1").await;
        client.frame().await.unwrap();
        client.send(&[0x88, 0x82, 0, 0, 0, 0, 0x0f, 0xa0]).await;
        for _ in 0..20 {
            server.publish("list-1", list("x")).await;
        }
        assert_eq!(client.close_code().await, 4000, "the client's own");
        assert_eq!(client.frame().await, None);
    }
    server.end().await;
}

#[tokio::test]
async fn a_slow_client_that_answers_pings_is_not_taken_for_a_silent_one() {
    let server = TestServer::on_memory(&[
        "--stall-limit",
        "1s",
        "--ping-interval",
        "100ms",
        "--send-buffer-bytes",
        "16384",
    ])
    .await;
    let mut client = RawClient::connect(&server).await;
    client.subscribe("list-1").await;
    server.until("it has subscribed", |server| server.metric("tidings_subscriptions") == 1).await;
    let large = list(&"x".repeat(32 * 1024));
    for _ in 0..60 {
        server.publish("list-1", large.as_str()).await;
    }
    let mut received = 0;
    while received < 60 {
        let frame = client.any().await.expect("it reads all the time");
        match frame.opcode {
            9 => client.send_frame(0x8a, &frame.payload).await,
            8 => panic!("closed after {received}: {frame:?}"),
            _ if frame.payload.len() > 1000 => {
                received += 1;
                // Its pace: all of it takes longer than the limit.
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
            _ => {}
        }
    }
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn one_who_comes_back_and_does_not_read_changes_nothing_for_others() {
    let mut server =
        TestServer::on_memory(&["--drain-limit", "1s", "--outbox-bytes", "65536"]).await;
    let large = list(&"x".repeat(32 * 1024));
    let first = server.publish("list-1", large.as_str()).await;
    for _ in 0..100 {
        server.publish("list-1", large.as_str()).await;
    }
    let mut stuck = RawClient::connect(&server).await;
    let input = json!({ "channel": "list-1", "lastEventId": first });
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "onUpdates", "params": input });
    stuck.send_text(&call.to_string()).await;
    server.until("it resumes", |server| server.monitor.resuming() == 1).await;
    let mut other = server.client().await;
    on_updates(&mut other, "list-2").await;
    server.leave();
    assert_eq!(u16::from(other.closed().await.unwrap().code), 1012);
    server.ended().await;
    assert_eq!(server.monitor.resuming(), 0);
    drop((stuck, other));
}
