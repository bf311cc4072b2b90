//! The hub's channel and the broker's inbox against a model of everything around them: a broker that publishes, trims, loses its
//! data or the last of it, fails over and refuses to answer, a link that breaks and mends in steps, an inbox that overflows,
//! windows that are dropped, readings that come at any moment, a walk over the subscribers that is always in the
//! middle, and subscribers that come and go.
//!
//! The promise that every sequence has to keep: within a channel, a subscriber receives events in publish
//! order, each at most once, with none missing between two events unless a gap stands between them; and in
//! the end it has the newest. What was published is written down here, so nothing that the broker has lost can hide.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use proptest::prelude::*;
use tidings_contract::SubscriptionId;
use uuid::Uuid;

use super::{
    HubOptions,
    channel::{HubChannel, Subscriber},
    procedure::Procedure,
    window_budget::WindowBudget,
};
use crate::{
    broker::{
        BrokerUnavailable, ChannelKey, History, Inbox, InboxLimits, Incoming, Position,
        Publication, Publications,
    },
    metrics::Metrics,
    resume::after,
    sample::OnProducts,
    socket::{Claim, Tape, Transport},
};

use broker::ModelBroker;
use client::Client;

mod broker;
mod client;

const CASES: u32 = 5_000;
const SHARED: SubscriptionId = SubscriptionId(1);
const OWN: SubscriptionId = SubscriptionId(17);
const ROOM: usize = 1 << 20;

#[derive(Clone, Debug)]
enum Step {
    Publish,
    /// A payload that does not fit the channel's type.
    PublishMisfit,
    /// Past Tidings: without a position.
    PublishPlain,
    /// The hub takes what the inbox has next.
    Take,
    /// The connection breaks: Valkey is away, hangs, or is no primary any more.
    Break,
    /// There is a connection again, and no subscription.
    Mend,
    /// Valkey confirms subscriptions: one chunk of those that are to be made.
    Confirm,
    Trim(usize),
    /// The broker comes back without its data.
    Forget,
    /// The broker comes back without the last events that it acknowledged.
    LoseTail(usize),
    /// The window is dropped, because others need its bytes.
    DropWindow,
    /// The channel asks for its position (0), or reads up to this many events.
    Read(usize),
    ReadEnds,
    /// The broker refuses to answer the reading under way.
    ReadFails,
    /// With the shared id or its own.
    Join(bool),
    /// Batches are handed to up to this many subscribers.
    Walk(usize),
    /// A subscriber leaves and comes back with its cursor.
    ComeBack(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Publish),
        1 => Just(Step::PublishMisfit),
        1 => Just(Step::PublishPlain),
        6 => Just(Step::Take),
        1 => Just(Step::Break),
        2 => Just(Step::Mend),
        3 => Just(Step::Confirm),
        1 => (0..4usize).prop_map(Step::Trim),
        1 => Just(Step::Forget),
        1 => (1..3usize).prop_map(Step::LoseTail),
        1 => Just(Step::DropWindow),
        4 => (0..4usize).prop_map(Step::Read),
        4 => Just(Step::ReadEnds),
        1 => Just(Step::ReadFails),
        1 => any::<bool>().prop_map(Step::Join),
        8 => (1..3usize).prop_map(Step::Walk),
        2 => (0..8usize).prop_map(Step::ComeBack),
    ]
}

struct Model {
    broker: ModelBroker,
    inbox: Inbox,
    channel: Arc<HubChannel>,
    catching_up: bool,
    reading: Option<(Option<Position>, Reading)>,
    clients: Vec<Client>,
}

/// A reading under way.
enum Reading {
    Look(Position),
    History(History),
}

