//! The test suite that every broker must pass.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use tidings_testkit::ValkeyProcess;
use tokio::{sync::mpsc, time::timeout};
use uuid::Uuid;

use super::{
    Broker, ChannelKey, Durability, History, Incoming, IncomingStream, Keep, MemoryBroker, Missed,
    Position, Publication, Publications, Publish, Retention, STAND_KEYS, Settings, ValkeyBroker,
};

const PATIENCE: Duration = Duration::from_secs(30);

const RETENTION: Retention =
    Retention { events: 100, time: Duration::from_secs(3600), once: Duration::from_secs(60) };

/// More than one, so that channels belong to different streams.
const PARTS: usize = 2;

/// How a broker loses all that it has.
enum Forget {
    Memory(Arc<MemoryBroker>),
    Valkey(ValkeyProcess),
}

/// A broker whose streams are polled, as a hub does.
struct Replica {
    broker: Arc<dyn Broker>,
    incoming: mpsc::UnboundedReceiver<Incoming>,
    /// What came and was not looked at yet.
    publications: VecDeque<(ChannelKey, Publication)>,
    forget: Forget,
}

impl Replica {
    async fn new(broker: Arc<dyn Broker>, streams: Vec<IncomingStream>, forget: Forget) -> Self {
        let (sender, incoming) = mpsc::unbounded_channel();
        let parts = streams.len();
        let mut all = futures_util::stream::select_all(streams);
        // Ends when the test drops the receiver, or with the test's runtime.
        tokio::spawn(async move {
            while let Some(incoming) = all.next().await {
                if sender.send(incoming).is_err() {
                    return;
                }
            }
        });
        let mut replica = Self { broker, incoming, publications: VecDeque::new(), forget };
        for _ in 0..parts {
            assert_eq!(replica.next().await, Incoming::Up);
        }
        replica
    }

    async fn next(&mut self) -> Incoming {
        timeout(PATIENCE, self.incoming.recv()).await.expect("nothing came").unwrap()
    }

    /// Subscribes, and waits for the confirmation.
    async fn subscribe(&mut self, key: &ChannelKey) {
        self.broker.subscribe(key);
        loop {
            match self.next().await {
                Incoming::Subscribed(keys) if keys.contains(key) => return,
                Incoming::Subscribed(_) => {}
                Incoming::Publications(publications) => self.keep(publications),
                other => panic!("{other:?}"),
            }
        }
    }

    fn keep(&mut self, Publications { key, publications, missed }: Publications) {
        assert_eq!(missed, Missed::default());
        self.publications.extend(publications.into_iter().map(|event| (key.clone(), event)));
    }

