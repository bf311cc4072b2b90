use serde_json::{Value, json};
use tidings::{Error, PublishError, Publisher};
use tidings_testkit::ValkeyProcess;

use super::lines::{OnHeadline, OnLine, all, follow, line, serve, text};
use crate::support::TestBroker;

#[tokio::test]
async fn another_process_publishes_through_valkey() {
    let mut broker = TestBroker::valkey().await;
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow::<OnLine>(&mut client).await;
    let publisher = Publisher::connect(&broker.process().url()).await.unwrap();
    let clone = publisher.clone();
    let event = publisher.publish::<OnLine>(&all(), &line("from elsewhere")).await.unwrap();
    assert_eq!(client.event(id).await["id"], event.as_str());
    let batch = clone.batch().publish::<OnLine>(&all(), &line("and in a batch"));
    assert!(batch.send().await.unwrap()[0].is_ok());
    assert_eq!(text(&mut client, id).await, "and in a batch");
    drop(client);
    server.end().await;
}

/// It does not need a replica that loads the functions first.
#[tokio::test]
async fn another_process_may_be_the_first_to_use_valkey() {
    let mut broker = TestBroker::valkey().await;
    let publisher = Publisher::connect(&broker.process().url()).await.unwrap();
    publisher.publish::<OnHeadline>(&all(), &line("early")).await.unwrap();
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow::<OnHeadline>(&mut client).await;
    assert_eq!(text(&mut client, id).await, "early");
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_broker_that_is_out_of_reach_is_an_error_that_clients_may_try_again() {
    let mut broker = TestBroker::valkey().await;
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    broker.process().kill();
    let answer = client.call("lines.write", json!({ "text": "lost" })).await;
    let expected = json!({
        "code": -32050,
        "message": "the broker is out of reach at the moment; try again in a few seconds",
        "data": { "name": "brokerUnavailable", "retryable": true },
    });
    assert_eq!(answer["error"], expected);
    let error = server.publisher.publish::<OnLine>(&all(), &line("lost")).await.unwrap_err();
    assert!(matches!(error, PublishError::Unavailable(_)), "{error}");
    drop(client);
    server.end().await;
}

/// The errors of a publisher that cannot connect.
async fn refusal(url: &str) -> String {
    let error = Publisher::connect(url).await.unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
    error.to_string()
}

#[tokio::test]
async fn a_password_that_valkey_refuses_is_named_as_the_cause_and_not_shown() {
    let valkey = ValkeyProcess::start_with(["--requirepass", "secret"]).await.unwrap();
    let address = valkey.address();
    let wrong = refusal(&format!("redis://:hunter2@{address}")).await;
    let expected =
        format!("Valkey at {address}: it refuses the user or the password of the Valkey URL");
    assert_eq!(wrong, expected);
    let unknown = refusal(&format!("redis://ada:hunter2@{address}")).await;
    assert_eq!(unknown, expected);
    let none = refusal(&format!("redis://{address}")).await;
    assert_eq!(
        none,
        format!("Valkey at {address}: it asks for a password; put it into the Valkey URL")
    );
    let right = Publisher::connect(&format!("redis://:secret@{address}")).await;
    assert!(right.is_ok(), "{right:?}");
}

#[tokio::test]
async fn a_valkey_that_is_not_there_is_named() {
    let mut valkey = ValkeyProcess::start().await.unwrap();
    valkey.kill();
    let address = valkey.address();
    let error = refusal(&format!("redis://:hunter2@{address}")).await;
    assert!(error.starts_with(&format!("Valkey at {address}: ")), "{error}");
    assert!(error.contains("refused"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn an_address_that_is_none_is_explained_and_not_shown() {
    for url in ["localhost:6379", "http://:hunter2@localhost", "redis://:hun/ter2@localhost"] {
        let error = Publisher::connect(url).await.unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error}");
        let error = error.to_string();
        assert!(error.contains("redis://[user:password@]host:port"), "{error}");
        assert!(!error.contains("hun") && !error.contains("ter2"), "{error}");
    }
    let none = Publisher::connect_with(&tidings::BrokerConfig::default()).await.unwrap_err();
    assert!(none.to_string().contains("give --valkey-url or set VALKEY_URL"), "{none}");
}

/// Not a name of a procedure: a tool knows only the document.
#[tokio::test]
async fn what_the_document_says_is_enough_to_publish() {
    let broker = TestBroker::memory();
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let document = client.call("rpc.discover", json!({})).await["result"].take();
    let methods = document["methods"].as_array().unwrap();
    let lines: &Value = methods.iter().find(|m| m["name"] == "lines.onLine").unwrap();
    let target = tidings::Target {
        namespace: lines["x-subscription"]["namespace"].as_str().unwrap().to_owned(),
        channel: lines["x-subscription"]["channel"]["const"].as_str().unwrap().parse().unwrap(),
        state_retention: None,
    };
    let id = follow::<OnLine>(&mut client).await;
    server.publisher.publish_raw(&target, r#"{"text":"raw"}"#, None).await.unwrap();
    assert_eq!(text(&mut client, id).await, "raw");
    drop(client);
    server.end().await;
}
