//! The test suite that every broker must pass, wherever it is.
//!
//! Each test begins with a [`Replica`], and says where in its middle the broker may fail over. `places.rs` says which
//! brokers there are, and which of them does.

use std::{collections::VecDeque, convert::Infallible, iter, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use tidings_testkit::ValkeyProcess;
use tokio::{sync::mpsc, time::timeout};
use uuid::Uuid;

use super::{
    Broker, ChannelKey, Durability, History, Incoming, IncomingStream, Keep, MemoryBroker, Missed,
    POSITIONS_AT_ONCE, Position, Publication, Publications, Publish, Retention, Settings,
    Unpublished, ValkeyBroker,
};

mod failover;
mod log;
mod members;
mod places;
mod state;
mod subscriptions;

const PATIENCE: Duration = Duration::from_secs(30);

const RETENTION: Retention =
    Retention { events: 100, time: Duration::from_secs(3600), once: Duration::from_secs(60) };

const LONG: Duration = Duration::from_secs(3600);

/// More than one, so that channels belong to different streams.
const PARTS: usize = 2;

/// A broker whose streams are polled, as a hub does.
struct Replica {
    broker: Arc<dyn Broker>,
    incoming: mpsc::UnboundedReceiver<Incoming>,
    /// What came and was not looked at yet.
    publications: VecDeque<(ChannelKey, Publication)>,
    subscribed: Vec<ChannelKey>,
    /// What the names of its channels begin with, where others use the same server.
    prefix: String,
    forget: Forget,
    /// Kept until the test has come to where its broker fails over. Absent where it does not, and where it has.
    not_yet: Option<mpsc::Sender<Infallible>>,
}

/// How a broker loses all that it has.
enum Forget {
    Memory(Arc<MemoryBroker>),
    /// The node that is the primary at the end.
    Valkey(Arc<ValkeyProcess>),
}

impl Replica {
    async fn new(broker: Arc<dyn Broker>, streams: Vec<IncomingStream>, forget: Forget) -> Self {
        let (sender, incoming) = mpsc::unbounded_channel();
        let mut all = futures_util::stream::select_all(streams);
        // Ends when the test drops the receiver, or with the test's runtime.
        tokio::spawn(async move {
            while let Some(incoming) = all.next().await {
                if sender.send(incoming).is_err() {
                    return;
                }
            }
        });
        let (publications, subscribed) = (VecDeque::new(), Vec::new());
        let (prefix, not_yet) = (String::new(), None);
        let mut replica =
            Self { broker, incoming, publications, subscribed, prefix, forget, not_yet };
        for _ in 0..PARTS {
            assert_eq!(replica.next().await, Incoming::Up);
        }
        replica
    }

    /// A channel's key.
    fn key(&self, name: &str) -> ChannelKey {
        ChannelKey::from(&*format!("{}{name}", self.prefix))
    }

    /// Lets the broker fail over, where it does, and waits until it is up and all subscriptions are confirmed again.
    async fn fail_over(&mut self) {
        let Some(not_yet) = self.not_yet.take() else { return };
        drop(not_yet);
        let (mut down, mut up, mut missing) = (0, 0, self.subscribed.clone());
        while up < PARTS || !missing.is_empty() {
            match self.next().await {
                Incoming::Down => down += 1,
                Incoming::Up => up += 1,
                Incoming::Publications(publications) => self.keep(publications),
                Incoming::Subscribed(keys) if down == PARTS => {
                    missing.retain(|key| !keys.contains(key));
                }
                // A subscription that was made twice is confirmed twice.
                Incoming::Subscribed(_) => {}
                other @ Incoming::Refused { .. } => panic!("{other:?}"),
            }
        }
        assert_eq!((down, up), (PARTS, PARTS));
    }

    async fn next(&mut self) -> Incoming {
        timeout(PATIENCE, self.incoming.recv()).await.expect("nothing came").unwrap()
    }

    /// Subscribes, and waits for the confirmation.
    async fn subscribe(&mut self, key: &ChannelKey) {
        if !self.subscribed.contains(key) {
            self.subscribed.push(key.clone());
        }
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

    fn unsubscribe(&mut self, key: &ChannelKey) {
        self.subscribed.retain(|subscribed| subscribed != key);
        self.broker.unsubscribe(key);
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
        let at = self.position(key).await;
        let after = Position { offset: after, ..at };
        let history = self.broker.history(key, after, 1 << 20).await.unwrap();
        let events = history.events.iter().map(|e| (e.offset().unwrap(), text(e)));
        (history.newest, events.collect())
    }

    /// Where a channel stands.
    async fn position(&self, key: &ChannelKey) -> Position {
        self.broker.positions(std::slice::from_ref(key)).await.unwrap()[0]
    }

    async fn forget(&self, key: &ChannelKey) {
        match &self.forget {
            Forget::Memory(broker) => broker.forget(key),
            Forget::Valkey(valkey) => {
                let all = format!("{}*", self.prefix);
                let keys = valkey.cli(["KEYS", &all]).await.unwrap();
                let delete = iter::once("DEL").chain(keys.lines());
                valkey.cli(delete).await.unwrap();
            }
        }
    }
}

fn event(key: &ChannelKey, payload: impl Into<Bytes>) -> Publish {
    let (key, payload) = (key.clone(), payload.into());
    Publish { key, payload, keep: Keep::History, idempotency_key: None, digest: None }
}

fn text(publication: &Publication) -> String {
    String::from_utf8(publication.payload.to_vec()).unwrap()
}

type Test = fn(Replica) -> BoxFuture<'static, ()>;

macro_rules! conformance {
    ($($room:ident::$name:ident),+ $(,)?) => {
        /// All of the suite.
        fn suite() -> Vec<(&'static str, Test)> {
            vec![$((stringify!($name), |replica| $room::$name(replica).boxed())),+]
        }

        mod memory {
            $(#[tokio::test] async fn $name() {
                super::$room::$name(super::Replica::in_memory().await).await;
            })+
        }
        mod valkey {
            $(#[tokio::test] async fn $name() {
                super::$room::$name(super::Replica::with_valkey().await).await;
            })+
        }
        mod tls {
            $(#[tokio::test] async fn $name() {
                super::$room::$name(super::Replica::with_tls().await).await;
            })+
        }
    };
}

