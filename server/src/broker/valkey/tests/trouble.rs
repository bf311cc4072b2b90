//! Valkey is there, and does not do all that it should.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt};
use tidings_testkit::{Paused, ValkeyProcess};
use tokio::time::sleep;

use super::{
    Commands, Failure, Health, Incoming, Replica, Server, first_feed, probe, publisher, set,
};
use crate::broker::{BrokerUnavailable, ChannelKey};

#[tokio::test]
async fn a_valkey_that_hangs_is_down_until_it_goes_on() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let mut replica = Replica::up(&valkey.url(), 2).await;
    replica.subscribe(1, &["a"]);
    replica.confirmed(1, &["a"]).await;
    valkey.pause();
    replica.all_parts(&Incoming::Down).await;
    valkey.resume();
    replica.all_parts(&Incoming::Up).await;
    replica.confirmed(1, &["a"]).await;
    replica.delivers(1, "a").await;
}

#[tokio::test]
async fn reads_that_fail_for_longer_than_three_seconds_are_noticed() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let mut replica = Replica::up(&valkey.url(), 1).await;
    // When the pause has ended, a replica that has not noticed never will.
    valkey.pause_clients(Paused::Everything, Duration::from_millis(3500)).await.unwrap();
    replica.all_parts(&Incoming::Down).await;
    replica.all_parts(&Incoming::Up).await;
}

#[tokio::test]
async fn reads_that_fail_while_the_subscribed_connection_works_are_noticed() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let mut replica = Replica::up(&valkey.url(), 2).await;
    valkey.cli(["ACL", "SETUSER", "default", "-fcall_ro"]).await.unwrap();
    replica.all_parts(&Incoming::Down).await;
    valkey.cli(["ACL", "SETUSER", "default", "+fcall_ro"]).await.unwrap();
    replica.all_parts(&Incoming::Up).await;
}

#[tokio::test]
async fn a_busy_hub_does_not_look_like_a_valkey_that_hangs() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let server: Server = valkey.url().parse().unwrap();
    let health = Arc::new(Health::new(1));
    let commands = Commands::new(server.clone(), health.clone());
    let (inbox, mut stream) = first_feed(&server, &health, &commands);
    assert_eq!(stream.next().await, Some(Incoming::Up));
    // Time for the checks to begin …
    sleep(Duration::from_millis(1100)).await;
    assert_eq!(stream.next().now_or_never(), None);
    // … and to be answered, while the hub does something else.
    sleep(Duration::from_secs(3)).await;
    inbox.subscribe(&ChannelKey::from("a"));
    let subscribed = Incoming::Subscribed(vec![ChannelKey::from("a")]);
    assert_eq!(stream.next().await, Some(subscribed));
}

#[tokio::test]
async fn writes_that_wait_hold_up_no_read() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let mut replica = Replica::up(&valkey.url(), 1).await;
    valkey.pause_clients(Paused::Writes, Duration::from_secs(20)).await.unwrap();
    let commands = replica.commands.clone();
    let write = tokio::spawn(async move { commands.query::<()>(&set("1")).await });
    while !write.is_finished() {
        replica.commands.query::<redis::Value>(&probe()).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(write.await.unwrap(), Err(Failure::Other("no answer within 2s".to_owned())));
    assert!(replica.health.is_up());
    assert_eq!(replica.rest(0), []);
    valkey.unpause().await.unwrap();
    assert_eq!(replica.commands.query(&set("2")).await, Ok(()));
}

#[tokio::test]
async fn refused_writes_are_counted_and_leave_the_replica_up() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let mut replica = Replica::up(&valkey.url(), 1).await;
    valkey.require_replicas(1).await.unwrap();
    let refused = replica.commands.query::<()>(&set("1")).await;
    let together = replica.commands.query_all(&[set("1"), set("2")]).await.unwrap();
    for refused in together.into_iter().map(|answer| answer.map(drop)).chain([refused]) {
        let Err(Failure::WritesRefused(reason)) = refused else { panic!("{refused:?}") };
        assert!(reason.contains("NOREPLICAS"), "{reason}");
    }
    assert_eq!(replica.commands.refused_writes(), 3);
    replica.commands.query::<redis::Value>(&probe()).await.unwrap();
    assert!(replica.health.is_up());
    assert_eq!(replica.rest(0), []);
}

#[tokio::test]
async fn functions_that_were_flushed_are_loaded_again() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let mut replica = Replica::up(&valkey.url(), 1).await;
    valkey.cli(["FUNCTION", "FLUSH"]).await.unwrap();
    while replica.commands.query::<redis::Value>(&probe()).await == Err(Failure::Missing) {
        tokio::task::yield_now().await;
    }
    assert!(replica.health.is_up());
    assert_eq!(replica.rest(0), []);
}

#[tokio::test]
async fn a_server_without_functions_is_told_what_it_lacks() {
    let valkey =
        ValkeyProcess::start_with(["--rename-command", "FUNCTION", "HIDDEN"]).await.unwrap();
    let commands = publisher(&valkey.url());
    let mut load = redis::cmd("FUNCTION");
    load.arg("LOAD").arg("");
    let failure = commands.query::<()>(&load).await.unwrap_err();
    assert_eq!(failure, Failure::NoFunctions);
    let BrokerUnavailable(reason) = failure.into();
    assert!(reason.contains("Tidings needs Valkey, or Redis 7 or newer"), "{reason}");
    // It never goes up, and says so once.
    let mut replica = Replica::start(&valkey.url(), 1);
    assert_eq!(replica.next(0).await, Incoming::Down);
}

#[tokio::test]
async fn a_call_to_a_valkey_that_is_gone_fails_and_the_next_one_connects() {
    let mut valkey = ValkeyProcess::start().await.unwrap();
    let commands = publisher(&valkey.url());
    assert_eq!(commands.query(&set("1")).await, Ok(()));
    valkey.kill();
    let failures = [commands.query::<()>(&set("2")).await, commands.query::<()>(&set("3")).await];
    assert!(failures.iter().all(|f| matches!(f, Err(Failure::Other(_)))), "{failures:?}");
    valkey.restart().await.unwrap();
    assert_eq!(commands.query(&set("4")).await, Ok(()));
}

#[tokio::test]
async fn a_valkey_that_hangs_loses_its_connection_for_commands() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let commands = publisher(&valkey.url());
    let mut id = redis::cmd("CLIENT");
    id.arg("ID");
    let first: u64 = commands.query(&id).await.unwrap();
    valkey.pause();
    assert!(commands.query::<u64>(&id).await.is_err());
    valkey.resume();
    assert!(commands.query::<u64>(&id).await.unwrap() > first);
}