    async fn publication(&mut self) -> (ChannelKey, Publication) {
        loop {
            if let Some(publication) = self.publications.pop_front() {
                return publication;
            }
            match self.next().await {
                Incoming::Publications(publications) => self.keep(publications),
                // A subscription that was made twice is confirmed twice.
                Incoming::Subscribed(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn payload(&mut self) -> (ChannelKey, String) {
        let (key, publication) = self.publication().await;
        (key, text(&publication))
    }

    async fn publish(&self, key: &ChannelKey, payload: &str) -> Position {
        self.broker.publish(event(key, payload.to_owned())).await.unwrap()
    }

    /// Publishes the newest value of a State feed.
    async fn set(&self, key: &ChannelKey, payload: &'static str, retention: Duration) -> Position {
        let keep = Keep::Newest(retention);
        self.broker.publish(Publish { keep, ..event(key, payload) }).await.unwrap()
    }

    /// The newest value of a State feed, with its position.
    async fn newest(&self, key: &ChannelKey) -> Option<(Position, String)> {
        let newest = self.broker.newest(key).await.unwrap()?;
        assert!(newest.expires_in <= LONG, "{newest:?}");
        let publication = newest.publication;
        Some((publication.tracked.unwrap().position, text(&publication)))
    }

    /// The history after an offset, as (offset, payload).
    async fn history(&self, key: &ChannelKey, after: u64) -> (Position, Vec<(u64, String)>) {
        let at = self.stand(key).await;
        let after = Position { offset: after, ..at };
        let history = self.broker.history(key, after, 1 << 20).await.unwrap();
        let events = history.events.iter().map(|e| (e.offset().unwrap(), text(e)));
        (history.newest, events.collect())
    }

    /// Where a channel stands.
    async fn stand(&self, key: &ChannelKey) -> Position {
        self.broker.stand(std::slice::from_ref(key)).await.unwrap()[0]
    }

    async fn forget(&self, key: &ChannelKey) {
        match &self.forget {
            Forget::Memory(broker) => broker.forget(key),
            Forget::Valkey(valkey) => drop(valkey.cli(["FLUSHALL"]).await.unwrap()),
        }
    }
}

fn event(key: &ChannelKey, payload: impl Into<Bytes>) -> Publish {
    let (key, payload) = (key.clone(), payload.into());
    Publish { key, payload, keep: Keep::History, idempotency_key: None }
}

fn text(publication: &Publication) -> String {
    String::from_utf8(publication.payload.to_vec()).unwrap()
}

fn key(name: &str) -> ChannelKey {
    ChannelKey::from(name)
}

macro_rules! conformance {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test] async fn $name() {
                let (broker, stream) = super::MemoryBroker::new(super::RETENTION, super::PARTS);
                let forget = { let broker = broker.clone(); super::Forget::Memory(broker) };
                super::$name(super::Replica::new(broker, stream, forget).await).await;
            })+
        }
        mod valkey {
            $(#[tokio::test] async fn $name() {
                let valkey = super::ValkeyProcess::start().await.unwrap();
                let server = valkey.url().parse().unwrap();
                let settings = super::Settings { retention: super::RETENTION, durability: super::Durability::None };
                let (broker, stream) = super::ValkeyBroker::new(&server, "", settings, super::PARTS);
                super::$name(super::Replica::new(broker, stream, super::Forget::Valkey(valkey)).await).await;
            })+
        }
    };
}

conformance! {
    what_is_published_after_subscribing_comes_once_and_in_order,
    a_payload_comes_byte_by_byte_as_it_was_published,
    channels_that_are_not_subscribed_are_silent,
    subscribing_twice_is_once,
    a_channel_can_be_left_and_taken_again,
    many_publishers_and_channels_at_once,
    is_up_once_connected,
    offsets_count_from_one_and_come_with_the_event,
    the_history_has_what_was_published_and_how_far_it_reaches,
    the_history_is_read_within_a_budget_of_bytes,
    about_as_many_events_are_kept_as_was_said,
    a_channel_to_which_nothing_was_published_has_a_place_to_resume_from,
    many_channels_are_asked_at_once_where_they_stand,
    what_was_forgotten_is_another_epoch,
    what_was_published_and_forgotten_between_two_looks_shows,
    a_broker_that_fell_behind_what_was_seen_begins_another_epoch,
    publishing_twice_with_one_idempotency_key_is_once,
    many_publishers_of_one_channel_take_different_offsets,
    several_events_are_published_in_order_with_a_result_each,
    the_newest_value_of_a_state_feed_is_kept_and_comes_to_subscribers,
    the_newest_value_of_a_state_feed_ends_with_its_retention,
    a_state_feed_forgets_older_values_and_its_events_have_places,
    members_come_together_and_leave,
    a_member_that_does_not_report_again_is_left_out,
}

async fn what_is_published_after_subscribing_comes_once_and_in_order(mut replica: Replica) {
    let a = key("products:{a}");
    replica.subscribe(&a).await;
    for n in 0..200 {
        replica.publish(&a, &n.to_string()).await;
    }
    for n in 0..200 {
        assert_eq!(replica.payload().await, (a.clone(), n.to_string()));
    }
    assert!(replica.publications.is_empty() && replica.incoming.is_empty());
}

async fn a_payload_comes_byte_by_byte_as_it_was_published(mut replica: Replica) {
    let a = key("products:{a}");
    replica.subscribe(&a).await;
    for payload in [&b""[..], b"\0\r\n\xff", &[b'x'; 300_000]] {
        replica.broker.publish(event(&a, payload.to_vec())).await.unwrap();
        assert_eq!(replica.publication().await.1.payload, payload);
    }
}

