use tidings_testkit::ValkeyProcess;

use crate::support::{Demo, Tail, tidings};

const USERS: &str = r#"[{"id":"1","name":"Ada Lovelace"}]"#;
const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/demo/openrpc.json");

#[tokio::test]
async fn an_event_reaches_a_subscriber() {
    let demo = Demo::on_valkey().await;
    let mut tail = Tail::start(&["onUpdates", r#"{"channel":"list-1"}"#, "--url", &demo.url()]);
    tail.line_that_begins("-- live").await;
    let (url, valkey) = (demo.url(), demo.valkey_url());
    let id =
        tidings(&["publish", "onUpdates", "list-1", USERS, "--url", &url, "--valkey-url", &valkey])
            .await
            .ok();
    assert!(id.trim_end().ends_with(":1"), "{id}");
    assert_eq!(tail.line().await, format!("test: {USERS}"));
}

#[tokio::test]
async fn the_same_key_publishes_once() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let url = valkey.url();
    let publish = async |key: &str| {
        let target = ["publish", "onUpdates", "list-1", USERS, "--contract", CONTRACT];
        let options = ["--valkey-url", &url, "--idempotency-key", key];
        tidings(&[target.as_slice(), &options].concat()).await.ok()
    };
    let first = publish("a").await;
    assert_eq!(publish("a").await, first);
    assert_ne!(publish("b").await, first);
}

#[tokio::test]
async fn a_state_is_there_for_whoever_comes_later() {
    let demo = Demo::on_valkey().await;
    let (url, valkey) = (demo.url(), demo.valkey_url());
    let bio = r#"{"id":"1","bio":"Reads."}"#;
    tidings(&["publish", "onBio", "1", bio, "--url", &url, "--valkey-url", &valkey]).await.ok();
    let mut tail = Tail::start(&["onBio", r#"{"id":"1"}"#, "--url", &url]);
    assert_eq!(tail.line().await, "-- live on test");
    assert_eq!(tail.line().await, format!("test: {bio}"));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_words() {
    let refused = async |arguments: &[&str]| {
        tidings(&[&["publish"], arguments, &["--contract", CONTRACT]].concat()).await.failed()
    };
    for (payload, expected) in [
        (
            r#"[{"id":"1","name":1}]"#,
            "tidings: the payload does not fit: [0].name must be a string",
        ),
        (r#"[{"id":"1"}]"#, "tidings: the payload does not fit: [0].name is missing"),
        ("{}", "tidings: the payload does not fit: the payload as a whole must be an array"),
    ] {
        assert_eq!(refused(&["onUpdates", "list-1", payload]).await, expected);
    }
    let error = refused(&["onUpdates", "List 1", USERS]).await;
    assert!(
        error.starts_with(
            "tidings: `List 1` is no channel of `onUpdates`: a channel's name matches ^"
        ),
        "{error}"
    );
    let error = refused(&["onInstances", "all", "[]"]).await;
    assert!(error.starts_with("tidings: `onInstances` is a members feed: "), "{error}");
    let error = refused(&["userById", "all", "[]"]).await;
    assert!(error.starts_with("tidings: `userById` is a query, not a subscription"), "{error}");
}

#[tokio::test]
async fn a_valkey_that_does_not_answer_is_named_without_its_password() {
    let publish = ["publish", "onUpdates", "list-1", USERS, "--contract", CONTRACT];
    let error = tidings(&publish).await.failed();
    assert!(error.contains("there is no Valkey to publish to: give --valkey-url"), "{error}");

    let mut valkey = ValkeyProcess::start_with(["--requirepass", "right"]).await.unwrap();
    let address = valkey.address().to_string();
    let wrong = format!("redis://:wrong-password@{address}");
    let error = tidings(&[publish.as_slice(), &["--valkey-url", &wrong]].concat()).await.failed();
    assert!(error.contains(&address) && !error.contains("wrong-password"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    valkey.kill();
    let expected =
        format!("tidings: the event was not published: Valkey at {address}: Connection refused");
    let error = tidings(&[publish.as_slice(), &["--valkey-url", &wrong]].concat()).await.failed();
    assert_eq!(error, expected);
}
