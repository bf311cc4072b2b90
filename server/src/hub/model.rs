//! The hub's channel against a model of everything around it: a broker that publishes, trims and loses its
//! data, a link that breaks, readings that come at any moment, a walk over the subscribers that is always in the
//! middle, and subscribers that come and go.
//!
//! The promise that every sequence has to keep: within a channel, a subscriber receives events in publish
//! order, each at most once, with none missing between two events unless a gap stands between them; and in
//! the end it has the newest.

use std::{collections::VecDeque, sync::Arc};

use proptest::prelude::*;
use serde_json::Value;
use tidings_contract::{BrokerStatus, Event, SubscriptionId};
use uuid::Uuid;

use super::channel::{ChannelOptions, HubChannel, Place, Placement, Reading, Subscriber};
use crate::{
    broker::{ChannelKey, History, Position, Publication, Tracked},
    resume::after,
    sample::OnProducts,
    socket::{Claim, Tape},
};

const CASES: u32 = 10_000;
const SHARED: SubscriptionId = SubscriptionId(1);
const OWN: SubscriptionId = SubscriptionId(17);
const SHARDS: usize = 2;
const ROOM: usize = 1 << 20;

#[derive(Clone, Debug)]
enum Step {
    Publish,
    PublishPlain,
    /// The next messages on the link arrive, so many at once.
    Arrive(usize),
    /// The link breaks: what is on it is lost.
    Break,
    Mend,
    Trim(usize),
    /// The broker comes back without its data.
    Forget,
    /// A reading of at most so many events begins, and ends.
    Read(usize),
    ReadEnds,
    /// With the shared id or its own.
    Join(bool),
    /// What is on its way is handed to so many subscribers of a shard.
    Walk(usize, usize),
    /// A subscriber leaves and comes back with its cursor.
    ComeBack(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Publish),
        1 => Just(Step::PublishPlain),
        6 => (1..4usize).prop_map(Step::Arrive),
        1 => Just(Step::Break),
        2 => Just(Step::Mend),
        1 => (0..4usize).prop_map(Step::Trim),
        1 => Just(Step::Forget),
        3 => (1..4usize).prop_map(Step::Read),
        3 => Just(Step::ReadEnds),
        1 => any::<bool>().prop_map(Step::Join),
        8 => (0..SHARDS, 1..3usize).prop_map(|(shard, visits)| Step::Walk(shard, visits)),
        2 => (0..8usize).prop_map(Step::ComeBack),
    ]
}

struct Model {
    newest: Position,
    epochs: u128,
    kept: VecDeque<u64>,
    link: VecDeque<Publication>,
    up: bool,
    channel: HubChannel,
    catching_up: bool,
    reading: Option<(Reading, History)>,
    clients: Vec<Client>,
    /// Something was lost for good: gaps are in order.
    lossy: bool,
}

struct Client {
    tape: Arc<Tape>,
    claim: Claim,
    place: Place,
    cursor: Position,
    gaps: usize,
}

impl Model {
    /// A channel that knows where it stands, with one subscriber.
    fn new(window_bytes: usize) -> Self {
        let key = ChannelKey::from("products:{a}");
        let options = ChannelOptions {
            instance: "test".to_owned(),
            max_payload_bytes: ROOM,
            window_bytes,
            shards: SHARDS,
        };
        let channel = HubChannel::new::<OnProducts>(key, SHARED, BrokerStatus::Up, options);
        let newest = Position { epoch: Uuid::from_u128(0), offset: 0 };
        let mut model = Self {
            newest,
            epochs: 0,
            kept: VecDeque::new(),
            link: VecDeque::new(),
            up: true,
            channel,
            catching_up: true,
            reading: None,
            clients: Vec::new(),
            lossy: false,
        };
        model.channel.begin();
        model.run(&Step::Read(1));
        model.run(&Step::ReadEnds);
        model.run(&Step::Join(true));
        model
    }

    fn history(&mut self, from: Option<u64>, budget: usize, seen: Option<Position>) -> History {
        if seen.is_some_and(|s| s.epoch == self.newest.epoch && s.offset > self.newest.offset) {
            self.forget();
        }
        let events = self.kept.iter().filter(|o| from.is_some_and(|from| **o > from)).take(budget);
        let events =
            events.map(|offset| event(Position { offset: *offset, ..self.newest })).collect();
        History { newest: self.newest, events }
    }

