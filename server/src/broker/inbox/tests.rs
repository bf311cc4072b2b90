//! What the inbox keeps, drops and says.

use futures_util::FutureExt;

use super::{queue::TURN, *};

const LIMITS: InboxLimits = InboxLimits { channel_bytes: 1000, total_bytes: 10_000 };

fn key(name: &str) -> ChannelKey {
    ChannelKey::from(name)
}

/// An inbox whose channels are subscribed.
fn inbox(names: &[&str]) -> Inbox {
    let inbox = Inbox::new(LIMITS);
    for name in names {
        inbox.subscribe(&key(name));
    }
    inbox.confirm(&inbox.changes(usize::MAX).subscribe);
    while let Some(incoming) = next(&inbox) {
        assert!(matches!(incoming, Incoming::Subscribed(_)));
    }
    inbox
}

fn next(inbox: &Inbox) -> Option<Incoming> {
    inbox.next().now_or_never()
}

fn publications(inbox: &Inbox) -> Option<(String, Vec<Bytes>, Missed)> {
    match next(inbox)? {
        Incoming::Publications(Publications { key, publications, missed }) => {
            let payloads = publications.into_iter().map(|event| event.payload).collect();
            Some((key.as_str().to_owned(), payloads, missed))
        }
        other => panic!("{other:?}"),
    }
}

/// A message with a position.
fn tracked(offset: u64, bytes: usize) -> Bytes {
    let payload = "x".repeat(bytes);
    format!("tidings/1 1b4e28ba-2fa1-41d2-883f-0016d3cca427 {offset} 0\n{payload}").into()
}

#[test]
fn a_subscription_is_sent_once_and_confirmed_to_the_hub() {
    let inbox = Inbox::new(LIMITS);
    inbox.subscribe(&key("a"));
    inbox.subscribe(&key("a"));
    assert_eq!(next(&inbox), None);
    let changes = inbox.changes(10);
    assert_eq!((changes.subscribe, changes.unsubscribe), (vec![key("a")], vec![]));
    assert_eq!(inbox.changes(10), Changes::default());
    inbox.confirm(&[key("a")]);
    assert_eq!(next(&inbox), Some(Incoming::Subscribed(vec![key("a")])));
    assert_eq!(next(&inbox), None);
}

#[test]
fn changes_come_in_chunks() {
    let inbox = Inbox::new(LIMITS);
    for n in 0..5 {
        inbox.subscribe(&key(&n.to_string()));
    }
    let chunks: Vec<_> = (0..4).map(|_| inbox.changes(2).subscribe.len()).collect();
    assert_eq!(chunks, [2, 2, 1, 0]);
}

#[test]
fn a_channel_given_up_and_wanted_again_before_anything_was_sent_is_confirmed_at_once() {
    let inbox = inbox(&["a"]);
    inbox.unsubscribe(&key("a"));
    inbox.subscribe(&key("a"));
    assert_eq!(inbox.changes(10), Changes::default());
    assert_eq!(next(&inbox), Some(Incoming::Subscribed(vec![key("a")])));
}

#[test]
fn a_channel_given_up_while_its_subscription_was_under_way_is_unsubscribed() {
    let inbox = Inbox::new(LIMITS);
    inbox.subscribe(&key("a"));
    assert_eq!(inbox.changes(10).subscribe, [key("a")]);
    inbox.unsubscribe(&key("a"));
    inbox.confirm(&[key("a")]);
    assert_eq!(inbox.changes(10).unsubscribe, [key("a")]);
    assert_eq!(next(&inbox), None, "nobody wants to know");
}

#[test]
fn after_a_loss_every_wanted_channel_is_subscribed_again() {
    let inbox = inbox(&["a", "b"]);
    inbox.unsubscribe(&key("b"));
    inbox.lost();
    let changes = inbox.changes(10);
    assert_eq!((changes.subscribe, changes.unsubscribe), (vec![key("a")], vec![]));
}

#[test]
fn a_refused_channel_is_reported_and_asked_for_again_after_the_next_connection() {
    let inbox = Inbox::new(LIMITS);
    inbox.subscribe(&key("a"));
    let keys = inbox.changes(10).subscribe;
    let reason = BrokerUnavailable("no".to_owned());
    inbox.refuse(&keys, &reason);
    assert_eq!(next(&inbox), Some(Incoming::Refused { keys, reason }));
    inbox.push("a", "1".into());
    assert_eq!(inbox.state().bytes, 0);
    assert_eq!(inbox.changes(10), Changes::default());
    inbox.lost();
    assert_eq!(inbox.changes(10).subscribe, [key("a")]);
    inbox.refuse(&[key("a")], &BrokerUnavailable("no".to_owned()));
    inbox.subscribe(&key("a"));
    assert_eq!(inbox.changes(10).subscribe, [key("a")]);
}

