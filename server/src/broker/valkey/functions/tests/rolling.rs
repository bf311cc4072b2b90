//! A rolling upgrade from the library before version 2, whose replicas load it over every other when they connect, and from
//! version 2, whose replicas leave a newer one in place.

use super::*;

async fn old_publish(valkey: &ValkeyProcess, key: &ChannelKey, payload: &str) -> Position {
    let id = valkey.cli(["FCALL", "tidings_publish", "1", key.as_str(), payload]).await.unwrap();
    id.parse().unwrap()
}

#[tokio::test]
async fn the_upgrade_and_the_way_back_and_forth_lose_nothing_and_gap_nowhere() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let a = key("updates:{a}");
    load(&valkey, BEFORE).await;
    let first = old_publish(&valkey, &a, "1").await;
    let functions = replica(&valkey, Durability::None).await;
    assert_eq!(position_of(&functions, &a).await, first);
    assert_eq!(publish(&functions, &a, "2").await, Position { offset: 2, ..first });
    for offset in [3, 5] {
        // An older replica connects again.
        load(&valkey, BEFORE).await;
        let next = old_publish(&valkey, &a, &offset.to_string()).await;
        assert_eq!(next, Position { offset, ..first });
        // The call finds its function missing.
        assert_eq!(position_of(&functions, &a).await, next);
        let next = Position { offset: offset + 1, ..first };
        assert_eq!(publish(&functions, &a, &next.offset.to_string()).await, next);
    }
    load(&valkey, BEFORE).await;
    assert_eq!(functions.check().await, Ok(Found::Loaded));
    let history = history(&functions, &a, first).await;
    assert_eq!((history.after, payloads(&history).join(" ")), (Some(1), "2 3 4 5 6".to_owned()));
}

#[tokio::test]
async fn older_replicas_go_on_with_the_new_library() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let functions = replica(&valkey, Durability::None).await;
    let a = key("updates:{a}");
    // They know no void positions: the place that they get is the one that the first event follows.
    let place = history_before(&functions, &a, None, 1, None).await.unwrap().newest;
    assert!(!place.is_void());
    let first = publish(&functions, &a, "one").await;
    assert_eq!(first, Position { offset: 1, ..place });
    let read = history_before(&functions, &a, Some(0), BUDGET, Some(first)).await.unwrap();
    assert_eq!((read.newest, payloads(&read)), (first, vec!["one".to_owned()]));
    let ahead = Position { offset: 2, ..first };
    let renewed = history_before(&functions, &a, Some(2), BUDGET, Some(ahead)).await.unwrap();
    assert_ne!(renewed.newest.epoch, first.epoch);
}

#[tokio::test]
async fn data_of_the_older_library_in_another_process_are_another_epoch() {
    let mut valkey = ValkeyProcess::start_with(ALWAYS).await.unwrap();
    let a = key("updates:{a}");
    load(&valkey, BEFORE).await;
    let first = old_publish(&valkey, &a, "1").await;
    valkey.restart().await.unwrap();
    let functions = replica(&valkey, Durability::None).await;
    let place = position_of(&functions, &a).await;
    assert!(place.is_void());
    assert_eq!(history(&functions, &a, first).await.after, None);
    // Events of the older library came before: nobody is told that nothing was published.
    let plain = position_of(&functions, &key("updates:{b}")).await;
    assert!(!plain.is_same_place(place));
    assert_eq!(history(&functions, &a, plain).await.after, None);
    assert_eq!(history(&functions, &a, place).await.after, Some(0));
    let next = publish(&functions, &a, "2").await;
    assert_ne!(next.epoch, first.epoch);
    assert_eq!(history(&functions, &a, plain).await.after, None);
}

#[tokio::test]
async fn an_epoch_that_the_older_library_began_over_ours_is_its_own() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let functions = replica(&valkey, Durability::None).await;
    let a = key("updates:{a}");
    let nothing = position_of(&functions, &a).await;
    let ours = publish(&functions, &a, "one").await;
    // The older library takes it for one of another process. It leaves our fields in place.
    valkey.cli(["HSET", "updates:{a}:meta", "run", "another"]).await.unwrap();
    load(&valkey, BEFORE).await;
    let theirs = old_publish(&valkey, &a, "two").await;
    assert_ne!(theirs.epoch, ours.epoch);
    assert_eq!(position_of(&functions, &a).await, theirs);
    assert_eq!(history(&functions, &a, nothing).await.after, None, "one is gone");
    assert_eq!(publish(&functions, &a, "three").await, Position { offset: 2, ..theirs });
    assert_eq!(history(&functions, &a, nothing).await.after, None, "one is gone");
}

#[tokio::test]
async fn an_idempotency_key_holds_whichever_library_remembered_it() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let a = key("updates:{a}");
    let once = |payload, digest: Option<&str>| {
        let (idempotency_key, digest) = (Some("k".to_owned()), digest.map(str::to_owned));
        Publish { idempotency_key, digest, ..event(&a, payload) }
    };
    for before in [BEFORE, VERSION_2] {
        valkey.cli(["FLUSHALL"]).await.unwrap();
        // The older library remembers no digest: there is nothing to compare.
        load(&valkey, before).await;
        let call = ["FCALL", "tidings_publish", "1", "updates:{a}", "one", "k"];
        let first: Position = valkey.cli(call).await.unwrap().parse().unwrap();
        let functions = replica(&valkey, Durability::None).await;
        assert_eq!(functions.publish(&once("one", Some("1"))).await, Ok(first));
        assert_eq!(functions.publish(&once("other", Some("2"))).await, Ok(first));
        // It answers the plain id for a key that came with a digest, and ignores digests.
        valkey.cli(["FLUSHALL"]).await.unwrap();
        let first = functions.publish(&once("one", Some("1"))).await.unwrap();
        assert_eq!(functions.publish(&once("other", Some("2"))).await, Err(Unpublished::KeyReused));
        load(&valkey, before).await;
        assert_eq!(valkey.cli(call).await.unwrap().parse(), Ok(first));
        assert_eq!(functions.publish(&once("other", Some("2"))).await, Ok(first));
        assert_eq!(functions.check().await, Ok(Found::Loaded));
        assert_eq!(functions.publish(&once("other", Some("2"))).await, Err(Unpublished::KeyReused));
    }
}

/// What replicas called before version 2 of the library.
async fn history_before(
    functions: &Functions,
    key: &ChannelKey,
    after: Option<u64>,
    budget_bytes: usize,
    seen: Option<Position>,
) -> Result<History, BrokerUnavailable> {
    let mut call = function("tidings_history", key);
    match after {
        Some(after) => call.arg(after),
        None => call.arg(-1),
    };
    call.arg(budget_bytes);
    if let Some(seen) = seen {
        call.arg(seen.epoch.to_string()).arg(seen.offset);
    }
    let (epoch, offset, events): (String, u64, Vec<EventAnswer>) = functions.call(&call).await?;
    let epoch = epoch.parse().unwrap();
    let events = events.into_iter().map(|event| publication(epoch, event)).collect();
    Ok(History { newest: Position { epoch, offset }, after, events })
}
