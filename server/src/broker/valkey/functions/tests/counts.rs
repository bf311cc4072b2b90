//! When a count goes on, and when the channel begins another epoch.

use std::fs;

use super::*;

/// Publishes ten events, and restarts Valkey as after a power cut that lost the last two.
async fn restarted_without_the_tail(
    durability: Durability,
) -> (Functions, ValkeyProcess, Position) {
    let mut valkey = ValkeyProcess::start_with(EVERY_SECOND).await.unwrap();
    let (functions, a) = (replica(&valkey, durability).await, key("updates:{a}"));
    let mut newest = position_of(&functions, &a).await;
    for n in 1..=10 {
        newest = publish(&functions, &a, &format!("event-{n}.")).await;
    }
    let file = folder(&valkey).await.join("appendonlydir/appendonly.aof.1.incr.aof");
    valkey.stop().await.unwrap();
    let mut log = fs::read(&file).unwrap();
    let find = |log: &[u8], text: &[u8]| log.windows(text.len()).rposition(|w| w == text).unwrap();
    log.truncate(find(&log, b"event-9."));
    log.truncate(find(&log, b"*1\r\n$5\r\nMULTI"));
    fs::write(&file, log).unwrap();
    valkey.restart().await.unwrap();
    // It reads and publishes, and does not set what replicas set when they connect.
    (functions_at(&valkey.url(), None), valkey, newest)
}

#[tokio::test]
async fn an_append_only_file_that_lost_its_tail_does_not_give_ids_twice() {
    let (publisher, _valkey, tenth) = restarted_without_the_tail(Durability::None).await;
    let a = key("updates:{a}");
    // Nobody reads before the next two are published.
    let ninth = publish(&publisher, &a, "another-9").await;
    assert_ne!(ninth.epoch, tenth.epoch);
    assert_eq!(ninth.offset, 1);
    publish(&publisher, &a, "another-10").await;
    let history = history(&publisher, &a, tenth).await;
    assert_eq!((history.after, payloads(&history)), (None, vec![]));
    assert_eq!(history.newest, Position { offset: 2, ..ninth });
}

#[tokio::test]
async fn a_loss_against_the_declaration_is_mended_when_somebody_has_seen_more() {
    let (functions, _valkey, tenth) = restarted_without_the_tail(Durability::Restart).await;
    let a = key("updates:{a}");
    let fell_back = position_of(&functions, &a).await;
    assert_eq!(fell_back, Position { offset: 8, ..tenth });
    // What has been seen before that, or in another epoch, proves nothing.
    for seen in [fell_back, Position { epoch: Uuid::new_v4(), offset: 99 }] {
        functions.renew(&a, seen).await.unwrap();
        assert_eq!(position_of(&functions, &a).await, fell_back);
    }
    functions.renew(&a, tenth).await.unwrap();
    let renewed = position_of(&functions, &a).await;
    assert_ne!(renewed.epoch, tenth.epoch);
    assert_eq!(renewed.offset, 0);
    assert_eq!(publish(&functions, &a, "next").await, Position { offset: 1, ..renewed });
}

#[tokio::test]
async fn a_count_goes_on_after_a_restart_that_is_declared_to_lose_nothing() {
    let mut valkey = ValkeyProcess::start_with(ALWAYS).await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::Restart).await, key("updates:{a}"));
    let nothing = position_of(&functions, &key("updates:{b}")).await;
    let first = publish(&functions, &a, "one").await;
    for offset in 2..4 {
        valkey.kill();
        valkey.restart().await.unwrap();
        let publisher = functions_at(&valkey.url(), None);
        assert_eq!(publish(&publisher, &a, "more").await, Position { offset, ..first });
    }
    // And only read, without a write.
    valkey.restart().await.unwrap();
    let functions = functions_at(&valkey.url(), None);
    assert_eq!(position_of(&functions, &a).await, Position { offset: 3, ..first });
    assert!(position_of(&functions, &key("updates:{b}")).await.is_same_place(nothing));
}

#[tokio::test]
async fn a_restart_from_a_snapshot_is_another_epoch_whatever_was_declared() {
    let mut valkey = ValkeyProcess::start_with(["--save", "3600 1000"]).await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::Restart).await, key("updates:{a}"));
    let first = publish(&functions, &a, "one").await;
    valkey.cli(["SAVE"]).await.unwrap();
    publish(&functions, &a, "two").await;
    valkey.kill();
    valkey.restart().await.unwrap();
    let next = publish(&functions_at(&valkey.url(), None), &a, "another two").await;
    assert_ne!(next.epoch, first.epoch);
}

