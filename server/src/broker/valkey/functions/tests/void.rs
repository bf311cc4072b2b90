//! Positions of channels to which nothing was published.

use super::*;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The same position, as of another time.
fn at_days(position: Position, days: i64) -> Position {
    let id = position.epoch.as_u128();
    let ms = (id >> 80).checked_add_signed(i128::from(days) * i128::from(DAY_MS)).unwrap();
    Position { epoch: Uuid::from_u128(ms << 80 | id & ((1 << 80) - 1)), offset: 0 }
}

#[tokio::test]
async fn a_look_writes_nothing() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (functions, a) = (functions_at(&valkey.url(), None), key("updates:{a}"));
    functions.connected().await.unwrap();
    let place = position_of(&functions, &a).await;
    assert!(place.is_void());
    assert!(history(&functions, &a, place).await.newest.is_void());
    assert_eq!(functions.newest(&a).await.unwrap(), None);
    assert_eq!(functions.members(&a).await.unwrap(), "[]");
    assert_eq!(valkey.cli(["DBSIZE"]).await.unwrap(), "0");
    assert!(valkey.cli(["INFO", "stats"]).await.unwrap().contains("total_writes_processed"));
}

#[tokio::test]
async fn a_client_that_came_before_the_first_event_gets_it() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::None).await, key("updates:{a}"));
    let nothing = position_of(&functions, &a).await;
    let still = history(&functions, &a, nothing).await;
    assert_eq!((still.after, payloads(&still)), (Some(0), vec![]));
    assert!(still.newest.is_same_place(nothing));
    let first = publish(&functions, &a, "one").await;
    let history = history(&functions, &a, nothing).await;
    assert_eq!((history.newest, history.after), (first, Some(0)));
    assert_eq!(payloads(&history), ["one"]);
}

/// As many as the function takes.
const AT_ONCE: usize = 256;

#[tokio::test]
async fn many_channels_are_asked_in_one_call() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let functions = replica(&valkey, Durability::None).await;
    let keys: Vec<_> = (0..AT_ONCE).map(|n| key(&format!("n{}:{{c-{n}}}", n % 3))).collect();
    let mut published = Vec::new();
    for key in keys.iter().step_by(5) {
        published.push(publish(&functions, key, "x").await);
    }
    let places = functions.positions(&keys).await.unwrap();
    let (counts, voids): (Vec<_>, Vec<_>) =
        places.iter().enumerate().partition(|(n, _)| n % 5 == 0);
    assert_eq!(counts.into_iter().map(|(_, place)| *place).collect::<Vec<_>>(), published);
    assert!(voids.iter().all(|(_, place)| place.is_void()));
    assert!(!places[1].is_same_place(places[2]), "each namespace has its own lineage");
    let more = [&keys[..], &[key("n0:{more}")]].concat();
    assert!(functions.positions(&more).await.is_err());
}

#[tokio::test]
async fn after_a_flush_nobody_is_told_that_nothing_was_published() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::Failover).await, key("updates:{a}"));
    let nothing = position_of(&functions, &a).await;
    publish(&functions, &a, "one").await;
    valkey.cli(["FLUSHALL"]).await.unwrap();
    assert!(!position_of(&functions, &a).await.is_same_place(nothing));
    assert_eq!(history(&functions, &a, nothing).await.after, None);
    publish(&functions, &a, "two").await;
    assert_eq!(history(&functions, &a, nothing).await.after, None);
    // Nor by what was read in between, before anything had a lineage again.
    valkey.cli(["FLUSHALL"]).await.unwrap();
    let between = position_of(&functions, &a).await;
    publish(&functions, &a, "three").await;
    valkey.cli(["FLUSHALL"]).await.unwrap();
    assert_eq!(history(&functions, &a, between).await.after, None);
}

#[tokio::test]
async fn after_a_restart_nobody_is_told_that_nothing_was_published() {
    let mut valkey = ValkeyProcess::start().await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::Restart).await, key("updates:{a}"));
    let nothing = position_of(&functions, &a).await;
    publish(&functions, &a, "one").await;
    valkey.restart().await.unwrap();
    let functions = replica(&valkey, Durability::Restart).await;
    assert_eq!(history(&functions, &a, nothing).await.after, None);
}

