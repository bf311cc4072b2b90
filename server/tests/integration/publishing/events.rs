use serde_json::json;
use tidings::PublishError;

use super::lines::{OnHeadline, OnLine, all, follow, line, serve, text};
use crate::support::{TestBroker, with_both_brokers};

with_both_brokers! {
    events_of_each_feed_are_published_by_their_type,
    publishing_twice_with_one_key_is_once,
    a_batch_is_published_in_order_whatever_its_procedures,
    a_batch_beyond_its_bound_is_an_error_and_nothing_is_published,
    a_payload_that_is_too_large_is_an_error_and_nothing_is_published,
}

async fn events_of_each_feed_are_published_by_their_type(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let lines = follow::<OnLine>(&mut client).await;
    let headlines = follow::<OnHeadline>(&mut client).await;
    let answer = client.call("lines.write", json!({ "text": "one" })).await;
    let event = client.event(lines).await;
    assert_eq!(event["data"], json!({ "text": "one" }));
    assert_eq!(event["id"], answer["result"]);
    let id = server.publisher.publish::<OnLine>(&all(), &line("two")).await.unwrap();
    assert_eq!(client.event(lines).await["id"], id.as_str());
    server.publisher.publish::<OnHeadline>(&all(), &line("three")).await.unwrap();
    assert_eq!(text(&mut client, headlines).await, "three");
    assert_eq!(client.waiting().count(), 0);
    drop(client);
    server.end().await;
}

async fn publishing_twice_with_one_key_is_once(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow::<OnLine>(&mut client).await;
    let publish = async |text, key| {
        let publisher = &server.publisher;
        publisher.publish_once::<OnLine>(&all(), &line(text), key).await.unwrap()
    };
    let first = publish("one", "key").await;
    assert_eq!(publish("one again", "key").await, first);
    assert_ne!(publish("two", "another key").await, first);
    // An empty key is none.
    assert_ne!(publish("three", "").await, publish("four", "").await);
    for expected in ["one", "two", "three", "four"] {
        assert_eq!(text(&mut client, id).await, expected);
    }
    drop(client);
    server.end().await;
}

async fn a_batch_is_published_in_order_whatever_its_procedures(broker: TestBroker) {
    // More than go to Valkey in one pipeline.
    const LINES: usize = 600;
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let lines = follow::<OnLine>(&mut client).await;
    let headlines = follow::<OnHeadline>(&mut client).await;
    let mut batch = server.publisher.batch();
    for n in 0..LINES {
        batch = batch.publish::<OnLine>(&all(), &line(n.to_string()));
    }
    batch = batch.publish::<OnHeadline>(&all(), &line("news"));
    let results = batch.send().await.unwrap();
    assert_eq!(results.len(), LINES + 1);
    for (n, result) in results[..LINES].iter().enumerate() {
        let event = client.event(lines).await;
        assert_eq!(event["data"]["text"], n.to_string());
        assert_eq!(event["id"], result.as_ref().unwrap().as_str(), "the result of each, in order");
    }
    assert!(results[LINES].is_ok());
    assert_eq!(text(&mut client, headlines).await, "news");
    assert_eq!(server.publisher.batch().send().await, Ok(vec![]), "an empty batch is one, too");
    drop(client);
    server.end().await;
}

async fn a_batch_beyond_its_bound_is_an_error_and_nothing_is_published(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow::<OnLine>(&mut client).await;
    let mut batch = server.publisher.batch();
    for _ in 0..10_001 {
        batch = batch.publish::<OnLine>(&all(), &line("one too many"));
    }
    let error = batch.send().await.unwrap_err();
    assert_eq!(error, PublishError::BatchTooLarge);
    let text_of = "a batch may have 10000 events and 67108864 bytes; send it in parts";
    assert_eq!(error.to_string(), text_of);

    // 129 events of 512 KiB.
    let mut batch = server.publisher.batch();
    let large = line("x".repeat(512 * 1024 - 20));
    for _ in 0..129 {
        batch = batch.publish::<OnLine>(&all(), &large);
    }
    assert_eq!(batch.send().await, Err(PublishError::BatchTooLarge));

    // One event that cannot be published keeps the others back.
    let batch = server.publisher.batch().publish::<OnLine>(&all(), &line("good"));
    let batch = batch.publish::<OnLine>(&all(), &line("x".repeat(2 * 1024 * 1024)));
    let batch = batch.publish::<OnLine>(&all(), &line("good, too"));
    let error = batch.send().await.unwrap_err();
    assert!(matches!(error, PublishError::TooLarge { .. }), "{error}");

    server.publisher.publish::<OnLine>(&all(), &line("the first one")).await.unwrap();
    assert_eq!(text(&mut client, id).await, "the first one");
    drop(client);
    server.end().await;
}

async fn a_payload_that_is_too_large_is_an_error_and_nothing_is_published(broker: TestBroker) {
    let server = serve(&broker, &["--max-payload-bytes", "100"]).await;
    let mut client = server.client().await;
    let id = follow::<OnLine>(&mut client).await;
    let error = server.publisher.publish::<OnLine>(&all(), &line("x".repeat(100))).await;
    let error = error.unwrap_err();
    assert_eq!(error, PublishError::TooLarge { bytes: 111, max: 100 });
    let message = "the event has 111 bytes and may have 100 (--max-payload-bytes)";
    assert_eq!(error.to_string(), message);
    // In a handler, through `?`: the client cannot do anything about it.
    let answer = client.call("lines.write", json!({ "text": "x".repeat(100) })).await;
    let expected = json!({
        "code": -32603,
        "message": "the server failed; its log says why",
        "data": { "name": "internalError", "retryable": false },
    });
    assert_eq!(answer["error"], expected);
    // Just as large as it may be.
    let most = "x".repeat(89);
    assert!(client.call("lines.write", json!({ "text": most })).await["result"].is_string());
    assert_eq!(text(&mut client, id).await, most);
    drop(client);
    server.end().await;
}