async fn channels_that_are_not_subscribed_are_silent(mut replica: Replica) {
    let (a, b) = (key("products:{a}"), key("orders:{b}"));
    replica.subscribe(&a).await;
    replica.publish(&b, "not for us").await;
    replica.publish(&a, "for us").await;
    assert_eq!(replica.payload().await, (a, "for us".to_owned()));
}

async fn subscribing_twice_is_once(mut replica: Replica) {
    let a = key("products:{a}");
    replica.broker.subscribe(&a);
    replica.subscribe(&a).await;
    replica.subscribe(&a).await;
    replica.publish(&a, "one").await;
    replica.publish(&a, "two").await;
    assert_eq!(replica.payload().await.1, "one");
    assert_eq!(replica.payload().await.1, "two");
}

async fn a_channel_can_be_left_and_taken_again(mut replica: Replica) {
    let (a, other) = (key("products:{a}"), key("orders:{other}"));
    replica.subscribe(&other).await;
    for n in 0..50 {
        // Taken, given up and taken again before the broker has heard of it.
        replica.broker.subscribe(&a);
        replica.broker.unsubscribe(&a);
        replica.subscribe(&a).await;
        replica.publish(&a, &n.to_string()).await;
        assert_eq!(replica.payload().await, (a.clone(), n.to_string()));
        replica.broker.unsubscribe(&a);
    }
}

async fn many_publishers_and_channels_at_once(mut replica: Replica) {
    const CHANNELS: usize = 20;
    const EACH: usize = 50;
    let keys: Vec<_> = (0..CHANNELS).map(|n| key(&format!("orders:{{c-{n}}}"))).collect();
    for key in &keys {
        replica.subscribe(key).await;
    }
    for key in &keys {
        let (broker, key) = (replica.broker.clone(), key.clone());
        tokio::spawn(async move {
            for n in 0..EACH {
                broker.publish(event(&key, n.to_string())).await.unwrap();
            }
        });
    }
    let mut seen = [0; CHANNELS];
    for _ in 0..CHANNELS * EACH {
        let (key, payload) = replica.payload().await;
        let channel = keys.iter().position(|k| *k == key).unwrap();
        assert_eq!(payload, seen[channel].to_string(), "out of order in {key}");
        seen[channel] += 1;
    }
    assert!(replica.publications.is_empty() && replica.incoming.is_empty());
}

async fn is_up_once_connected(replica: Replica) {
    assert!(replica.broker.is_up());
}

async fn offsets_count_from_one_and_come_with_the_event(mut replica: Replica) {
    let a = key("products:{a}");
    replica.subscribe(&a).await;
    let first = replica.publish(&a, "one").await;
    let second = replica.publish(&a, "two").await;
    assert_eq!((first.offset, second.offset), (1, 2));
    assert_eq!(first.epoch, second.epoch);
    for position in [first, second] {
        let tracked = replica.publication().await.1.tracked.unwrap();
        assert_eq!(tracked.position, position);
        assert!(tracked.published_at_ms > 1_700_000_000_000);
    }
    // Another channel counts for itself.
    assert_eq!(replica.publish(&key("orders:{b}"), "one").await.offset, 1);
}

async fn the_history_has_what_was_published_and_how_far_it_reaches(replica: Replica) {
    let a = key("products:{a}");
    for n in 1..=5 {
        replica.publish(&a, &n.to_string()).await;
    }
    let (newest, events) = replica.history(&a, 2).await;
    assert_eq!(newest.offset, 5);
    let expected = [(3, "3".to_owned()), (4, "4".to_owned()), (5, "5".to_owned())];
    assert_eq!(events, expected);
    assert_eq!(replica.history(&a, 5).await, (newest, vec![]));
    assert_eq!(replica.history(&a, 9).await, (newest, vec![]), "nothing follows what was not yet");
    assert_eq!(replica.stand(&a).await, newest);
    let other = Position { epoch: Uuid::new_v4(), offset: 2 };
    let history = replica.broker.history(&a, other, 1 << 20).await.unwrap();
    assert_eq!(history, History { newest, after: None, events: vec![] });
}

