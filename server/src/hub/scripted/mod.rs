//! A part of the hub against a broker whose answers are scripted: what comes from it, in which order, and what is
//! asked meanwhile.
//!
//! The clock stands still unless nothing else can go on, so every test runs the same way each time.

use std::{fmt::Debug, slice, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use serde_json::Value;
use tidings_contract::Subscription;
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{HubOptions, Seat, Shared, Subscriber, part::Part};
use crate::{
    broker::{BrokerUnavailable, ChannelKey, History, Incoming, Position, Publication, Tracked},
    metrics::Metrics,
    sample::OnProducts,
    socket::{Claim, Tape, Transport},
};
use broker::{Answer, Request, ScriptedBroker};

mod broker;
mod cases;

const ROOM: usize = 1 << 20;

const EPOCH: Uuid = Uuid::from_u128(1);

/// A part, and what is around it.
struct Stage {
    part: Arc<Part>,
    broker: Arc<ScriptedBroker>,
    requests: mpsc::UnboundedReceiver<Request>,
    /// What the broker's connection says.
    notices: mpsc::UnboundedSender<Incoming>,
    running: JoinHandle<()>,
}

/// A subscriber, and what it was sent.
struct Listener {
    tape: Arc<Tape>,
    _claim: Claim,
    _seat: Seat,
}

type Join = JoinHandle<Result<Seat, BrokerUnavailable>>;

impl Stage {
    /// A part whose broker is up, with room for this many bytes of a channel in the inbox.
    fn new(channel_bytes: usize) -> Self {
        let (broker, requests) = ScriptedBroker::new(channel_bytes);
        let options = HubOptions {
            instance: "test".to_owned(),
            max_payload_bytes: ROOM,
            window_bytes: ROOM,
            all_windows_bytes: ROOM,
            longest_rest: Duration::ZERO,
            shards: 2,
        };
        let shared = Shared {
            options,
            broker: broker.clone(),
            metrics: Arc::new(Metrics::new()),
            next_id: 1.into(),
            parts_down: 0.into(),
            page_reads: tokio::sync::Semaphore::new(1),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        let part = Part::new(Arc::new(shared), 1);
        let (notices, noticed) = mpsc::unbounded_channel();
        let incoming = stream::unfold((broker.clone(), noticed), async |(broker, mut noticed)| {
            let incoming = tokio::select! {
                biased;
                notice = noticed.recv() => notice?,
                incoming = broker.inbox.next() => incoming,
            };
            Some((incoming, (broker, noticed)))
        });
        let running = tokio::spawn(part.clone().run(incoming.boxed()));
        let stage = Self { part, broker, requests, notices, running };
        stage.notices.send(Incoming::Up).unwrap();
        stage
    }

    /// Waits until nothing can go on by itself: the clock moves only then.
    async fn idle(&self) {
        sleep(Duration::from_millis(1)).await;
    }

    /// Begins to join a channel.
    async fn join<P: Subscription>(&self, key: &ChannelKey) -> Join {
        let (part, key) = (self.part.clone(), key.clone());
        let join = tokio::spawn(async move { part.join::<P>(key).await });
        self.idle().await;
        join
    }

    /// The channels that the broker is to be subscribed to.
    fn wanted(&self) -> Vec<ChannelKey> {
        self.broker.inbox.changes(usize::MAX).subscribe
    }

    /// The broker confirms subscriptions.
    async fn confirm(&self, keys: &[&ChannelKey]) {
        let keys: Vec<_> = keys.iter().copied().cloned().collect();
        self.broker.inbox.confirm(&keys);
        self.idle().await;
    }

    /// The connection breaks. As the feed does it, what had come is taken first.
    async fn down(&self) {
        self.idle().await;
        self.broker.inbox.lost();
        self.notices.send(Incoming::Down).unwrap();
        self.idle().await;
    }

    /// There is a connection again.
    async fn up(&self) {
        self.notices.send(Incoming::Up).unwrap();
        self.idle().await;
    }

    /// The broker delivers an event.
    async fn push(&self, key: &ChannelKey, offset: u64) {
        self.broker.inbox.push_publication(key, &event(offset));
        self.idle().await;
    }

    async fn request(&mut self) -> Request {
        let asked = timeout(Duration::from_secs(30), self.requests.recv()).await;
        asked.expect("nothing is asked").unwrap()
    }

    /// The next request: where these channels stand.
    async fn look(&mut self, keys: &[&ChannelKey]) -> Answer<Vec<Position>> {
        match self.request().await {
            Request::Positions(asked, answer) if asked.iter().eq(keys.iter().copied()) => answer,
            other => panic!("{other:?}"),
        }
    }

    /// The next request: a channel's history after this offset.
    async fn read(&mut self, key: &ChannelKey, after: u64) -> Answer<History> {
        match self.request().await {
            Request::History(asked, from, answer) if asked == *key && from == at(after) => answer,
            other => panic!("{other:?}"),
        }
    }

    async fn answer<T: Debug>(&self, to: Answer<T>, answer: T) {
        to.send(Ok(answer)).unwrap();
        self.idle().await;
    }

    /// Joins a channel that stands at `offset`.
    async fn listen(&mut self, key: &ChannelKey, offset: u64) -> Listener {
        let join = self.join::<OnProducts>(key).await;
        assert_eq!(self.wanted(), slice::from_ref(key));
        self.confirm(&[key]).await;
        let look = self.look(&[key]).await;
        self.answer(look, vec![at(offset)]).await;
        let mut listener = Listener::take(join).await;
        assert_eq!(listener.told(), [format!("started {offset}")]);
        listener
    }

    fn asks_nothing(&mut self) {
        assert!(self.requests.is_empty(), "{:?}", self.requests.try_recv());
    }
}

impl Listener {
    /// Takes its place in the channel that it has joined.
    async fn take(join: Join) -> Self {
        let mut seat = join.await.unwrap().unwrap();
        let tape = Tape::new(usize::MAX);
        let connection = tape.connection(ROOM);
        let id = seat.shared_id();
        let claim = connection
            .open(Transport::WebSocket)
            .unwrap()
            .claim::<OnProducts>(id, || unreachable!());
        let subscriber = Subscriber { id, lane: claim.lane().clone(), has: None };
        seat.take(subscriber, true, None, None);
        Self { tape, _claim: claim, _seat: seat }
    }

    /// The events that it was sent since the last time, in a word each, with their offsets.
    fn told(&mut self) -> Vec<String> {
        let events = self.tape.messages().into_iter().map(|mut m| m["params"]["result"].take());
        events.map(|event| word(&event)).collect()
    }
}

fn word(event: &Value) -> String {
    let id = event.get("id").or_else(|| event.get("lastEventId")).and_then(Value::as_str);
    let position = id.map(|id| id.parse::<Position>().unwrap());
    let kind = event["type"].as_str().unwrap();
    match (kind, position) {
        ("status", _) => event["broker"].as_str().unwrap().to_owned(),
        (_, Some(position)) => format!("{kind} {}", position.offset),
        (_, None) => kind.to_owned(),
    }
}

fn at(offset: u64) -> Position {
    Position { epoch: EPOCH, offset }
}

fn event(offset: u64) -> Publication {
    let tracked = Some(Tracked { position: at(offset), published_at_ms: 0 });
    Publication { tracked, payload: "[]".into() }
}

/// What follows `after` in the history of a channel that stands at `newest`.
fn history(after: u64, newest: u64) -> History {
    let events = (after + 1..=newest).map(event).collect();
    History { newest: at(newest), after: Some(after), events }
}
