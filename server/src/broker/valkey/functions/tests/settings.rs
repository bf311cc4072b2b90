//! Settings are data: replicas do not replace each other's.

use super::*;
use crate::broker::valkey::library::VERSION;

fn with_events(events: u32) -> Settings {
    Settings { retention: Retention { events, ..RETENTION }, durability: Durability::None }
}

async fn kept(valkey: &ValkeyProcess, key: &ChannelKey) -> usize {
    valkey.cli(["XLEN", key.as_str()]).await.unwrap().parse().unwrap()
}

#[tokio::test]
async fn two_services_on_one_valkey_keep_their_own_settings() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let (a, b) = (key("a:updates:{x}"), key("b:updates:{x}"));
    let (much, little) = (
        functions_at(&valkey.url(), Some(with_events(1000))),
        functions_at(&valkey.url(), Some(with_events(10))),
    );
    much.connected().await.unwrap();
    publish(&much, &a, "x").await;
    little.connected().await.unwrap();
    publish(&little, &b, "x").await;
    for (functions, key) in [(&much, &a), (&little, &b)] {
        let events = (1..500).map(|_| event(key, "x")).collect();
        assert!(functions.clone().publish_all(events).await.iter().all(Result::is_ok));
    }
    assert_eq!(kept(&valkey, &a).await, 500);
    // Valkey trims in groups of a hundred.
    assert!(kept(&valkey, &b).await < 200, "{}", kept(&valkey, &b).await);
}

#[tokio::test]
async fn of_two_fleets_with_one_name_the_last_to_connect_wins_until_nothing_is_set() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let a = key("updates:{a}");
    let setting = async || valkey.cli(["GET", "updates:{tidings}:settings"]).await.unwrap();
    let first = functions_at(&valkey.url(), Some(with_events(1000)));
    first.connected().await.unwrap();
    position_of(&first, &a).await;
    assert!(setting().await.contains(" events=1000 "));
    let second = functions_at(&valkey.url(), Some(with_events(10)));
    position_of(&second, &a).await;
    assert!(setting().await.contains(" events=10 "));
    // The first notices, and leaves it.
    first.check().await.unwrap();
    publish(&first, &a, "x").await;
    assert!(setting().await.contains(" events=10 "));
    first.connected().await.unwrap();
    assert!(setting().await.contains(" events=1000 "));
    valkey.cli(["FLUSHALL"]).await.unwrap();
    second.check().await.unwrap();
    assert!(setting().await.contains(" events=10 "));
}

#[tokio::test]
async fn other_settings_are_no_other_epoch() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let a = key("updates:{a}");
    let first = publish(&replica(&valkey, Durability::None).await, &a, "one").await;
    for (offset, durability) in
        (2..).zip([Durability::Failover, Durability::Restart, Durability::None])
    {
        let functions = functions_at(&valkey.url(), Some(declared(durability)));
        assert_eq!(publish(&functions, &a, "more").await, Position { offset, ..first });
    }
}

#[tokio::test]
async fn the_library_is_loaded_where_it_is_missing_or_older_and_never_over_a_newer_one() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let functions = functions_at(&valkey.url(), Some(declared(Durability::None)));
    let version = async || valkey.cli(["FCALL", "tidings_version", "0"]).await.unwrap();
    assert_eq!(functions.check().await, Ok(Found::Loaded));
    assert_eq!(functions.check().await, Ok(Found::Current));
    let library = include_str!("../../functions.lua");
    let numbered = |number: u64| {
        library.replace(&format!("VERSION = {VERSION}"), &format!("VERSION = {number}"))
    };
    load(&valkey, &numbered(VERSION + 7)).await;
    assert_eq!(functions.check().await, Ok(Found::Newer));
    assert_eq!(functions.connected().await, Ok(Found::Newer));
    publish(&functions, &key("updates:{a}"), "x").await;
    assert_eq!(version().await, (VERSION + 7).to_string());
    load(&valkey, &numbered(VERSION - 1)).await;
    assert_eq!(functions.check().await, Ok(Found::Loaded));
    assert_eq!(version().await, VERSION.to_string());
    // Without functions a call finds it out, one of several too.
    let a = key("updates:{a}");
    valkey.cli(["FUNCTION", "FLUSH"]).await.unwrap();
    position_of(&functions, &a).await;
    valkey.cli(["FUNCTION", "FLUSH"]).await.unwrap();
    let results = functions.publish_all(vec![event(&a, "x"), event(&a, "y")]).await;
    assert!(results.iter().all(Result::is_ok));
}