async fn the_history_is_read_within_a_budget_of_bytes(replica: Replica) {
    let a = key("products:{a}");
    for _ in 0..50 {
        replica.publish(&a, &"x".repeat(1000)).await;
    }
    let start = Position { offset: 0, ..replica.stand(&a).await };
    let history = replica.broker.history(&a, start, 10_000).await.unwrap();
    assert!((10..50).contains(&history.events.len()), "{} events", history.events.len());
    assert_eq!((history.newest.offset, history.after), (50, Some(0)));
    // At least one, however small the budget.
    let history = replica.broker.history(&a, start, 1).await.unwrap();
    assert_eq!(history.events[0].offset(), Some(1));
}

async fn about_as_many_events_are_kept_as_was_said(replica: Replica) {
    let a = key("products:{a}");
    for n in 0..500 {
        replica.publish(&a, &n.to_string()).await;
    }
    let (newest, events) = replica.history(&a, 0).await;
    assert_eq!(newest.offset, 500);
    // Valkey trims in groups of a hundred.
    assert!((100..=200).contains(&events.len()), "{} events are kept", events.len());
    assert_eq!(events.last().unwrap().0, 500);
    assert_eq!(events[0].0, 501 - events.len() as u64, "the newest are kept, without holes");
}

async fn a_channel_to_which_nothing_was_published_has_a_place_to_resume_from(replica: Replica) {
    let (a, b) = (key("products:{a}"), key("products:{b}"));
    let void = replica.stand(&a).await;
    assert!(void.is_void() && replica.stand(&a).await.is_same_place(void));
    let read = async |position| replica.broker.history(&a, position, 1000).await.unwrap();
    let nothing = read(void).await;
    assert!(nothing.newest.is_same_place(void) && nothing.after == Some(0));
    // Another channel's first event changes nothing.
    replica.publish(&b, "other").await;
    assert!(replica.stand(&a).await.is_same_place(void));
    let first = replica.publish(&a, "one").await;
    assert_eq!(first.offset, 1);
    let history = read(void).await;
    assert_eq!((history.newest, history.after), (first, Some(0)));
    assert_eq!(history.events.iter().map(text).collect::<Vec<_>>(), ["one"]);
}

async fn many_channels_are_asked_at_once_where_they_stand(replica: Replica) {
    let keys: Vec<_> = (0..STAND_KEYS).map(|n| key(&format!("orders:{{c-{n}}}"))).collect();
    for key in keys.iter().step_by(3) {
        replica.publish(key, "one").await;
    }
    let stands = replica.broker.stand(&keys).await.unwrap();
    assert_eq!(stands.len(), keys.len());
    for (n, stand) in stands.iter().enumerate() {
        assert_eq!(
            (stand.offset, stand.is_void()),
            if n % 3 == 0 { (1, false) } else { (0, true) }
        );
    }
}

async fn what_was_forgotten_is_another_epoch(replica: Replica) {
    let a = key("products:{a}");
    let before = replica.publish(&a, "one").await;
    replica.forget(&a).await;
    let void = replica.stand(&a).await;
    assert!(void.is_void());
    let after = replica.publish(&a, "one").await;
    assert_ne!(before.epoch, after.epoch);
    assert_eq!(after.offset, 1);
    assert_eq!(replica.history(&a, 0).await, (after, vec![(1, "one".to_owned())]));
}

async fn what_was_published_and_forgotten_between_two_looks_shows(replica: Replica) {
    let a = key("products:{a}");
    let void = replica.stand(&a).await;
    replica.publish(&a, "lost").await;
    replica.forget(&a).await;
    assert_eq!(replica.broker.history(&a, void, 1000).await.unwrap().after, None);
    replica.publish(&a, "one").await;
    assert_eq!(replica.broker.history(&a, void, 1000).await.unwrap().after, None);
}

async fn a_broker_that_fell_behind_what_was_seen_begins_another_epoch(replica: Replica) {
    let a = key("products:{a}");
    let newest = replica.publish(&a, "one").await;
    replica.broker.renew(&a, newest).await.unwrap();
    assert_eq!(replica.stand(&a).await, newest, "it has what was seen");
    // Someone who has seen another epoch proves nothing.
    let other = Position { epoch: Uuid::new_v4(), offset: 7 };
    replica.broker.renew(&a, other).await.unwrap();
    assert_eq!(replica.stand(&a).await, newest);
    // As after a restart with data that lacks the last second.
    replica.broker.renew(&a, Position { offset: 7, ..newest }).await.unwrap();
    let stand = replica.stand(&a).await;
    assert_ne!(stand.epoch, newest.epoch);
    assert_eq!(stand.offset, 0);
    let next = replica.publish(&a, "two").await;
    assert_ne!(next.epoch, newest.epoch);
    assert_eq!(next.offset, 1);
}

