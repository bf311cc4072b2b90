use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::{Demo, Tail, publish, tidings};

const LIST: &str = r#"{"channel":"list-1"}"#;

fn shown(name: &str) -> String {
    format!(r#"test: [{{"id":"1","name":"{name}"}}]"#)
}

#[tokio::test]
async fn prints_events_and_says_how_to_resume() {
    let demo = Demo::on_memory().await;
    let mut tail = Tail::start(&["onUpdates", LIST, "--url", &demo.url()]);
    assert_eq!(tail.line().await, "-- live on test");
    demo.publish("Ada").await;
    assert_eq!(tail.line().await, shown("Ada"));
    let id = demo.publish("Grace").await;
    assert_eq!(tail.line().await, shown("Grace"));
    assert_eq!(tail.interrupt().await, Some(0));
    let said = tail.line().await;
    assert_eq!(said, format!("tidings: to go on after the last event, add: --from {id}"));

    demo.publish("Barbara").await;
    let mut tail = Tail::start(&["onUpdates", LIST, "--from", &id, "--json", "--url", &demo.url()]);
    let started: Value = serde_json::from_str(&tail.line().await).unwrap();
    assert_eq!((&started["type"], &started["resumed"]), (&"started".into(), &true.into()));
    let data: Value = serde_json::from_str(&tail.line().await).unwrap();
    assert_eq!(data["data"][0]["name"], "Barbara");
}

#[tokio::test]
async fn nothing_is_missing_after_the_server_was_away() {
    let demo = Demo::on_valkey().await;
    let mut tail = Tail::start(&["onUpdates", LIST, "--url", &demo.url()]);
    tail.line_that_begins("-- live").await;
    demo.publish("Ada").await;
    assert_eq!(tail.line().await, shown("Ada"));
    let demo = demo.restart(async |publisher| drop(publish(publisher, "Grace").await)).await;
    assert_eq!(tail.line().await, "-- stopped: the replica is leaving");
    let again = tail.line().await;
    assert!(again.starts_with("tidings: ") && again.contains("subscribing again in "), "{again}");
    assert_eq!(
        tail.line_that_begins("-- live").await,
        "-- live on test: goes on after the last event"
    );
    demo.publish("Barbara").await;
    assert_eq!(tail.line().await, shown("Grace"));
    assert_eq!(tail.line().await, shown("Barbara"));
}

#[tokio::test]
async fn says_what_happens_to_the_broker_and_where_events_may_be_missing() {
    let mut demo = Demo::on_valkey().await;
    let mut tail = Tail::start(&["onUpdates", LIST, "--url", &demo.url()]);
    tail.line_that_begins("-- live").await;
    demo.publish("Ada").await;
    assert_eq!(tail.line().await, shown("Ada"));
    // Without persistence it comes back with nothing, so the channel begins another epoch.
    demo.valkey.as_mut().unwrap().restart().await.unwrap();
    assert_eq!(
        tail.line().await,
        "-- the replica cannot reach its broker: events follow when it can"
    );
    assert_eq!(tail.line().await, "-- the replica reaches its broker again");
    let url = demo.valkey_url();
    let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/demo/openrpc.json");
    let users = r#"[{"id":"1","name":"Grace"}]"#;
    tidings(&[
        "publish",
        "onUpdates",
        "list-1",
        users,
        "--contract",
        contract,
        "--valkey-url",
        &url,
    ])
    .await
    .ok();
    let gap = tail.line().await;
    assert_eq!(
        gap,
        "-- gap: events may be missing here, because the channel's history was lost and its count began again"
    );
    assert_eq!(tail.line().await, shown("Grace"));
}

#[tokio::test]
async fn an_id_that_the_channel_never_had_is_a_gap() {
    let demo = Demo::on_memory().await;
    let id = demo.publish("Ada").await;
    let epoch = id.rsplit_once(':').unwrap().0;
    let later = format!("{epoch}:77");
    let mut tail = Tail::start(&["onUpdates", LIST, "--from", &later, "--url", &demo.url()]);
    assert_eq!(tail.line().await, "-- live on test");
    let gap = tail.line().await;
    assert_eq!(
        gap,
        "-- gap: events may be missing here, because the channel has had no event of this id"
    );
}

#[tokio::test]
async fn a_feed_without_ids_is_followed_too() {
    let demo = Demo::on_memory().await;
    let mut tail = Tail::start(&["onInstances", "--url", &demo.url()]);
    assert_eq!(tail.line().await, "-- live on test");
    let instances = tail.line().await;
    assert!(instances.starts_with(r#"test: [{"name":"test","#), "{instances}");
    let error =
        tidings(&["tail", "onInstances", "--from", "x:1", "--url", &demo.url()]).await.failed();
    assert_eq!(
        error,
        "tidings: `onInstances` has no event ids to begin after, because it is a members feed: leave out --from"
    );
}

#[tokio::test]
async fn an_error_of_the_input_ends_it() {
    let demo = Demo::on_memory().await;
    let url = demo.url();
    let error = tidings(&["tail", "onUpdates", "--url", &url]).await.failed();
    assert!(error.starts_with("onUpdates: invalidParams (-32602): "), "{error}");
    assert!(error.ends_with("\n  path: channel"), "{error}");
    let error =
        tidings(&["tail", "onUpdates", LIST, "--from", "nonsense", "--url", &url]).await.failed();
    assert!(error.ends_with("\n  path: lastEventId"), "{error}");
    let error = tidings(&["tail", "allUsers", "--url", &url]).await.failed();
    assert_eq!(
        error,
        "tidings: `allUsers` is a query, not a subscription: use `tidings call allUsers`"
    );
}

#[tokio::test]
async fn ends_without_an_error_when_the_reader_closes_the_pipe() {
    let demo = Demo::on_memory().await;
    let url = demo.url();
    let mut tail = Command::new(env!("CARGO_BIN_EXE_tidings"))
        .env_clear()
        .args(["tail", "onUpdates", LIST, "--url", &url])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(tail.stdout.take().unwrap());
    let reading = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        line
    });
    assert_eq!(reading.await.unwrap(), "-- live on test\n");
    if cfg!(any(not(unix), tidings_portable)) {
        // The fallback notices only when it prints the next event.
        demo.publish("Ada").await;
    }
    let output =
        tokio::task::spawn_blocking(move || tail.wait_with_output().unwrap()).await.unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
