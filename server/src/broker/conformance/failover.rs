//! Another node is the primary, and may have less than the one before had acknowledged.

use super::*;

pub(super) async fn another_count_begins_where_events_may_have_been_lost(mut replica: Replica) {
    let (a, b) = (replica.key("products:{a}"), replica.key("products:{b}"));
    replica.subscribe(&a).await;
    let (first, void) = (replica.publish(&a, "one").await, replica.position(&b).await);
    replica.fail_over().await;
    let after = async |key, position| {
        let history = replica.broker.history(key, position, 1000).await.unwrap();
        (history.after, history.events)
    };
    let gap = (None, vec![]);
    // Before anything is published, and also where nothing was published before.
    assert_eq!((after(&a, first).await, after(&b, void).await), (gap.clone(), gap.clone()));
    assert_ne!(replica.position(&a).await.epoch, first.epoch);
    let next = replica.publish(&a, "two").await;
    assert_eq!((next.offset, next.epoch == first.epoch), (1, false));
    assert_eq!(after(&a, first).await, gap);
    assert_eq!(replica.history(&a, 0).await, (next, vec![(1, "two".to_owned())]));
    for (position, payload) in [(first, "one"), (next, "two")] {
        let (_, publication) = replica.publication().await;
        let tracked = publication.tracked.unwrap();
        assert_eq!((tracked.position, text(&publication).as_str()), (position, payload));
    }
}
