//! The hub's channel against a model of everything around it: a broker that publishes, trims and loses its
//! data, a link that breaks, readings that come at any moment, and subscribers that come and go.
//!
//! The promise that every sequence has to keep: within a channel, a subscriber receives events in publish
//! order, each at most once, with none missing between two events unless a gap stands between them; and in
//! the end it has the newest.

use std::collections::VecDeque;

use futures_util::FutureExt;
use proptest::prelude::*;
use serde_json::Value;
use tidings_schema::{BrokerStatus, Event, Feed, OnUpdates, SubscriptionId};
use uuid::Uuid;

use super::channel::{HubChannel, Place, Placement, Reading, Received, Subscriber};
use crate::{
    broker::{ChannelKey, History, Position, Publication, Tracked},
    resume::after,
    socket::{BacklogReader, Frame, backlog},
};

const CASES: u32 = 10_000;
const SHARED: SubscriptionId = SubscriptionId(1);
const ROOM: usize = 1 << 20;

#[derive(Clone, Debug)]
enum Step {
    Publish,
    PublishPlain,
    /// The next message on the link arrives.
    Arrive,
    /// The link breaks: what is on it is lost.
    Break,
    Mend,
    Trim(usize),
    /// The broker comes back without its data.
    Forget,
    /// A reading of at most so many events begins, and ends.
    Read(usize),
    ReadEnds,
    Join,
    /// A subscriber leaves and comes back with its cursor.
    ComeBack(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Publish),
        1 => Just(Step::PublishPlain),
        6 => Just(Step::Arrive),
        1 => Just(Step::Break),
        2 => Just(Step::Mend),
        1 => (0..4usize).prop_map(Step::Trim),
        1 => Just(Step::Forget),
        3 => (1..4usize).prop_map(Step::Read),
        3 => Just(Step::ReadEnds),
        1 => Just(Step::Join),
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
    reader: BacklogReader,
    place: Place,
    cursor: Position,
    gaps: usize,
}

impl Model {
    /// A channel that knows where it stands, with one subscriber.
    fn new(window_bytes: usize) -> Self {
        let key = ChannelKey::from("updates:{a}");
        let channel = HubChannel::new::<OnUpdates>(
            key,
            SHARED,
            "test".to_owned(),
            BrokerStatus::Up,
            ROOM,
            window_bytes,
        );
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
        model.run(&Step::Join);
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
            Step::Arrive => {
                if let Some(publication) = self.link.pop_front()
                    && self.channel.receive(publication) == Received::Behind
                {
                    self.catching_up = true;
                }
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
            Step::Join => {
                let (backlog, reader) = backlog(Feed::Log, ROOM);
                let subscriber = Subscriber { id: SHARED, backlog, has: None };
                let place = self.channel.add(subscriber, true, None);
                let cursor = Position { epoch: Uuid::max(), offset: 0 };
                self.clients.push(Client { reader, place, cursor, gaps: 0 });
            }
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

    /// As `Seat` and `subscription::Delivery` do it.
    fn come_back(&mut self, client: &mut Client) {
        let (backlog, reader) = backlog(Feed::Log, ROOM);
        client.reader = reader;
        let mut subscriber = Subscriber { id: SHARED, backlog, has: Some(client.cursor) };
        let mut first = self.channel.placement(client.cursor) == Placement::AtHand;
        loop {
            if first {
                match self.channel.add_after(client.cursor, subscriber) {
                    Ok(place) => return client.place = place,
                    Err(back) => subscriber = back,
                }
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
                        client.take(&frame);
                        encoded.push((event.offset().unwrap(), Some(frame)));
                    }
                    self.channel.adopt(client.cursor.epoch, &encoded);
                    subscriber.has = Some(client.cursor);
                }
                Err(reason) => {
                    subscriber.has = None;
                    return client.place = self.channel.add(subscriber, false, Some(reason));
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
            self.run(&Step::Arrive);
        }
        for _ in 0..1000 {
            self.run(&Step::ReadEnds);
            self.run(&Step::Read(1000));
            if self.reading.is_none() {
                return;
            }
        }
        panic!("the channel never catches up");
    }
}

impl Client {
    fn read(&mut self) {
        while let Some(Some(frame)) = self.reader.next().now_or_never() {
            self.reader.read(&frame);
            self.take(&frame);
        }
    }

    fn take(&mut self, frame: &Frame) {
        let message: Value = serde_json::from_str(frame.to_raw().get()).unwrap();
        let event: Event<Value> =
            serde_json::from_value(message["params"]["result"].clone()).unwrap();
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
