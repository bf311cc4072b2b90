//! Channels of `Log` feeds: positions, histories, idempotency.

use super::*;

pub(super) async fn offsets_count_from_one_and_come_with_the_event(mut replica: Replica) {
    let a = replica.key("products:{a}");
    replica.subscribe(&a).await;
    let first = replica.publish(&a, "one").await;
    replica.fail_over().await;
    let second = replica.publish(&a, "two").await;
    assert_eq!((first.offset, second.offset), (1, 2));
    assert_eq!(first.epoch, second.epoch);
    for position in [first, second] {
        let tracked = replica.publication().await.1.tracked.unwrap();
        assert_eq!(tracked.position, position);
        assert!(tracked.published_at_ms > 1_700_000_000_000);
    }
    // Another channel counts for itself.
    assert_eq!(replica.publish(&replica.key("orders:{b}"), "one").await.offset, 1);
}

pub(super) async fn the_history_has_what_was_published_and_how_far_it_reaches(
    mut replica: Replica,
) {
    let a = replica.key("products:{a}");
    for n in 1..=5 {
        replica.publish(&a, &n.to_string()).await;
    }
    replica.fail_over().await;
    let (newest, events) = replica.history(&a, 2).await;
    assert_eq!(newest.offset, 5);
    let expected = [(3, "3".to_owned()), (4, "4".to_owned()), (5, "5".to_owned())];
    assert_eq!(events, expected);
    assert_eq!(replica.history(&a, 5).await, (newest, vec![]));
    assert_eq!(replica.history(&a, 9).await, (newest, vec![]), "nothing follows what was not yet");
    assert_eq!(replica.position(&a).await, newest);
    let other = Position { epoch: Uuid::new_v4(), offset: 2 };
    let history = replica.broker.history(&a, other, 1 << 20).await.unwrap();
    assert_eq!(history, History { newest, after: None, events: vec![] });
}

pub(super) async fn the_history_is_read_within_a_budget_of_bytes(mut replica: Replica) {
    let a = replica.key("products:{a}");
    for _ in 0..50 {
        replica.publish(&a, &"x".repeat(1000)).await;
    }
    replica.fail_over().await;
    let start = Position { offset: 0, ..replica.position(&a).await };
    let history = replica.broker.history(&a, start, 10_000).await.unwrap();
    assert!((10..50).contains(&history.events.len()), "{} events", history.events.len());
    assert_eq!((history.newest.offset, history.after), (50, Some(0)));
    // At least one, however small the budget.
    let history = replica.broker.history(&a, start, 1).await.unwrap();
    assert_eq!(history.events[0].offset(), Some(1));
}

pub(super) async fn about_as_many_events_are_kept_as_was_said(mut replica: Replica) {
    let a = replica.key("products:{a}");
    for n in 0..500 {
        if n == 250 {
            replica.fail_over().await;
        }
        replica.publish(&a, &n.to_string()).await;
    }
    let (newest, events) = replica.history(&a, 0).await;
    assert_eq!(newest.offset, 500);
    // Valkey trims in groups of a hundred.
    assert!((100..=200).contains(&events.len()), "{} events are kept", events.len());
    assert_eq!(events.last().unwrap().0, 500);
    assert_eq!(events[0].0, 501 - events.len() as u64, "the newest are kept, without holes");
}

pub(super) async fn a_channel_to_which_nothing_was_published_has_a_place_to_resume_from(
    mut replica: Replica,
) {
    let (a, b) = (replica.key("products:{a}"), replica.key("products:{b}"));
    let void = replica.position(&a).await;
    assert!(void.is_void() && replica.position(&a).await.is_same_place(void));
    replica.fail_over().await;
    let read = async |position| replica.broker.history(&a, position, 1000).await.unwrap();
    let nothing = read(void).await;
    assert!(nothing.newest.is_same_place(void) && nothing.after == Some(0));
    // Another channel's first event changes nothing.
    replica.publish(&b, "other").await;
    assert!(replica.position(&a).await.is_same_place(void));
    let first = replica.publish(&a, "one").await;
    assert_eq!(first.offset, 1);
    let history = read(void).await;
    assert_eq!((history.newest, history.after), (first, Some(0)));
    assert_eq!(history.events.iter().map(text).collect::<Vec<_>>(), ["one"]);
}

