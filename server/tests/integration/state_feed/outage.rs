use serde_json::{Value, json};
use tidings_testkit::ValkeyProcess;
use tokio::time::timeout;

use super::prices::{cents, follow, serve, set};
use crate::support::{PATIENCE, TestBroker, TestServer};

fn status(broker: &str) -> Value {
    json!({ "type": "status", "broker": broker })
}

/// Waits until the restarted Valkey has received this many reads of the newest value.
async fn until_asked(valkey: &ValkeyProcess, times: usize) {
    let asked = async || {
        let log = valkey.cli(["SLOWLOG", "GET", "-1"]).await.unwrap();
        // The line behind the function's name and the number of keys: the health check reads another channel.
        let lines = log.lines().collect::<Vec<_>>();
        let calls = lines.windows(3).filter(|lines| lines[0] == "tidings_newest");
        calls.filter(|lines| !lines[2].contains("{probe}")).count()
    };
    let wait = async { while asked().await < times {} };
    assert!(timeout(PATIENCE, wait).await.is_ok(), "nobody asked for the newest value");
}

/// Waits until the replica has read the newest value after an outage, and all that it did with it is done: a publication
/// of the same replica comes behind that on the same connection.
async fn settled(server: &TestServer, valkey: &ValkeyProcess, then: u64) {
    until_asked(valkey, 1).await;
    set(server, then).await;
}

#[tokio::test]
async fn a_value_that_subscribers_have_is_not_sent_again_after_an_outage() {
    let mut broker = TestBroker::durable_valkey().await;
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow(&mut client).await;
    set(&server, 1).await;
    assert_eq!(cents(&client.event(id).await), 1);

    broker.process().kill();
    assert_eq!(client.event(id).await, status("down"));
    broker.process().restart().await.unwrap();
    assert_eq!(client.event(id).await, status("up"));
    settled(&server, broker.process(), 2).await;
    assert_eq!(cents(&client.event(id).await), 2, "there is no duplicate of the first value");
    assert_eq!(client.waiting().count(), 0);
    assert_eq!(server.metric("tidings_gaps_total"), 0, "a State feed has no gaps");
    drop(client);
    server.end().await;
}

/// The publisher is quicker than the replica, or slower: then the value comes live.
#[tokio::test]
async fn a_value_that_was_published_during_an_outage_comes_once_after_it() {
    let mut broker = TestBroker::durable_valkey().await;
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow(&mut client).await;
    set(&server, 1).await;
    assert_eq!(cents(&client.event(id).await), 1);

    broker.process().kill();
    assert_eq!(client.event(id).await, status("down"));
    let valkey = broker.process();
    valkey.restart().await.unwrap();
    let key = "prices.onPrice:{_41_43_4d_45}";
    let value = r#"{"cents":2,"ofDay":"Monday"}"#;
    let call = ["FCALL", "tidings_set", "1", key, value, "60000"];
    while valkey.cli(call).await.is_err() {}
    assert_eq!(client.event(id).await, status("up"));
    assert_eq!(cents(&client.event(id).await), 2);
    settled(&server, broker.process(), 3).await;
    assert_eq!(cents(&client.event(id).await), 3, "there is no duplicate of the second value");
    assert_eq!(client.waiting().count(), 0);
    drop(client);
    server.end().await;
}

/// New subscribers during an outage get the replica's copy.
#[tokio::test]
async fn a_newcomer_during_an_outage_gets_the_last_value_that_the_replica_has_had() {
    let mut broker = TestBroker::durable_valkey().await;
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow(&mut client).await;
    set(&server, 1).await;
    assert_eq!(cents(&client.event(id).await), 1);
    broker.process().kill();
    assert_eq!(client.event(id).await, status("down"));
    let mut newcomer = server.client().await;
    let other = follow(&mut newcomer).await;
    assert_eq!(newcomer.event(other).await, status("down"));
    assert_eq!(cents(&newcomer.event(other).await), 1);
    broker.process().restart().await.unwrap();
    assert_eq!(newcomer.event(other).await, status("up"));
    drop((client, newcomer));
    server.end().await;
}

#[tokio::test]
async fn a_valkey_that_is_restarted_with_its_file_keeps_the_value() {
    let mut broker = TestBroker::durable_valkey().await;
    let server = serve(&broker, &[]).await;
    set(&server, 1).await;
    server.end().await;
    broker.process().kill();
    broker.process().restart().await.unwrap();
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow(&mut client).await;
    assert_eq!(cents(&client.event(id).await), 1);
    set(&server, 2).await;
    assert_eq!(cents(&client.event(id).await), 2);
    drop(client);
    server.end().await;
}

/// It lost the value: subscribers keep their last value, and receive events published from then on.
#[tokio::test]
async fn a_valkey_that_comes_back_empty_takes_nothing_away() {
    let mut broker = TestBroker::valkey().await;
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow(&mut client).await;
    set(&server, 1).await;
    assert_eq!(cents(&client.event(id).await), 1);
    broker.process().kill();
    assert_eq!(client.event(id).await, status("down"));
    broker.process().restart().await.unwrap();
    assert_eq!(client.event(id).await, status("up"));
    settled(&server, broker.process(), 2).await;
    assert_eq!(cents(&client.event(id).await), 2);
    drop(client);
    server.end().await;
}