impl Model {
    /// A channel that knows where it stands, with one subscriber.
    fn new(window_bytes: usize, inbox_bytes: usize) -> Self {
        let key = ChannelKey::from("products:{a}");
        let options = HubOptions {
            instance: "test".to_owned(),
            max_payload_bytes: ROOM,
            window_bytes,
            all_windows_bytes: ROOM,
            longest_rest: Duration::ZERO,
            shards: 2,
        };
        let budget = Arc::new(WindowBudget::new(ROOM));
        let procedure = Arc::new(Procedure::new::<OnProducts>(options, budget, &Metrics::new()));
        let channel = Arc::new(HubChannel::new(key.clone(), procedure, SHARED));
        let inbox = Inbox::new(InboxLimits { channel_bytes: inbox_bytes, total_bytes: ROOM });
        inbox.subscribe(&key);
        let broker = ModelBroker::new();
        let (clients, reading) = (Vec::new(), None);
        let mut model = Self { broker, inbox, channel, catching_up: false, reading, clients };
        for step in [Step::Mend, Step::Confirm, Step::Take, Step::Read(0), Step::ReadEnds] {
            model.run(&step);
        }
        model.run(&Step::Join(true));
        model
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Publish => self.publish("[]"),
            Step::PublishMisfit => self.publish("7"),
            Step::PublishPlain if self.broker.subscribed => self.push(&plain()),
            Step::PublishPlain => {}
            Step::Take => self.take(),
            Step::Break if self.broker.connected => {
                (self.broker.connected, self.broker.subscribed) = (false, false);
                // As the feed does: everything that came is taken before the next connection.
                while self.inbox.all_taken().now_or_never().is_none() {
                    self.take();
                }
                self.inbox.lost();
                self.channel.broker_down();
            }
            Step::Break => {}
            Step::Mend => self.broker.connected = true,
            Step::Confirm if self.broker.connected => {
                let changes = self.inbox.changes(1);
                self.broker.subscribed |= !changes.subscribe.is_empty();
                self.inbox.confirm(&changes.subscribe);
            }
            Step::Confirm => {}
            Step::Trim(count) => {
                let count = (*count).min(self.broker.kept.len());
                self.broker.kept.drain(..count);
                self.broker.lossy |= count > 0;
            }
            Step::Forget => {
                self.run(&Step::Break);
                self.broker.forget();
            }
            // Its durability is not declared: what is left belongs to another lineage, and cannot be counted on.
            Step::LoseTail(count) => {
                self.run(&Step::Break);
                let left = self.broker.kept.len().saturating_sub(*count);
                self.broker.kept.truncate(left);
                self.broker.forget();
            }
            Step::DropWindow => while self.channel.keep_window_if_used() {},
            Step::Read(budget) => self.read(*budget),
            Step::ReadEnds => self.read_ends(),
            Step::ReadFails => {
                if self.reading.take().is_some() && !self.broker.connected {
                    // It begins anew when there is a connection again.
                    let reason = BrokerUnavailable("refused".to_owned());
                    self.catching_up = !self.channel.failed(&reason);
                }
            }
            Step::Join(shared) => {
                let (tape, claim) = connect(if *shared { SHARED } else { OWN });
                let place = self.channel.add(subscriber(&claim, None), true, None, None);
                let cursor = Position { epoch: Uuid::max(), offset: 0 };
                self.clients.push(Client { tape, claim, place, cursor, count: 0, gaps: 0 });
            }
            Step::Walk(visits) => self.walk(*visits),
            Step::ComeBack(which) => {
                let which = which % self.clients.len();
                let mut client = self.clients.swap_remove(which);
                client.read(&self.broker);
                self.channel.remove(client.place);
                self.come_back(&mut client);
                self.clients.push(client);
            }
        }
        for client in &mut self.clients {
            client.read(&self.broker);
        }
    }

    fn publish(&mut self, payload: &'static str) {
        let publication = self.broker.publish(payload);
        if self.broker.subscribed {
            self.push(&publication);
        }
    }

    fn push(&mut self, publication: &Publication) {
        self.inbox.push_publication(&self.channel.key, publication);
    }

    /// As `Part::take` does it.
    fn take(&mut self) {
        match self.inbox.next().now_or_never() {
            Some(Incoming::Publications(Publications { publications, missed, .. })) => {
                // A plain event that was dropped is lost.
                self.broker.lossy |= missed.lost > 0;
                if self.channel.receive(&publications, missed).behind {
                    self.catching_up = true;
                    self.inbox.pause(&self.channel.key);
                }
            }
            Some(Incoming::Subscribed(_)) => {
                self.channel.subscribed();
                self.begin();
            }
            None => {}
            Some(other) => panic!("{other:?}"),
        }
    }

    fn begin(&mut self) {
        if self.channel.begin() {
            self.catching_up = true;
            self.inbox.pause(&self.channel.key);
        }
    }

    /// As `Part::look` and `Part::read` do it.
    fn read(&mut self, budget: usize) {
        if !self.catching_up || self.reading.is_some() {
            return;
        }
        let from = self.channel.reading();
        self.inbox.discard(&self.channel.key);
        let reading = match from {
            Some(from) if budget > 0 => Reading::History(self.broker.history(from, budget)),
            _ => Reading::Look(self.broker.position()),
        };
        self.reading = Some((from, reading));
    }

    fn read_ends(&mut self) {
        let caught_up = match self.reading.take() {
            Some((from, Reading::Look(newest))) => match self.channel.take_position(from, newest) {
                Some(caught_up) => caught_up,
                // It has to be read.
                None => return,
            },
            Some((from, Reading::History(history))) => self.channel.read(from, &history),
            None => return,
        };
        self.catching_up = caught_up.more;
        if !caught_up.more {
            self.inbox.resume(&self.channel.key);
        }
    }

    fn walk(&self, visits: usize) {
        for shard in 0..self.channel.shards() {
            let _ = self.channel.claim(shard);
            let step = self.channel.step(shard, visits);
            assert!(step.stopped.is_empty(), "there is room for all");
            if step.round_is_over {
                let _ = self.channel.give_up(shard);
            }
        }
    }

    /// As `Seat` and `subscription::Resume` do it, on a new connection.
    fn come_back(&mut self, client: &mut Client) {
        (client.tape, client.claim) = connect(client.claim.id);
        let mut first = self.channel.has_since(client.cursor);
        for _ in 0..1000 {
            let subscriber = |has| subscriber(&client.claim, has);
            let has = Some(client.cursor);
            if first && let Some(place) = self.channel.add_after(client.cursor, subscriber(has)) {
                return client.place = place;
            }
            first = true;
            let history = self.broker.history(client.cursor, 2);
            match after(&history) {
                Ok([]) => {
                    // The channel has to learn of the epoch.
                    self.begin();
                    for step in [Step::ReadEnds, Step::Read(1000), Step::ReadEnds] {
                        self.run(&step);
                    }
                }
                Ok(events) => {
                    let mut encoded = Vec::new();
                    for event in events {
                        let (frame, _) = self.channel.frame(event);
                        let frame = frame.unwrap();
                        let message = serde_json::from_slice(frame.message()).unwrap();
                        client.take(message, &self.broker);
                        encoded.push((event.offset().unwrap(), frame));
                    }
                    self.channel.adopt(client.cursor.epoch, &encoded);
                }
                Err(reason) => {
                    return client.place =
                        self.channel.add(subscriber(None), false, Some(reason), None);
                }
            }
        }
        panic!("a subscriber never comes back");
    }

    /// Lets everything come that is still to come, and one event more: a broker that lost its data while nothing was published
    /// is noticed then.
    fn settle(&mut self) {
        self.run(&Step::Mend);
        self.run(&Step::Confirm);
        self.run(&Step::Publish);
        let mut rest = 0;
        while rest < 3 {
            for step in [Step::Confirm, Step::Take, Step::Read(1000), Step::ReadEnds] {
                self.run(&step);
            }
            let calm = !self.catching_up && self.inbox.all_taken().now_or_never().is_some();
            rest = if calm { rest + 1 } else { 0 };
        }
        for shard in 0..self.channel.shards() {
            while !self.channel.step(shard, 1).round_is_over || !self.channel.give_up(shard) {}
        }
        for client in &mut self.clients {
            client.read(&self.broker);
        }
    }
}