pub(super) async fn many_channels_are_asked_at_once_where_they_stand(mut replica: Replica) {
    let keys: Vec<_> =
        (0..POSITIONS_AT_ONCE).map(|n| replica.key(&format!("orders:{{c-{n}}}"))).collect();
    for key in keys.iter().step_by(3) {
        replica.publish(key, "one").await;
    }
    replica.fail_over().await;
    let positions = replica.broker.positions(&keys).await.unwrap();
    assert_eq!(positions.len(), keys.len());
    for (n, position) in positions.iter().enumerate() {
        assert_eq!(
            (position.offset, position.is_void()),
            if n % 3 == 0 { (1, false) } else { (0, true) }
        );
    }
}

pub(super) async fn what_was_forgotten_is_another_epoch(mut replica: Replica) {
    let a = replica.key("products:{a}");
    let before = replica.publish(&a, "one").await;
    replica.fail_over().await;
    replica.forget(&a).await;
    let void = replica.position(&a).await;
    assert!(void.is_void());
    let after = replica.publish(&a, "one").await;
    assert_ne!(before.epoch, after.epoch);
    assert_eq!(after.offset, 1);
    assert_eq!(replica.history(&a, 0).await, (after, vec![(1, "one".to_owned())]));
}

pub(super) async fn what_was_published_and_forgotten_between_two_looks_shows(mut replica: Replica) {
    let a = replica.key("products:{a}");
    let void = replica.position(&a).await;
    replica.publish(&a, "lost").await;
    replica.fail_over().await;
    replica.forget(&a).await;
    assert_eq!(replica.broker.history(&a, void, 1000).await.unwrap().after, None);
    replica.publish(&a, "one").await;
    assert_eq!(replica.broker.history(&a, void, 1000).await.unwrap().after, None);
}

pub(super) async fn a_broker_that_fell_behind_what_was_seen_begins_another_epoch(
    mut replica: Replica,
) {
    let a = replica.key("products:{a}");
    let newest = replica.publish(&a, "one").await;
    replica.fail_over().await;
    replica.broker.renew(&a, newest).await.unwrap();
    assert_eq!(replica.position(&a).await, newest, "it has what was seen");
    // Someone who has seen another epoch proves nothing.
    let other = Position { epoch: Uuid::new_v4(), offset: 7 };
    replica.broker.renew(&a, other).await.unwrap();
    assert_eq!(replica.position(&a).await, newest);
    // As after a restart with data that lacks the last second.
    replica.broker.renew(&a, Position { offset: 7, ..newest }).await.unwrap();
    let renewed = replica.position(&a).await;
    assert_ne!(renewed.epoch, newest.epoch);
    assert_eq!(renewed.offset, 0);
    let next = replica.publish(&a, "two").await;
    assert_ne!(next.epoch, newest.epoch);
    assert_eq!(next.offset, 1);
}

pub(super) async fn publishing_twice_with_one_idempotency_key_is_once(mut replica: Replica) {
    let a = replica.key("products:{a}");
    replica.subscribe(&a).await;
    let broker = replica.broker.clone();
    let once = |key: &ChannelKey, payload: &'static str, once: &str| {
        let idempotency_key = Some(once.to_owned());
        broker.publish(Publish { idempotency_key, ..event(key, payload) })
    };
    let publish = |payload, key: &str| once(&a, payload, key);
    let first = publish("one", "k").await.unwrap();
    replica.fail_over().await;
    assert_eq!(publish("again", "k").await.unwrap(), first);
    let second = publish("two", "l").await.unwrap();
    assert_eq!(second.offset, 2);
    // An empty key is none.
    assert_eq!(publish("three", "").await.unwrap().offset, 3);
    assert_eq!(publish("four", "").await.unwrap().offset, 4);
    for expected in ["one", "two", "three", "four"] {
        assert_eq!(replica.payload().await.1, expected);
    }
    // Keys belong to a channel.
    assert_eq!(once(&replica.key("orders:{b}"), "b", "k").await.unwrap().offset, 1);
}

