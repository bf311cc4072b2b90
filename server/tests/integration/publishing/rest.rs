//! Publishing by REST and with the mutation: what is answered, and what subscribers get.

use serde_json::{Value, json};

use super::{
    lines::{OnHeadline, follow, text},
    notes::{answer, error, item, note, post, published, serve},
};
use crate::support::{TestBroker, TestServer, with_both_brokers};

with_both_brokers! {
    an_event_is_published_as_its_type_says_and_its_id_is_answered,
    a_batch_is_published_in_order_and_its_ids_are_answered,
    a_batch_of_a_thousand_with_one_bad_item_says_which_and_publishes_none,
}

async fn follow_notes(server: &TestServer, room: &str) -> (tidings_testkit::Client, u64) {
    let mut client = server.client().await;
    let id = client.subscribe("notes.onNote", json!({ "room": room })).await;
    (client, id)
}

async fn an_event_is_published_as_its_type_says_and_its_id_is_answered(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let (mut client, id) = follow_notes(&server, "a").await;
    let body = json!({ "text": "one", "secret": "left out" });
    let answer = published(&server, "/publish/notes.onNote/a", &[], &body).await;
    let event = client.event(id).await;
    assert_eq!(answer, json!({ "id": event["id"] }));
    assert_eq!(event["data"], note("one"));
    // A State feed keeps it.
    let body = json!({ "text": "news" });
    published(&server, "/publish/lines.onHeadline/all", &[], &body).await;
    let headline = follow::<OnHeadline>(&mut client).await;
    assert_eq!(text(&mut client, headline).await, "news");
    // The mutation does the same.
    let events = json!([item("a", note("two")), { "procedure": "lines.onHeadline", "channel": "all", "data": body }]);
    let answer = client.call("tidings.publish", json!({ "events": events })).await;
    assert_eq!(
        answer["error"],
        error(-32053, "forbidden", "only writers publish notes", Some("events[0]")),
        "the handshake has no header"
    );
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tidings.publish", "params": { "events": events } });
    let answer: Value = post(&server, "/rpc", &[], call.to_string()).await.json().await.unwrap();
    let event = client.event(id).await;
    assert_eq!(event["data"], note("two"));
    assert_eq!(answer["result"]["ids"][0], event["id"]);
    assert_eq!(answer["result"]["ids"].as_array().unwrap().len(), 2);
    drop(client);
    server.end().await;
}

async fn a_batch_is_published_in_order_and_its_ids_are_answered(broker: TestBroker) {
    // More than go to Valkey in one pipeline, and more bytes than a client's request may have.
    const NOTES: usize = 600;
    let server = serve(&broker, &[]).await;
    let (mut client, id) = follow_notes(&server, "a").await;
    let long = "x".repeat(200);
    let items: Vec<_> = (0..NOTES).map(|n| item("a", note(&format!("{n} {long}")))).collect();
    let answer = published(&server, "/publish", &[], &items.into()).await;
    let ids = answer["ids"].as_array().unwrap();
    assert_eq!(ids.len(), NOTES);
    for (n, published) in ids.iter().enumerate() {
        let event = client.event(id).await;
        assert_eq!(&event["id"], published);
        assert_eq!(event["data"]["text"], format!("{n} {long}"));
    }
    assert_eq!(published_none(&server).await, json!({ "ids": [] }));
    drop(client);
    server.end().await;
}

async fn published_none(server: &TestServer) -> Value {
    published(server, "/publish", &[], &json!([])).await
}

async fn a_batch_of_a_thousand_with_one_bad_item_says_which_and_publishes_none(broker: TestBroker) {
    // By default, a batch of this size is too large for a call.
    let server = serve(&broker, &["--max-request-bytes", "200000"]).await;
    let (mut client, id) = follow_notes(&server, "a").await;
    let mut items: Vec<_> = (0..1000).map(|n| item("a", note(&n.to_string()))).collect();
    items[700]["data"]["tags"] = json!(["good", 7]);
    let bad = json!(items);
    let refused = answer(post(&server, "/publish", &[], bad.to_string()).await).await;
    let message = "the payload does not fit notes.onNote: expected a string";
    let expected = error(-32602, "invalidParams", message, Some("/700/data/tags/1"));
    assert_eq!(refused, (422, expected));
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tidings.publish", "params": { "events": bad } });
    let answer: Value = post(&server, "/rpc", &[], call.to_string()).await.json().await.unwrap();
    let path = Some("events[700].data.tags[1]");
    assert_eq!(answer["error"], error(-32602, "invalidParams", message, path));
    published(&server, "/publish/notes.onNote/a", &[], &note("the first")).await;
    assert_eq!(client.event(id).await["data"], note("the first"), "none was published");
    drop(client);
    server.end().await;
}

/// A path, headers, a body, and the answer.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, u16, Value);