conformance! {
    subscriptions::what_is_published_after_subscribing_comes_once_and_in_order,
    subscriptions::a_payload_comes_byte_by_byte_as_it_was_published,
    subscriptions::channels_that_are_not_subscribed_are_silent,
    subscriptions::subscribing_twice_is_once,
    subscriptions::a_channel_can_be_left_and_taken_again,
    subscriptions::many_publishers_and_channels_at_once,
    subscriptions::is_up_once_connected,
    log::offsets_count_from_one_and_come_with_the_event,
    log::the_history_has_what_was_published_and_how_far_it_reaches,
    log::the_history_is_read_within_a_budget_of_bytes,
    log::about_as_many_events_are_kept_as_was_said,
    log::a_channel_to_which_nothing_was_published_has_a_place_to_resume_from,
    log::many_channels_are_asked_at_once_where_they_stand,
    log::what_was_forgotten_is_another_epoch,
    log::what_was_published_and_forgotten_between_two_looks_shows,
    log::a_broker_that_fell_behind_what_was_seen_begins_another_epoch,
    log::publishing_twice_with_one_idempotency_key_is_once,
    log::an_idempotency_key_belongs_to_one_payload_where_publishers_give_digests,
    log::many_publishers_of_one_channel_take_different_offsets,
    log::several_events_are_published_in_order_with_a_result_each,
    state::the_newest_value_of_a_state_feed_is_kept_and_comes_to_subscribers,
    state::the_newest_value_of_a_state_feed_ends_with_its_retention,
    state::a_state_feed_forgets_older_values_and_its_events_have_places,
    members::members_come_together_and_leave,
    members::a_member_that_does_not_report_again_is_left_out,
}
