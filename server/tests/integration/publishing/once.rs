//! Idempotency keys by REST.

use futures_util::future::join_all;
use serde_json::json;

use super::notes::{answer, error, item, note, post, published, serve};
use crate::support::{TestBroker, with_both_brokers};

with_both_brokers! {
    a_key_belongs_to_a_channel_and_to_one_payload,
    a_batchs_key_holds_for_each_of_its_events,
}

const REUSED: &str = "the idempotency key was used in this channel with another payload";

async fn a_key_belongs_to_a_channel_and_to_one_payload(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let key = [("idempotency-key", "k")];
    let first = published(&server, "/publish/notes.onNote/a", &key, &note("one")).await;
    assert_eq!(published(&server, "/publish/notes.onNote/a", &key, &note("one")).await, first);
    let other = published(&server, "/publish/notes.onNote/b", &key, &note("two")).await;
    assert_ne!(other, first);
    let refused =
        answer(post(&server, "/publish/notes.onNote/a", &key, note("two").to_string()).await).await;
    assert_eq!(refused, (422, error(-32054, "idempotencyKeyReused", REUSED, None)));
    let next = published(&server, "/publish/notes.onNote/a", &[], &note("next")).await;
    let offset = |answer: &serde_json::Value| {
        answer["id"].as_str().unwrap().rsplit_once(':').unwrap().1.to_owned()
    };
    assert_eq!((offset(&first), offset(&next)), ("1".to_owned(), "2".to_owned()));
    server.end().await;
}

async fn a_batchs_key_holds_for_each_of_its_events(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let key = [("idempotency-key", "batch")];
    let mut items =
        json!([item("a", note("one")), item("a", note("two")), item("a", note("three"))]);
    items[2]["idempotencyKey"] = "own".into();
    let first = published(&server, "/publish", &key, &items).await;
    assert_eq!(published(&server, "/publish", &key, &items).await, first);
    // Each event on its own.
    for (n, key, text) in [(0, "batch:0", "one"), (1, "batch:1", "two"), (2, "own", "three")] {
        let key = [("idempotency-key", key)];
        let one = published(&server, "/publish/notes.onNote/a", &key, &note(text)).await;
        assert_eq!(one["id"], first["ids"][n]);
    }
    // A changed event is refused, and the others are what they were; one that is new is published.
    items[1]["data"] = note("changed");
    items[2]["idempotencyKey"] = "new".into();
    let (status, mut refused) =
        answer(post(&server, "/publish", &key, items.to_string()).await).await;
    let details = refused["data"].as_object_mut().unwrap().remove("details").unwrap();
    let expected = error(-32054, "idempotencyKeyReused", REUSED, Some("/1/idempotencyKey"));
    assert_eq!((status, refused), (422, expected));
    assert_eq!((&details["ids"][0], &details["ids"][1]), (&first["ids"][0], &json!(null)));
    assert!(details["ids"][2].as_str().unwrap().ends_with(":4"), "{details}");
    server.end().await;
}

#[tokio::test]
async fn one_key_from_fifty_parallel_requests_on_three_replicas_publishes_once() {
    let broker = TestBroker::valkey().await;
    let servers = join_all((0..3).map(|_| serve(&broker, &[]))).await;
    let mut client = servers[0].client().await;
    let id = client.subscribe("notes.onNote", json!({ "room": "a" })).await;
    let key = [("idempotency-key", "k")];
    let body = note("once");
    let requests =
        (0..50).map(|n| published(&servers[n % 3], "/publish/notes.onNote/a", &key, &body));
    let answers = join_all(requests).await;
    let event = client.event(id).await;
    assert!(answers.iter().all(|answer| answer["id"] == event["id"]), "{answers:?}");
    published(&servers[1], "/publish/notes.onNote/a", &[], &note("next")).await;
    assert_eq!(client.event(id).await["data"], note("next"), "it came once");
    drop(client);
    for server in servers {
        server.end().await;
    }
}
