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
async fn a_state_reaches_a_later_subscriber() {
    let demo = Demo::on_valkey().await;
    let (url, valkey) = (demo.url(), demo.valkey_url());
    let bio = r#"{"id":"1","bio":"Reads."}"#;
    tidings(&["publish", "onBio", "1", bio, "--url", &url, "--valkey-url", &valkey]).await.ok();
    let mut tail = Tail::start(&["onBio", r#"{"id":"1"}"#, "--url", &url]);
    assert_eq!(tail.line().await, "-- live on test");
    assert_eq!(tail.line().await, format!("test: {bio}"));
}

#[tokio::test]
async fn a_channel_can_be_given_in_parts() {
    let demo = Demo::on_valkey().await;
    // What `Channel::from_parts(&["room", "B2"])` gives.
    let mut tail = Tail::start(&["onUpdates", r#"{"channel":"room._422"}"#, "--url", &demo.url()]);
    tail.line_that_begins("-- live").await;
    let parts = ["publish", "onUpdates", "--part", "room", "--part", "B2", USERS];
    let options = ["--url", &demo.url(), "--valkey-url", &demo.valkey_url()];
    tidings(&[parts.as_slice(), &options].concat()).await.ok();
    assert_eq!(tail.line().await, format!("test: {USERS}"));
}

#[tokio::test]
async fn an_invalid_event_is_refused_with_the_reason() {
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
    assert!(error.ends_with("give each part with --part"), "{error}");
    let error = refused(&["onUpdates", USERS]).await;
    assert!(error.starts_with("tidings: the channel is missing: give CHANNEL"), "{error}");
    let error = refused(&["onUpdates", "list-1", USERS, "--part", "list-1"]).await;
    assert!(error.starts_with("tidings: give CHANNEL or --part, not both"), "{error}");
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

#[tokio::test]
async fn a_valkey_that_fails_later_leaves_open_whether_the_event_was_published() {
    // It answers PING, and refuses to write.
    let valkey = ValkeyProcess::start_with(["--min-replicas-to-write", "1"]).await.unwrap();
    let publish = ["publish", "onUpdates", "list-1", USERS, "--contract", CONTRACT];
    let options = ["--valkey-url", &valkey.url(), "--idempotency-key", "a"];
    let error = tidings(&[publish.as_slice(), &options].concat()).await.failed();
    assert!(
        error.starts_with("tidings: it is not known whether the event was published: "),
        "{error}"
    );
    assert!(
        error.ends_with("; repeat with --idempotency-key a, which publishes it once"),
        "{error}"
    );
}