    fn forget(&mut self) {
        self.epochs += 1;
        self.newest = Position { epoch: Uuid::from_u128(self.epochs), offset: 0 };
        self.kept.clear();
        self.lossy = true;
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Publish => {
                self.newest.offset += 1;
                self.kept.push_back(self.newest.offset);
                if self.up {
                    self.link.push_back(event(self.newest));
                }
            }
            Step::PublishPlain if self.up => {
                self.link.push_back(Publication { tracked: None, payload: "[]".into() });
            }
            Step::PublishPlain => {}
            Step::Arrive(count) => {
                let count = (*count).min(self.link.len());
                let arrived: Vec<_> = self.link.drain(..count).collect();
                self.catching_up |= self.channel.receive(arrived).behind;
            }
            Step::Break => {
                self.link.clear();
                self.up = false;
            }
            Step::Mend if !self.up => {
                self.up = true;
                self.catching_up |= self.channel.begin();
            }
            Step::Mend => {}
            Step::Trim(count) => {
                let count = (*count).min(self.kept.len());
                self.kept.drain(..count);
                self.lossy |= count > 0;
            }
            Step::Forget => self.forget(),
            Step::Read(budget) => {
                if self.catching_up && self.reading.is_none() {
                    let reading = self.channel.reading();
                    let from = reading.from.map(|from| from.offset);
                    let history = self.history(from, *budget, reading.from);
                    self.reading = Some((reading, history));
                }
            }
            Step::ReadEnds => {
                if let Some((reading, history)) = self.reading.take() {
                    self.catching_up = self.channel.read(reading, &history).more;
                }
            }
            Step::Join(shared) => {
                let (tape, claim) = connect(if *shared { SHARED } else { OWN });
                let place = self.channel.add(subscriber(&claim, None), true, None);
                let cursor = Position { epoch: Uuid::max(), offset: 0 };
                self.clients.push(Client { tape, claim, place, cursor, gaps: 0 });
            }
            Step::Walk(shard, visits) => self.walk(*shard, *visits),
            Step::ComeBack(which) => {
                let which = which % self.clients.len();
                let mut client = self.clients.swap_remove(which);
                client.read();
                self.channel.remove(client.place);
                self.come_back(&mut client);
                self.clients.push(client);
            }
        }
        for client in &mut self.clients {
            client.read();
        }
    }

    fn walk(&self, shard: usize, visits: usize) {
        let _ = self.channel.claim(shard);
        let step = self.channel.step(shard, visits);
        assert!(step.stopped.is_empty(), "there is room for all");
        if step.round_is_over {
            let _ = self.channel.give_up(shard);
        }
    }

    /// As `Seat` and `subscription::Resume` do it, on a new connection.
    fn come_back(&mut self, client: &mut Client) {
        (client.tape, client.claim) = connect(client.claim.id);
        let mut first = self.channel.placement(client.cursor) == Placement::AtHand;
        loop {
            let subscriber = |has| subscriber(&client.claim, has);
            let has = Some(client.cursor);
            if first && let Some(place) = self.channel.add_after(client.cursor, subscriber(has)) {
                return client.place = place;
            }
            first = true;
            let history = self.history(Some(client.cursor.offset), 2, None);
            match after(client.cursor, &history) {
                Ok([]) => {
                    // The channel has to learn of the epoch.
                    self.catching_up |= self.channel.begin();
                    for step in [Step::ReadEnds, Step::Read(1000), Step::ReadEnds] {
                        self.run(&step);
                    }
                }
                Ok(events) => {
                    let mut encoded = Vec::new();
                    for event in events {
                        let frame = self.channel.event(event).unwrap();
                        client.take(serde_json::from_slice(frame.message()).unwrap());
                        encoded.push((event.offset().unwrap(), Some(frame)));
                    }
                    self.channel.adopt(client.cursor.epoch, &encoded);
                }
                Err(reason) => {
                    return client.place = self.channel.add(subscriber(None), false, Some(reason));
                }
            }
        }
    }

    /// Lets everything arrive that is still to come, and one event more: a broker that lost its data while
    /// nothing was published is noticed then.
    fn settle(&mut self) {
        self.run(&Step::Mend);
        self.run(&Step::Publish);
        while !self.link.is_empty() {
            self.run(&Step::Arrive(3));
        }
        for _ in 0..1000 {
            self.run(&Step::ReadEnds);
            self.run(&Step::Read(1000));
            if self.reading.is_none() {
                self.walk_all();
                return;
            }
        }
        panic!("the channel never catches up");
    }

    fn walk_all(&mut self) {
        for shard in 0..SHARDS {
            while !self.channel.step(shard, 1).round_is_over || !self.channel.give_up(shard) {}
        }
        for client in &mut self.clients {
            client.read();
        }
    }
}

/// A client's connection, and its subscription there.
fn connect(id: SubscriptionId) -> (Arc<Tape>, Claim) {
    let tape = Tape::new(usize::MAX);
    let connection = tape.connection(ROOM);
    let claim = connection.open().unwrap().claim::<OnProducts>(id, || unreachable!("it is free"));
    (tape, claim)
}

fn subscriber(claim: &Claim, has: Option<Position>) -> Subscriber {
    Subscriber { id: claim.id, lane: claim.lane().clone(), has }
}

impl Client {
    fn read(&mut self) {
        for message in self.tape.messages() {
            assert_eq!(message["params"]["subscription"], self.claim.id.0);
            self.take(message);
        }
    }

    fn take(&mut self, mut message: Value) {
        let event = message["params"]["result"].take();
        let event: Event<Value> = serde_json::from_value(event).unwrap();
        match event {
            Event::Data { id: Some(id), .. } => {
                let id: Position = id.as_str().parse().unwrap();
                assert_eq!(
                    id,
                    Position { offset: self.cursor.offset + 1, ..self.cursor },
                    "a hole"
                );
                self.cursor = id;
            }
            Event::Started { last_event_id: Some(id), .. } => {
                self.cursor = id.as_str().parse().unwrap()
            }
            Event::Gap { last_event_id: Some(id), .. } => {
                self.cursor = id.as_str().parse().unwrap();
                self.gaps += 1;
            }
            Event::Data { id: None, .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

fn event(position: Position) -> Publication {
    let tracked = Some(Tracked { position, published_at_ms: 0 });
    Publication { tracked, payload: "[]".into() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_subscriber_has_every_event_once_and_in_order_or_is_told_of_a_gap(
        steps in prop::collection::vec(step(), 1..60),
        // From nothing at hand to everything.
        window_bytes in prop_oneof![Just(0usize), Just(500), Just(ROOM)],
    ) {
        let mut model = Model::new(window_bytes);
        for step in &steps {
            model.run(step);
        }
        model.settle();
        for client in &model.clients {
            prop_assert_eq!(client.cursor, model.newest, "a subscriber was left behind");
            prop_assert!(model.lossy || client.gaps == 0, "a gap where nothing was lost");
        }
    }
}