#[tokio::test]
async fn each_refusal_has_its_status_and_body() {
    let args = ["--max-publish-bytes", "2000", "--max-payload-bytes", "1000"];
    let server = serve(&TestBroker::memory(), &args).await;
    let large = note(&"x".repeat(1000)).to_string();
    let to = "/publish/notes.onNote/a";
    let unfit = "the payload does not fit notes.onNote: missing field `text`";
    let not_json = "the body has to be JSON, with the header `Content-Type: application/json`";
    let big = "a request to publish may have 2000 bytes (--max-publish-bytes)";
    let long = "the payload has 1021 bytes and may have 1000 (--max-payload-bytes)";
    let key = "an idempotency key has 1 to 256 bytes";
    let channel = "\"No\" is not a channel name: use 1 to 128 of a-z, 0-9, '.', '_' and '-', and begin with a letter, a \
                   digit or '_'";
    let nobody = "the service lets nobody publish to lines.onLine: it would register the subscription with \
                  `.allow_publish(handler)`";
    let members =
        "onInstances is a list that its members report themselves to, and cannot be published";
    let failed = "the server failed; its log says why";
    let none: &[(&str, &str)] = &[];
    let long_key = "k".repeat(257);
    let cases: &[Case<'_>] = &[
        (
            to,
            none,
            "{",
            400,
            error(
                -32700,
                "parseError",
                "the body is not JSON: EOF while parsing an object at line 1 column 1",
                None,
            ),
        ),
        (
            to,
            none,
            "{} {}",
            400,
            error(
                -32700,
                "parseError",
                "the body is not JSON: trailing characters at line 1 column 4",
                None,
            ),
        ),
        (to, none, "{}", 422, error(-32602, "invalidParams", unfit, Some(""))),
        (
            to,
            none,
            r#"{"text":"a","tags":["b",{}]}"#,
            422,
            error(
                -32602,
                "invalidParams",
                "the payload does not fit notes.onNote: expected a string",
                Some("/tags/1"),
            ),
        ),
        (
            to,
            &[("idempotency-key", "")],
            r#"{"text":"a"}"#,
            422,
            error(-32602, "invalidParams", key, None),
        ),
        (
            to,
            &[("idempotency-key", &long_key)],
            r#"{"text":"a"}"#,
            422,
            error(-32602, "invalidParams", key, None),
        ),
        (
            to,
            &[("content-type", "text/plain")],
            "{}",
            415,
            error(-32055, "unsupportedMediaType", not_json, None),
        ),
        (to, none, &large, 413, error(-32007, "requestTooLarge", long, Some(""))),
        (to, none, &" ".repeat(2001), 413, error(-32007, "requestTooLarge", big, None)),
        ("/publish/notes.onNote/No", none, "{}", 404, error(-32004, "notFound", channel, None)),
        (
            "/publish/notes.onNothing/a",
            none,
            "{}",
            404,
            error(
                -32601,
                "methodNotFound",
                "there is no procedure \"notes.onNothing\"; rpc.discover lists them",
                None,
            ),
        ),
        (
            "/publish/onInstances/all",
            none,
            "[]",
            404,
            error(-32601, "methodNotFound", members, None),
        ),
        (
            "/publish/lines.onHeadline/other",
            none,
            "{}",
            404,
            error(-32004, "notFound", "lines.onHeadline has one channel, all", None),
        ),
        ("/publish/lines.onLine/all", none, "{}", 403, error(-32053, "forbidden", nobody, None)),
        (
            "/publish/notes.onNote/busy",
            none,
            "{}",
            429,
            error(-32009, "serverBusy", "too many notes; wait a little", None),
        ),
        (
            "/publish/notes.onNote/panics",
            none,
            "{}",
            500,
            error(-32603, "internalError", failed, None),
        ),
        (
            "/publish",
            none,
            "{}",
            422,
            error(-32602, "invalidParams", "expected an array", Some("")),
        ),
        (
            "/publish",
            none,
            r#"[{"procedure":"notes.onNote","data":1}]"#,
            422,
            error(-32602, "invalidParams", "missing field `channel`", Some("/0")),
        ),
        (
            "/publish",
            none,
            "[",
            400,
            error(
                -32700,
                "parseError",
                "the body is not JSON: EOF while parsing a list at line 1 column 1",
                None,
            ),
        ),
    ];
    for (path, headers, body, status, expected) in cases {
        let refused = answer(post(&server, path, headers, (*body).to_owned()).await).await;
        assert_eq!(refused, (*status, expected.clone()), "{path} {body}");
    }
    // In a batch, the pointer says which.
    let twice = |data: Value, key: &str| {
        let mut item = item("a", data);
        item["idempotencyKey"] = key.into();
        item
    };
    let reused = "the idempotency key was used in this channel with another payload";
    for (bad, status, expected) in [
        (item("No", note("a")), 404, error(-32004, "notFound", channel, Some("/1/channel"))),
        (
            json!({ "procedure": "nothing", "channel": "a", "data": 1 }),
            404,
            error(
                -32601,
                "methodNotFound",
                "there is no procedure \"nothing\"; rpc.discover lists them",
                Some("/1/procedure"),
            ),
        ),
        (
            item("busy", note("a")),
            429,
            error(-32009, "serverBusy", "too many notes; wait a little", Some("/1")),
        ),
        (item("a", json!({})), 422, error(-32602, "invalidParams", unfit, Some("/1/data"))),
        (
            item("a", serde_json::from_str::<Value>(&large).unwrap()),
            413,
            error(-32007, "requestTooLarge", long, Some("/1/data")),
        ),
        (twice(note("a"), ""), 422, error(-32602, "invalidParams", key, Some("/1/idempotencyKey"))),
        (
            twice(note("b"), "k"),
            422,
            error(-32054, "idempotencyKeyReused", reused, Some("/1/idempotencyKey")),
        ),
    ] {
        let body = json!([twice(note("a"), "k"), bad]).to_string();
        let refused = answer(post(&server, "/publish", &[], body).await).await;
        assert_eq!(refused, (status, expected));
    }
    let many = format!("[{}1]", "1,".repeat(990));
    let refused = answer(post(&server, "/publish", &[], many).await).await;
    let shape = "expected an object";
    assert_eq!(refused, (422, error(-32602, "invalidParams", shape, Some("/0"))));
    let stranger = reqwest::Client::new()
        .post(server.url(to))
        .header("content-type", "application/json")
        .body("{}");
    let refused = answer(stranger.send().await.unwrap()).await;
    assert_eq!(refused, (403, error(-32053, "forbidden", "only writers publish notes", None)));
    let get = reqwest::get(server.url(to)).await.unwrap();
    assert_eq!((get.status().as_u16(), &get.headers()["allow"]), (405, &"POST".parse().unwrap()));
    server.end().await;
}

