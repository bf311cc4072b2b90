use serde_json::json;

use super::door::serve;
use crate::support::{HttpClient, in_query};

#[tokio::test]
async fn a_stream_and_a_poll_are_authorised_like_a_subscribe_call() {
    let (server, door) = serve(&[]).await;
    let mut client = HttpClient::connect(&server).await;
    for path in ["/sse", "/poll"] {
        let asked = door.asked();
        for (answer, status, name) in [
            ("refuse", 403, "forbidden"),
            ("refuseWithDetails", 503, "locked"),
            ("panicAtOnce", 500, "internalError"),
            ("panicLater", 500, "internalError"),
        ] {
            let input = in_query(&json!({ "answer": answer }));
            client.get(&format!("{path}/door.onKnock?input={input}")).await;
            let (got, body) = client.json().await;
            assert_eq!((got, &body["data"]["name"]), (status, &json!(name)), "{answer}");
        }
        let wanted = ["allow", "refuse"]
            .map(|answer| json!({ "procedure": "door.onKnock", "input": { "answer": answer } }));
        client.post(path, &json!(wanted)).await;
        let data = json!({ "name": "forbidden", "retryable": false, "path": "[1]" });
        let error = json!({ "code": -32053, "message": "the door is closed to you", "data": data });
        assert_eq!(client.json().await, (403, error));
        assert_eq!(door.asked() - asked, 6);
    }
    let input = in_query(&json!({ "answer": "allow" }));
    client.get(&format!("/sse/door.onKnock?input={input}")).await;
    client.stream().await;
    assert_eq!(client.event().await["type"], "started");
    drop(client);
    server.end().await;
}

/// A client that gives up while it is being authorised, and a replica that leaves.
#[tokio::test]
async fn nobody_waits_for_a_slow_handler() {
    let (mut server, door) = serve(&[]).await;
    let input = in_query(&json!({ "answer": "waitAndAllow" }));
    let mut client = HttpClient::connect(&server).await;
    client.get(&format!("/sse/door.onKnock?input={input}")).await;
    door.until_waiting(1).await;
    drop(client);
    door.until_waiting(0).await;
    let mut client = HttpClient::connect(&server).await;
    client.get(&format!("/poll/door.onKnock?input={input}")).await;
    door.until_waiting(1).await;
    server.leave();
    assert_eq!(client.json().await.0, 503);
    server.ended().await;
}
