//! The primary is another node than before.

use tidings_testkit::{Sentinels, ValkeyPair, ValkeyProcess};

use super::{Failure, Incoming, Replica, publisher, set};

#[tokio::test]
async fn a_primary_that_is_demoted_while_connections_are_kept_is_down_until_it_is_one_again() {
    let mut pair = ValkeyPair::start().await.unwrap();
    let mut replica = Replica::up(&pair.primary.url(), 2).await;
    replica.subscribe(0, &["a"]);
    replica.subscribe(1, &["b"]);
    replica.confirmed(0, &["a"]).await;
    replica.confirmed(1, &["b"]).await;
    pair.swap().await.unwrap();
    replica.all_parts(&Incoming::Down).await;
    assert!(!replica.health.is_up());
    pair.swap().await.unwrap();
    replica.all_parts(&Incoming::Up).await;
    replica.confirmed(0, &["a"]).await;
    replica.confirmed(1, &["b"]).await;
    replica.delivers(0, "a").await;
    replica.delivers(1, "b").await;
    assert!(replica.health.is_up());
}

#[tokio::test]
async fn one_command_that_finds_a_read_only_node_takes_all_connections_down() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let mut replica = Replica::up(&valkey.url(), 1).await;
    let round = replica.health.round();
    valkey.refuse_writes().await.unwrap();
    // Either the write or a check sees it first.
    let _ = replica.commands.query::<()>(&set("1")).await;
    assert_ne!(replica.health.round(), round);
    replica.all_parts(&Incoming::Down).await;
    valkey.lead().await.unwrap();
    replica.all_parts(&Incoming::Up).await;
    assert_eq!(replica.commands.query(&set("1")).await, Ok(()));
}

#[tokio::test]
async fn a_publisher_that_meets_a_read_only_node_connects_again() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let commands = publisher(&valkey.url());
    let mut id = redis::cmd("CLIENT");
    id.arg("ID");
    let first: u64 = commands.query(&id).await.unwrap();
    assert_eq!(commands.query(&id).await, Ok(first));
    valkey.refuse_writes().await.unwrap();
    assert_eq!(commands.query::<()>(&set("1")).await, Err(Failure::ReadOnly));
    // It does not settle for the replica, either.
    assert_eq!(commands.query::<u64>(&id).await, Err(Failure::ReadOnly));
    valkey.lead().await.unwrap();
    assert_eq!(commands.query(&set("1")).await, Ok(()));
    assert!(commands.query::<u64>(&id).await.unwrap() > first);
}

#[tokio::test]
async fn sentinel_names_the_new_primary() {
    let mut pair = ValkeyPair::start().await.unwrap();
    let mut sentinels = Sentinels::start(&pair.primary).await.unwrap();
    let addresses: Vec<_> = sentinels.addresses().iter().map(ToString::to_string).collect();
    let url = format!("valkey+sentinel://{}/{}", addresses.join(","), Sentinels::NAME);
    let mut replica = Replica::up(&url, 2).await;
    replica.subscribe(1, &["a"]);
    replica.confirmed(1, &["a"]).await;
    // The one that is asked first is no use from now on.
    sentinels.kill(0);
    let switched = sentinels.switches();
    pair.primary.kill();
    replica.all_parts(&Incoming::Down).await;
    switched.await.unwrap();
    replica.all_parts(&Incoming::Up).await;
    replica.confirmed(1, &["a"]).await;
    replica.delivers(1, "a").await;
}

#[tokio::test]
async fn sentinel_that_does_not_know_the_primary_is_named() {
    let pair = ValkeyPair::start().await.unwrap();
    let sentinels = Sentinels::start(&pair.primary).await.unwrap();
    let address = sentinels.addresses()[0];
    let commands = publisher(&format!("redis+sentinel://{address}/other"));
    let failure = commands.query::<()>(&set("1")).await.unwrap_err();
    let expected = format!("Sentinel at {address} knows no primary called \"other\"");
    assert_eq!(failure, Failure::Other(expected));
}
