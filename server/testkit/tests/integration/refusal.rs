use std::time::Duration;

use tidings_testkit::{Paused, ValkeyProcess};

const LONG: Duration = Duration::from_secs(600);

/// The error of a write; empty when it was taken.
async fn refused(valkey: &ValkeyProcess) -> String {
    let answer = valkey.cli(["SET", "name", "Ada"]).await;
    answer.err().map(|error| error.to_string()).unwrap_or_default()
}

async fn reads(valkey: &ValkeyProcess) {
    assert_eq!(valkey.cli(["GET", "name"]).await.unwrap(), "Ada");
}

#[tokio::test]
async fn writes_are_refused_for_each_reason_reads_go_on_and_it_can_be_ended() {
    let valkey = ValkeyProcess::start().await.unwrap();
    assert_eq!(refused(&valkey).await, "");

    valkey.require_replicas(1).await.unwrap();
    assert!(refused(&valkey).await.contains("NOREPLICAS"));
    reads(&valkey).await;
    valkey.require_replicas(0).await.unwrap();
    assert_eq!(refused(&valkey).await, "");

    valkey.refuse_writes().await.unwrap();
    assert!(refused(&valkey).await.contains("READONLY"));
    reads(&valkey).await;
    valkey.lead().await.unwrap();
    assert_eq!(refused(&valkey).await, "");

    valkey.limit_memory(1).await.unwrap();
    assert!(refused(&valkey).await.contains("OOM"));
    reads(&valkey).await;
    valkey.limit_memory(0).await.unwrap();
    assert_eq!(refused(&valkey).await, "");

    valkey.break_saving().await.unwrap();
    assert!(refused(&valkey).await.contains("MISCONF"));
    reads(&valkey).await;
    valkey.mend_saving().await.unwrap();
    assert_eq!(refused(&valkey).await, "");
}

#[tokio::test]
async fn what_is_paused_waits() {
    let valkey = ValkeyProcess::start().await.unwrap();
    valkey.cli(["SET", "name", "Ada"]).await.unwrap();
    valkey.pause_clients(Paused::Writes, LONG).await.unwrap();
    reads(&valkey).await;
    let write = tokio::spawn({
        let url = valkey.url();
        async move {
            let client = redis::Client::open(url).unwrap();
            let mut connection = client.get_multiplexed_async_connection().await.unwrap();
            connection.set_response_timeout(LONG);
            redis::cmd("SET").arg("name").arg("Bob").query_async::<()>(&mut connection).await
        }
    });
    // The client that waits for it is the one that is blocked.
    while valkey.info("clients", "blocked_clients").await.unwrap() != "1" {}
    reads(&valkey).await;
    valkey.unpause().await.unwrap();
    write.await.unwrap().unwrap();
    assert_eq!(valkey.cli(["GET", "name"]).await.unwrap(), "Bob");
}