/// Found by the property test, once in some 100,000 sequences.
#[test]
fn a_gap_for_dropped_plain_events_takes_no_client_back_behind_what_it_has() {
    use Step::{ComeBack, Publish, PublishPlain, Take};
    // Its inbox has room for one event, so the client is ahead of it.
    let mut model = Model::new(0, 1);
    for step in [Publish, Take, Publish, ComeBack(0), PublishPlain, Publish, PublishPlain, Publish]
    {
        model.run(&step);
    }
    model.run(&ComeBack(0));
    model.settle();
    let client = &model.clients[0];
    assert_eq!((client.count, client.gaps), (model.broker.published.len(), 1));
}

/// A client's connection, and its subscription there.
fn connect(id: SubscriptionId) -> (Arc<Tape>, Claim) {
    let tape = Tape::new(usize::MAX);
    let connection = tape.connection(ROOM);
    let claim = connection
        .open(Transport::WebSocket)
        .unwrap()
        .claim::<OnProducts>(id, || unreachable!("it is free"));
    (tape, claim)
}

fn subscriber(claim: &Claim, has: Option<Position>) -> Subscriber {
    Subscriber { id: claim.id, lane: claim.lane().clone(), has }
}

fn plain() -> Publication {
    Publication { tracked: None, payload: "[]".into() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_subscriber_has_every_event_once_and_in_order_or_is_told_of_a_gap(
        steps in prop::collection::vec(step(), 1..60),
        // From nothing in the window to everything.
        window_bytes in prop_oneof![Just(0usize), Just(800), Just(ROOM)],
        // From one event in the inbox to all.
        inbox_bytes in prop_oneof![Just(1usize), Just(400), Just(ROOM)],
    ) {
        let mut model = Model::new(window_bytes, inbox_bytes);
        for step in &steps {
            model.run(step);
        }
        model.settle();
        for client in &model.clients {
            prop_assert_eq!(client.count, model.broker.published.len(), "a subscriber was left behind");
            prop_assert!(model.broker.lossy || client.gaps == 0, "a gap where nothing was lost");
        }
    }
}
