//! Channels of `State` feeds.

use super::*;

pub(super) async fn the_newest_value_of_a_state_feed_is_kept_and_comes_to_subscribers(
    mut replica: Replica,
) {
    let (a, b) = (replica.key("prices:{a}"), replica.key("prices:{b}"));
    assert_eq!(replica.newest(&a).await, None);
    replica.subscribe(&a).await;
    let first = replica.set(&a, "1", LONG).await;
    replica.fail_over().await;
    let second = replica.set(&a, "2", LONG).await;
    assert_eq!((first.epoch, first.offset + 1), (second.epoch, second.offset));
    for (position, payload) in [(first, "1"), (second, "2")] {
        let (key, publication) = replica.publication().await;
        assert_eq!((key, text(&publication).as_str()), (a.clone(), payload));
        assert_eq!(publication.tracked.unwrap().position, position);
    }
    assert_eq!(replica.newest(&a).await, Some((second, "2".to_owned())));
    assert_eq!(replica.newest(&b).await, None, "channels do not mix");
    // With an idempotency key, too.
    let again = || {
        let (keep, once) = (Keep::Newest(LONG), Some("k".to_owned()));
        replica.broker.publish(Publish { keep, idempotency_key: once, ..event(&b, "3") })
    };
    assert_eq!(again().await.unwrap(), again().await.unwrap());
}

pub(super) async fn the_newest_value_of_a_state_feed_ends_with_its_retention(mut replica: Replica) {
    let a = replica.key("prices:{a}");
    replica.set(&a, "1", Duration::from_millis(50)).await;
    while replica.newest(&a).await.is_some() {}
    replica.fail_over().await;
    let second = replica.set(&a, "2", LONG).await;
    assert_eq!(replica.newest(&a).await, Some((second, "2".to_owned())));
}

pub(super) async fn a_state_feed_forgets_older_values_and_its_events_have_places(
    mut replica: Replica,
) {
    let a = replica.key("prices:{a}");
    for value in ["1", "2", "3"] {
        replica.set(&a, value, LONG).await;
    }
    replica.fail_over().await;
    let (_, newest) = replica.newest(&a).await.unwrap();
    assert_eq!(newest, "3");
    replica.forget(&a).await;
    assert_eq!(replica.newest(&a).await, None);
}