#[tokio::test]
async fn a_batch_of_too_many_events_is_refused() {
    let server = serve(&TestBroker::memory(), &[]).await;
    let items = vec![item("a", note("a")); 10_001];
    let refused = answer(post(&server, "/publish", &[], json!(items).to_string()).await).await;
    let message = "there are 10001 events, and a request may have 10000; send them in parts";
    assert_eq!(refused, (413, error(-32010, "batchTooLarge", message, None)));
    server.end().await;
}

#[tokio::test]
async fn a_broker_that_is_out_of_reach_is_answered_with_503_and_the_ids_so_far() {
    let mut broker = TestBroker::valkey().await;
    let server = serve(&broker, &[]).await;
    let message = "the broker is out of reach at the moment; try again in a few seconds";
    // Valkey refuses one of the two channels, and the other event is published.
    let refuse = [
        "ACL",
        "SETUSER",
        "default",
        "resetkeys",
        "~notes.onNote:{a}*",
        "~notes.onNote:{tidings}*",
        "~*tidings:*",
    ];
    let items = json!([item("a", note("one")), item("b", note("two"))]);
    let headers = [("idempotency-key", "k")];
    let valkey = broker.process();
    valkey.cli(refuse).await.unwrap();
    let (status, mut failed) =
        answer(post(&server, "/publish", &headers, items.to_string()).await).await;
    let details = failed["data"].as_object_mut().unwrap().remove("details").unwrap();
    assert_eq!((status, failed), (503, error(-32050, "brokerUnavailable", message, None)));
    assert_eq!(details["ids"][1], Value::Null);
    // The same request again publishes the rest.
    valkey.cli(["ACL", "SETUSER", "default", "allkeys"]).await.unwrap();
    let again = published(&server, "/publish", &headers, &items).await;
    assert_eq!(again["ids"][0], details["ids"][0]);
    assert!(again["ids"][0].as_str().unwrap().ends_with(":1"), "{again}");
    assert!(again["ids"][1].as_str().unwrap().ends_with(":1"), "{again}");
    valkey.kill();
    let one = post(&server, "/publish/notes.onNote/a", &[], note("lost").to_string()).await;
    let expected = error(-32050, "brokerUnavailable", message, None);
    assert_eq!(answer(one).await, (503, expected));
    server.end().await;
}

#[tokio::test]
async fn nobody_may_publish_unless_the_service_says_so() {
    let server = super::lines::serve(&TestBroker::memory(), &["--dev"]).await;
    let refused = answer(post(&server, "/publish/lines.onLine/all", &[], "{}").await).await;
    assert_eq!(refused.0, 403, "in development mode, too: {}", refused.1);
    let mut client = server.client().await;
    let answer = client.call("tidings.publish", json!({ "events": [] })).await;
    assert_eq!(answer["error"]["data"]["name"], "methodNotFound");
    let document: Value =
        reqwest::get(server.url("/openapi.json")).await.unwrap().json().await.unwrap();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    assert!(paths.iter().all(|path| !path.starts_with("/publish")), "{paths:?}");
    drop(client);
    server.end().await;
}