#[tokio::test]
async fn a_restart_without_a_declaration_is_another_epoch_also_for_who_only_reads() {
    let mut valkey = ValkeyProcess::start_with(ALWAYS).await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::None).await, key("updates:{a}"));
    let first = publish(&functions, &a, "one").await;
    let value = set(&functions, "1").await;
    valkey.restart().await.unwrap();
    let publisher = functions_at(&valkey.url(), None);
    assert!(position_of(&publisher, &a).await.is_void());
    assert_eq!(history(&publisher, &a, Position { offset: 0, ..first }).await.after, None);
    // Of a State feed, the newest value is still what Valkey has; its place is another.
    let kept = publisher.newest(&key("prices:{a}")).await.unwrap().unwrap().publication;
    assert_eq!(kept.payload, "1");
    assert_ne!(kept.tracked.unwrap().position.epoch, value.epoch);
    let next = set(&publisher, "2").await;
    assert_ne!(next.epoch, value.epoch);
    assert_eq!(next.offset, 1);
    assert_ne!(publish(&publisher, &a, "two").await.epoch, first.epoch);
}

async fn set(functions: &Functions, payload: &str) -> Position {
    let keep = Keep::Newest(Duration::from_secs(3600));
    functions.publish(&Publish { keep, ..event(&key("prices:{a}"), payload) }).await.unwrap()
}

/// Promotes a replica, and promotes the first node back. Answers the position before, and the first after that.
async fn promoted_twice(durability: Durability) -> (Position, Position) {
    let (x, y) = (ValkeyProcess::start().await.unwrap(), ValkeyProcess::start().await.unwrap());
    let a = key("updates:{a}");
    follow(&y, &x).await;
    let functions = replica(&x, durability).await;
    let before = publish(&functions, &a, "one").await;
    until_length(&y, &a, 1).await;
    y.cli(["REPLICAOF", "NO", "ONE"]).await.unwrap();
    follow(&x, &y).await;
    x.cli(["REPLICAOF", "NO", "ONE"]).await.unwrap();
    // The channel was not touched while the other one was the primary: `run_id` is the same.
    (before, publish(&functions, &a, "two").await)
}

#[tokio::test]
async fn a_double_failover_is_another_epoch_unless_declared() {
    for durability in [Durability::None, Durability::Restart] {
        let (before, after) = promoted_twice(durability).await;
        assert_ne!(before.epoch, after.epoch, "{durability}");
        assert_eq!(after.offset, 1);
    }
    let (before, after) = promoted_twice(Durability::Failover).await;
    assert_eq!(after, Position { offset: before.offset + 1, ..before });
}

#[tokio::test]
async fn a_promotion_is_another_epoch_unless_declared() {
    for durability in [Durability::None, Durability::Restart, Durability::Failover] {
        let x = ValkeyProcess::start_with(ALWAYS).await.unwrap();
        let y = ValkeyProcess::start_with(ALWAYS).await.unwrap();
        let a = key("updates:{a}");
        follow(&y, &x).await;
        let before = publish(&replica(&x, durability).await, &a, "one").await;
        until_length(&y, &a, 1).await;
        drop(x);
        y.cli(["REPLICAOF", "NO", "ONE"]).await.unwrap();
        let after = publish(&functions_at(&y.url(), None), &a, "two").await;
        assert_eq!(before.epoch == after.epoch, durability == Durability::Failover, "{durability}");
    }
}

#[tokio::test]
async fn a_stream_that_is_ahead_of_its_count_is_mended_by_the_next_publish() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::None).await, key("updates:{a}"));
    let nothing = position_of(&functions, &a).await;
    let first = publish(&functions, &a, "one").await;
    publish(&functions, &a, "two").await;
    valkey.cli(["XADD", a.as_str(), "3-0", "t", "1", "p", "ahead"]).await.unwrap();
    // It was never acknowledged, and has no place.
    let kept = history(&functions, &a, Position { offset: 0, ..first }).await;
    assert_eq!(payloads(&kept), ["one", "two"]);
    let next = publish(&functions, &a, "three").await;
    assert_ne!(next.epoch, first.epoch);
    assert_eq!(next.offset, 1);
    assert_eq!(publish(&functions, &a, "four").await, Position { offset: 2, ..next });
    assert_eq!(history(&functions, &a, nothing).await.after, None, "an event was given up");
}

#[tokio::test]
async fn the_expiry_of_a_count_is_refreshed_once_a_day_and_outlives_its_void_positions() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::None).await, key("updates:{a}"));
    let meta = "updates:{a}:meta";
    let days = async || {
        let ttl: u64 = valkey.cli(["PTTL", meta]).await.unwrap().parse().unwrap();
        ttl.div_ceil(24 * 60 * 60 * 1000)
    };
    publish(&functions, &a, "one").await;
    assert_eq!(days().await, 31);
    valkey.cli(["EXPIRE", meta, "3600"]).await.unwrap();
    publish(&functions, &a, "two").await;
    assert_eq!(days().await, 1, "it was refreshed today");
    valkey.cli(["HINCRBY", meta, "refreshed", "-86400000"]).await.unwrap();
    publish(&functions, &a, "three").await;
    assert_eq!(days().await, 31);
}