#[test]
fn messages_of_channels_that_nobody_wants_are_dropped() {
    let inbox = inbox(&["a"]);
    inbox.push("b", "1".into());
    inbox.push("a", "1".into());
    inbox.unsubscribe(&key("a"));
    inbox.push("a", "2".into());
    assert_eq!(publications(&inbox), None);
    assert_eq!(inbox.state().bytes, 0);
}

#[test]
fn a_channel_with_many_events_delays_others_by_one_turn() {
    let inbox = Inbox::new(InboxLimits { channel_bytes: 1 << 20, total_bytes: 1 << 20 });
    inbox.subscribe(&key("hot"));
    inbox.subscribe(&key("quiet"));
    for n in 0..2 * TURN {
        inbox.push("hot", n.to_string().into());
    }
    inbox.push("quiet", "1".into());
    let turns: Vec<_> = std::iter::from_fn(|| publications(&inbox)).collect();
    let turns: Vec<_> = turns.iter().map(|(key, some, _)| (key.as_str(), some.len())).collect();
    assert_eq!(turns, [("hot", TURN), ("quiet", 1), ("hot", TURN)]);
}

#[test]
fn above_its_bound_a_channel_misses_events_and_is_told_behind_those_that_it_has() {
    let inbox = inbox(&["a", "b"]);
    for offset in 1..=9 {
        inbox.push("a", tracked(offset, 100));
    }
    inbox.push("b", tracked(1, 100));
    let (_, first, missed) = publications(&inbox).unwrap();
    assert!((1..9).contains(&first.len()), "{} events", first.len());
    assert_eq!(missed, Missed { kept: true, lost: 0 });
    let (_, others, missed) = publications(&inbox).unwrap();
    assert_eq!((others.len(), missed), (1, Missed::default()));
    // It takes events again.
    inbox.push("a", tracked(10, 100));
    assert_eq!(publications(&inbox).unwrap().1.len(), 1);
    assert_eq!(inbox.state().bytes, 0);
}

#[test]
fn behind_a_hole_nothing_is_kept_although_there_is_room() {
    let inbox = inbox(&["a"]);
    inbox.push("a", tracked(1, 500));
    inbox.push("a", tracked(2, 500));
    inbox.push("a", tracked(3, 1));
    let (_, events, missed) = publications(&inbox).unwrap();
    assert_eq!((events.len(), missed), (1, Missed { kept: true, lost: 0 }));
}

#[test]
fn a_dropped_event_that_bypassed_tidings_is_counted_as_lost() {
    let inbox = inbox(&["a"]);
    inbox.push("a", tracked(1, 900));
    inbox.push("a", "\"plain\"".into());
    assert_eq!(publications(&inbox).unwrap().2, Missed { kept: false, lost: 1 });
}

#[test]
fn the_total_bounds_all_channels_together() {
    let inbox = Inbox::new(InboxLimits { channel_bytes: 1000, total_bytes: 1500 });
    for name in ["a", "b", "c"] {
        inbox.subscribe(&key(name));
        inbox.push(name, tracked(1, 400));
    }
    assert!(inbox.state().bytes <= 1500);
    let all: Vec<_> = std::iter::from_fn(|| publications(&inbox)).collect();
    assert_eq!(all.iter().map(|(_, events, _)| events.len()).sum::<usize>(), 2);
    assert!(all[2].2.kept, "the third is told that it missed something");
}

#[test]
fn a_paused_channel_keeps_its_events_and_drops_those_that_its_history_has() {
    let inbox = inbox(&["a"]);
    inbox.pause(&key("a"));
    inbox.push("a", tracked(1, 10));
    inbox.push("a", "\"plain\"".into());
    assert_eq!(publications(&inbox), None);
    inbox.discard(&key("a"));
    inbox.push("a", tracked(2, 10));
    assert_eq!(publications(&inbox), None);
    inbox.resume(&key("a"));
    inbox.pause(&key("a"));
    inbox.resume(&key("a"));
    assert_eq!(inbox.state().ready.len(), 1, "it has one turn");
    assert_eq!(publications(&inbox).unwrap().1.len(), 2);
    assert_eq!(inbox.state().bytes, 0);
}

#[tokio::test]
async fn a_publisher_waits_for_room_and_goes_on_when_something_is_taken() {
    let inbox = inbox(&["a"]);
    inbox.push("a", tracked(1, 600));
    let key = key("a");
    let room = inbox.room(&key);
    tokio::pin!(room);
    assert!(room.as_mut().now_or_never().is_none());
    publications(&inbox).unwrap();
    room.await;
    inbox.push("a", tracked(2, 600));
    inbox.close();
    inbox.room(&key).await;
    assert!(inbox.is_closed());
}