async fn publishing_twice_with_one_idempotency_key_is_once(mut replica: Replica) {
    let a = key("products:{a}");
    replica.subscribe(&a).await;
    let broker = replica.broker.clone();
    let once = |key: &ChannelKey, payload: &'static str, once: &str| {
        let idempotency_key = Some(once.to_owned());
        broker.publish(Publish { idempotency_key, ..event(key, payload) })
    };
    let publish = |payload, key: &str| once(&a, payload, key);
    let first = publish("one", "k").await.unwrap();
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
    assert_eq!(once(&key("orders:{b}"), "b", "k").await.unwrap().offset, 1);
}

async fn many_publishers_of_one_channel_take_different_offsets(mut replica: Replica) {
    const PUBLISHERS: u64 = 20;
    const EACH: u64 = 5;
    let a = key("products:{a}");
    replica.subscribe(&a).await;
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

async fn several_events_are_published_in_order_with_a_result_each(mut replica: Replica) {
    let (a, b) = (key("orders:{a}"), key("orders:{b}"));
    replica.subscribe(&a).await;
    replica.subscribe(&b).await;
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

async fn the_newest_value_of_a_state_feed_is_kept_and_comes_to_subscribers(mut replica: Replica) {
    let (a, b) = (key("prices:{a}"), key("prices:{b}"));
    assert_eq!(replica.newest(&a).await, None);
    replica.subscribe(&a).await;
    let first = replica.set(&a, "1", LONG).await;
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

async fn the_newest_value_of_a_state_feed_ends_with_its_retention(replica: Replica) {
    let a = key("prices:{a}");
    replica.set(&a, "1", Duration::from_millis(50)).await;
    while replica.newest(&a).await.is_some() {}
    let second = replica.set(&a, "2", LONG).await;
    assert_eq!(replica.newest(&a).await, Some((second, "2".to_owned())));
}

async fn a_state_feed_forgets_older_values_and_its_events_have_places(replica: Replica) {
    let a = key("prices:{a}");
    for value in ["1", "2", "3"] {
        replica.set(&a, value, LONG).await;
    }
    let (_, newest) = replica.newest(&a).await.unwrap();
    assert_eq!(newest, "3");
    replica.forget(&a).await;
    assert_eq!(replica.newest(&a).await, None);
}

const LONG: Duration = Duration::from_secs(3600);

async fn members_come_together_and_leave(mut replica: Replica) {
    let all = key("instances:{all}");
    replica.subscribe(&all).await;
    assert_eq!(replica.broker.members(&all).await.unwrap(), "[]");
    let report = |member, state: Option<&'static str>| {
        replica.broker.report(&all, member, state.map(Into::into), LONG)
    };
    report("b", Some("2")).await.unwrap();
    report("a", Some("1")).await.unwrap();
    report("b", Some("3")).await.unwrap();
    assert_eq!(replica.broker.members(&all).await.unwrap(), "[1,3]");
    replica.broker.report(&all, "a", None, LONG).await.unwrap();
    for expected in ["[2]", "[1,2]", "[1,3]", "[3]"] {
        let (key, publication) = replica.publication().await;
        assert_eq!((key, text(&publication).as_str()), (all.clone(), expected));
        assert_eq!(publication.tracked, None);
    }
}

async fn a_member_that_does_not_report_again_is_left_out(replica: Replica) {
    let all = key("instances:{all}");
    let short = Duration::from_millis(1);
    replica.broker.report(&all, "dead", Some("0".into()), short).await.unwrap();
    while replica.broker.members(&all).await.unwrap() != "[]" {}
    replica.broker.report(&all, "live", Some("1".into()), LONG).await.unwrap();
    assert_eq!(replica.broker.members(&all).await.unwrap(), "[1]");
}