#[tokio::test]
async fn after_an_eviction_nobody_is_told_that_nothing_was_published() {
    // Only what expires is evicted: the settings stay.
    let policy = ["--maxmemory-policy", "volatile-random"];
    let valkey = ValkeyProcess::start_with(policy).await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::Failover).await, key("updates:{a}"));
    let nothing = position_of(&functions, &a).await;
    publish(&functions, &a, "one").await;
    valkey.cli(["CONFIG", "SET", "maxmemory", "1"]).await.unwrap();
    while valkey.cli(["DBSIZE"]).await.unwrap() != "1" {}
    valkey.cli(["CONFIG", "SET", "maxmemory", "0"]).await.unwrap();
    assert!(!position_of(&functions, &a).await.is_same_place(nothing));
    assert_eq!(history(&functions, &a, nothing).await.after, None);
}

#[tokio::test]
async fn after_evictions_and_a_restart_nobody_is_told_that_nothing_was_published() {
    let policy = ["--maxmemory-policy", "volatile-random"];
    let mut valkey = ValkeyProcess::start_with(ALWAYS.iter().chain(&policy)).await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::Restart).await, key("updates:{a}"));
    let nothing = position_of(&functions, &a).await;
    publish(&functions, &a, "one").await;
    valkey.cli(["CONFIG", "SET", "maxmemory", "1"]).await.unwrap();
    while valkey.cli(["DBSIZE"]).await.unwrap() != "1" {}
    // The number of evictions begins at 0 again.
    valkey.restart().await.unwrap();
    let functions = functions_at(&valkey.url(), None);
    assert_eq!(history(&functions, &a, nothing).await.after, None);
}

#[tokio::test]
async fn a_void_position_is_accepted_for_thirty_days() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::None).await, key("updates:{a}"));
    let nothing = position_of(&functions, &a).await;
    for (days, after) in [(-29, Some(0)), (-30, None), (0, Some(0)), (2, None)] {
        let position = at_days(nothing, days);
        assert_eq!(history(&functions, &a, position).await.after, after, "{days} days");
    }
    publish(&functions, &a, "one").await;
    for (days, after) in [(-29, Some(0)), (-30, None), (0, Some(0))] {
        let position = at_days(nothing, days);
        assert_eq!(history(&functions, &a, position).await.after, after, "{days} days");
    }
    // The count had begun before this was handed out: so it was not.
    let later = Position::void(u64::try_from(nothing.epoch.as_u128() >> 80).unwrap() + 60_000, 0);
    let tail = nothing.epoch.as_u128() & ((1 << 80) - 1);
    let later = Uuid::from_u128(later.epoch.as_u128() >> 80 << 80 | tail);
    let later = Position { epoch: later, offset: 0 };
    assert_eq!(history(&functions, &a, later).await.after, None);
    // And no event was ever published at offset 1 of one.
    assert_eq!(history(&functions, &a, Position { offset: 1, ..nothing }).await.after, None);
}

#[tokio::test]
async fn a_count_that_was_given_up_is_not_hidden_by_the_next() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::None).await, key("updates:{a}"));
    let nothing = position_of(&functions, &a).await;
    let first = publish(&functions, &a, "one").await;
    functions.renew(&a, Position { offset: 9, ..first }).await.unwrap();
    assert_eq!(history(&functions, &a, nothing).await.after, None);
    publish(&functions, &a, "two").await;
    assert_eq!(history(&functions, &a, nothing).await.after, None);
}

#[tokio::test]
async fn an_event_of_a_channel_that_is_called_tidings_is_no_setting() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (functions, a) = (replica(&valkey, Durability::None).await, key("updates:{tidings}"));
    let first = publish(&functions, &a, "one").await;
    assert_eq!(position_of(&functions, &a).await, first);
    assert_eq!(publish(&functions, &key("updates:{b}"), "one").await.offset, 1);
}