pub(super) async fn an_idempotency_key_belongs_to_one_payload_where_publishers_give_digests(
    mut replica: Replica,
) {
    let (a, b) = (replica.key("products:{a}"), replica.key("prices:{b}"));
    replica.subscribe(&a).await;
    replica.subscribe(&b).await;
    let broker = replica.broker.clone();
    let state = Keep::Newest(LONG);
    for (key, keep) in [(&a, Keep::History), (&b, state)] {
        let publish = async |payload: &'static str, once: &str, digest: Option<&str>| {
            let (idempotency_key, digest) = (Some(once.to_owned()), digest.map(str::to_owned));
            let event = event(key, payload);
            broker.publish(Publish { keep, idempotency_key, digest, ..event }).await
        };
        let first = publish("one", "k", Some("1")).await.unwrap();
        assert_eq!(publish("one", "k", Some("1")).await, Ok(first));
        assert_eq!(publish("other", "k", Some("2")).await, Err(Unpublished::KeyReused));
        // Who gives no digest says nothing of the payload, and neither does a key without one.
        assert_eq!(publish("again", "k", None).await, Ok(first));
        let second = publish("two", "l", None).await.unwrap();
        assert_eq!(publish("two", "l", Some("2")).await, Ok(second));
        assert_eq!(second.offset, 2);
        // In a pipeline, the others are published.
        let (idempotency_key, digest) = (Some("k".to_owned()), Some("2".to_owned()));
        let reused = Publish { keep, idempotency_key, digest, ..event(key, "other") };
        let three = Publish { keep, ..event(key, "three") };
        let results = broker.publish_all(vec![reused, three]).await;
        let expected =
            [Err(Unpublished::KeyReused), Ok(Position { epoch: first.epoch, offset: 3 })];
        assert_eq!(results, expected);
        for expected in ["one", "two", "three"] {
            assert_eq!(replica.payload().await, (key.clone(), expected.to_owned()));
        }
    }
}

pub(super) async fn many_publishers_of_one_channel_take_different_offsets(mut replica: Replica) {
    const PUBLISHERS: u64 = 20;
    const EACH: u64 = 5;
    let a = replica.key("products:{a}");
    replica.subscribe(&a).await;
    replica.fail_over().await;
    let publishers = (0..PUBLISHERS).map(|publisher| {
        let (broker, a) = (replica.broker.clone(), a.clone());
        tokio::spawn(async move {
            let mut offsets = Vec::new();
            for n in 0..EACH {
                let payload = format!("{publisher} {n}");
                offsets.push(broker.publish(event(&a, payload)).await.unwrap().offset);
            }
            offsets
        })
    });
    let mut offsets = Vec::new();
    for publisher in publishers.collect::<Vec<_>>() {
        offsets.extend(publisher.await.unwrap());
    }
    offsets.sort_unstable();
    assert_eq!(offsets, (1..=PUBLISHERS * EACH).collect::<Vec<_>>());
    for offset in 1..=PUBLISHERS * EACH {
        assert_eq!(replica.publication().await.1.offset(), Some(offset), "they come in order");
    }
}

pub(super) async fn several_events_are_published_in_order_with_a_result_each(mut replica: Replica) {
    let (a, b) = (replica.key("orders:{a}"), replica.key("orders:{b}"));
    replica.subscribe(&a).await;
    replica.subscribe(&b).await;
    replica.fail_over().await;
    // More than one pipeline of the Valkey broker.
    let publishes = (0..600).map(|n| event(if n % 3 == 0 { &b } else { &a }, n.to_string()));
    let results = replica.broker.publish_all(publishes.collect()).await;
    let offsets = |wanted: bool| {
        let of = results.iter().enumerate().filter(move |(n, _)| (n % 3 == 0) == wanted);
        of.map(|(_, result)| result.as_ref().unwrap().offset).collect::<Vec<_>>()
    };
    assert_eq!(offsets(true), (1..=200).collect::<Vec<_>>());
    assert_eq!(offsets(false), (1..=400).collect::<Vec<_>>());
    // Each channel's in order; channels do not wait for each other.
    let mut next = [0, 1];
    for _ in 0..600 {
        let (key, payload) = replica.payload().await;
        let next = &mut next[usize::from(key == a)];
        assert_eq!(payload, next.to_string());
        *next += if key == a && *next % 3 == 1 {
            1
        } else if key == a {
            2
        } else {
            3
        };
    }
    assert_eq!(replica.broker.publish_all(Vec::new()).await, []);
}
