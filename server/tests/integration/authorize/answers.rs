use serde_json::{Value, json};
use tidings::Channel;

use super::door::{OnKnock, PROCEDURES, serve};

#[tokio::test]
async fn a_caller_who_is_allowed_is_served() {
    let (server, door) = serve(&[]).await;
    let mut client = server.client().await;
    let input = json!({ "answer": "allow" });
    assert_eq!(client.call("door.peek", input.clone()).await["result"], 1);
    assert_eq!(client.call("door.open", input.clone()).await["result"], 2);
    let id = client.subscribe("door.onKnock", input).await;
    server.publisher.publish::<OnKnock>(&Channel::default(), &7).await.unwrap();
    assert_eq!(client.event(id).await["data"], 7);
    assert_eq!(door.asked(), 3);
    drop(client);
    server.end().await;
}

/// The cursor is not a member of the input that the handler receives, although that input refuses unknown members.
#[tokio::test]
async fn a_caller_who_is_allowed_resumes() {
    let (server, door) = serve(&[]).await;
    let channel = Channel::default();
    let first = server.publisher.publish::<OnKnock>(&channel, &1).await.unwrap();
    server.publisher.publish::<OnKnock>(&channel, &2).await.unwrap();
    let mut client = server.client().await;
    let input = json!({ "answer": "allow", "lastEventId": first });
    let id = client.subscribe("door.onKnock", input).await;
    assert_eq!(client.event(id).await["data"], 2);
    assert_eq!(door.asked(), 1);
    drop(client);
    server.end().await;
}

/// Calls every procedure, checks the whole answer, and that nothing was run or left and the connection lives.
async fn every_procedure_answers(answer: &str, error: Value) {
    let (server, door) = serve(&[]).await;
    let mut client = server.client().await;
    for (id, procedure) in (1..).zip(PROCEDURES) {
        let answer = client.call(procedure, json!({ "answer": answer })).await;
        let expected = json!({ "jsonrpc": "2.0", "id": id, "error": error });
        assert_eq!(answer, expected, "{procedure}");
    }
    assert_eq!((door.asked(), door.ran()), (3, 0));
    assert_eq!(server.metric("tidings_subscriptions"), 0);
    assert_eq!(server.metric("tidings_channels"), 0);
    let allowed = client.call("door.peek", json!({ "answer": "allow" })).await;
    assert_eq!(allowed["result"], 1, "the connection lives");
    client.subscribe("door.onKnock", json!({ "answer": "allow" })).await;
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_caller_who_is_refused_learns_it() {
    let error = json!({
        "code": -32053,
        "message": "the door is closed to you",
        "data": { "name": "forbidden", "retryable": false },
    });
    every_procedure_answers("refuse", error).await;
}

#[tokio::test]
async fn a_refusal_may_be_an_error_of_the_services_own() {
    let error = json!({
        "code": 2001,
        "message": "come back at noon",
        "data": {
            "name": "locked",
            "retryable": true,
            "path": "answer",
            "details": { "until": "noon" },
        },
    });
    every_procedure_answers("refuseWithDetails", error).await;
}

fn internal_error() -> Value {
    json!({
        "code": -32603,
        "message": "the server failed; its log says why",
        "data": { "name": "internalError", "retryable": false },
    })
}

#[tokio::test]
async fn a_panic_while_authorising_is_an_internal_error() {
    every_procedure_answers("panicAtOnce", internal_error()).await;
    every_procedure_answers("panicLater", internal_error()).await;
}

#[tokio::test]
async fn a_panic_of_the_procedure_is_an_internal_error() {
    let (server, door) = serve(&[]).await;
    let mut client = server.client().await;
    for (id, procedure) in (1..).zip(PROCEDURES) {
        let answer = client.call(procedure, json!({ "answer": "allow", "thenPanic": true })).await;
        let expected = json!({ "jsonrpc": "2.0", "id": id, "error": internal_error() });
        assert_eq!(answer, expected, "{procedure}");
    }
    assert_eq!(door.ran(), 2);
    assert_eq!(server.metric("tidings_subscriptions"), 0);
    for procedure in ["door.peek", "door.open"] {
        let answer = client.call(procedure, json!({ "answer": "allow" })).await;
        assert!(answer["result"].is_u64(), "{answer}");
    }
    drop(client);
    server.end().await;
}

/// `authorize` does not run for a call with an invalid input.
#[tokio::test]
async fn wrong_input_is_refused_before_anybody_is_asked() {
    let (server, door) = serve(&[]).await;
    let mut client = server.client().await;
    for procedure in PROCEDURES {
        let answer = client.call(procedure, json!({ "answer": 7 })).await;
        assert_eq!(answer["error"]["data"]["name"], "invalidParams", "{answer}");
        assert_eq!(answer["error"]["data"]["path"], "answer");
    }
    assert_eq!(door.asked(), 0);
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn calls_of_a_batch_are_authorised_one_by_one() {
    let (server, door) = serve(&[]).await;
    let mut client = server.client().await;
    let calls = [
        ("door.peek", "allow"),
        ("door.open", "refuse"),
        ("door.peek", "refuse"),
        ("door.onKnock", "allow"),
        ("door.open", "allow"),
        ("door.peek", "panicLater"),
    ];
    let calls: Vec<_> = (1..)
        .zip(calls)
        .map(|(id, (method, answer))| {
            json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": { "answer": answer } })
        })
        .collect();
    client.send(json!(calls).to_string()).await;
    let answers = client.message().await;
    let outcome = |answer: &Value| match &answer["error"] {
        Value::Null => answer["result"].clone(),
        error => error["data"]["name"].clone(),
    };
    let outcomes: Vec<_> = answers.as_array().unwrap().iter().map(outcome).collect();
    let expected = json!([1, "forbidden", "forbidden", "subscriptionInBatch", 2, "internalError"]);
    assert_eq!(json!(outcomes), expected);
    assert_eq!(door.ran(), 2);
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_post_is_authorised_as_well() {
    let (server, door) = serve(&[]).await;
    let http = reqwest::Client::new();
    let post = async |method: &str, answer: &str| -> Value {
        let params = json!({ "answer": answer });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = http.post(server.url("/rpc")).json(&call).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    };
    for procedure in ["door.peek", "door.open"] {
        let refused = post(procedure, "refuse").await;
        assert_eq!(refused["error"]["code"], -32053);
        assert_eq!(post(procedure, "refuseWithDetails").await["error"]["code"], 2001);
        assert_eq!(post(procedure, "panicAtOnce").await["error"], internal_error());
        assert_eq!(post(procedure, "panicLater").await["error"], internal_error());
    }
    assert_eq!(door.ran(), 0);
    assert_eq!(post("door.peek", "allow").await["result"], 1);
    assert_eq!(post("door.open", "allow").await["result"], 2);
    let asked = door.asked();
    let refused = post("door.onKnock", "allow").await;
    assert_eq!(refused["error"]["data"]["name"], "webSocketRequired");
    assert_eq!(door.asked(), asked, "nobody is asked about a call that cannot be made");
    drop(http);
    server.end().await;
}
