//! The outbox against a strict WebSocket peer: whatever jsonrpsee and the hub write, in whatever pieces, and
//! however little the socket takes at a time, what comes out is a sequence of whole messages, in which nothing is
//! missing that was not let go on purpose.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read, Write},
    sync::Arc,
};

use bytes::Bytes;
use proptest::prelude::*;
use tidings_contract::{Feed, SubscriptionId};
use tokio_tungstenite::tungstenite::{
    Error, Message, WebSocket,
    protocol::{CloseFrame, Role, WebSocketConfig},
};

use super::{CloseCode, Frame, Kind, Tape, Wire, encoding::Encoding, outbox::Outbox, queue::Owner};

const CASES: u32 = 3_000;
const LIMIT: usize = 600;

#[derive(Clone, Debug)]
enum Step {
    /// jsonrpsee begins to send something: a text in so many fragments, with a ping between if there are several.
    RpcText(usize, usize),
    RpcPing,
    /// jsonrpsee hands over so many bytes of what it is sending.
    RpcWrite(usize),
    /// An event of so many bytes, or several at once, on a lane.
    Push(usize, usize, usize),
    /// Something else on a lane.
    Say(usize),
    Answer(usize),
    CloseLane(usize),
    FinishLane(usize),
    Cork,
    Uncork,
    /// The socket takes so many bytes more.
    Allow(usize),
}

fn step() -> impl Strategy<Value = Step> {
    // Around the lengths at which a header grows, too.
    let size = prop_oneof![0..40usize, 120..130usize, 300..301usize];
    prop_oneof![
        2 => (size.clone(), 1..4usize).prop_map(|(size, pieces)| Step::RpcText(size, pieces)),
        1 => Just(Step::RpcPing),
        4 => (1..200usize).prop_map(Step::RpcWrite),
        6 => (0..LANES.len(), size.clone(), 1..3usize)
            .prop_map(|(lane, size, count)| Step::Push(lane, size, count)),
        1 => (0..LANES.len()).prop_map(Step::Say),
        1 => size.prop_map(Step::Answer),
        1 => (0..LANES.len()).prop_map(Step::CloseLane),
        1 => (0..LANES.len()).prop_map(Step::FinishLane),
        1 => Just(Step::Cork),
        2 => Just(Step::Uncork),
        6 => (1..300usize).prop_map(Step::Allow),
    ]
}

const LANES: [Feed; 3] = [Feed::Log, Feed::Log, Feed::State];

/// What has become of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Open,
    /// By `close_lane`, which lets go of what waits.
    Closed,
    /// By `finish_lane`, behind what waits.
    Finished,
    /// By `relieve`, since too much waited.
    Stopped,
}

struct Model {
    outbox: Outbox,
    tape: Arc<Tape>,
    wire: Wire,
    keys: Vec<u32>,
    lives: Vec<Life>,
    /// How many events were pushed to each lane.
    pushed: Vec<usize>,
    /// How much else.
    said: Vec<usize>,
    /// What jsonrpsee has not handed over yet.
    rpc: Vec<u8>,
    texts: usize,
    pings: usize,
    answers: usize,
    output: Vec<u8>,
}

impl Model {
    fn new() -> Self {
        let tape = Tape::new(0);
        let mut outbox = Outbox::new(LIMIT);
        outbox.queue.upgrade();
        outbox.push_rpc(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n", || None);
        let ids = (0..).map(SubscriptionId);
        let lanes = LANES.iter().zip(ids);
        let keys = lanes.map(|(feed, id)| outbox.open(id, "on", *feed, Encoding::Frames)).collect();
        Self {
            outbox,
            wire: Wire::Tape(tape.clone()),
            tape,
            keys,
            lives: vec![Life::Open; LANES.len()],
            pushed: vec![0; LANES.len()],
            said: vec![0; LANES.len()],
            rpc: Vec::new(),
            texts: 0,
            pings: 0,
            answers: 0,
            output: Vec::new(),
        }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::RpcText(size, pieces) => {
                let text = format!("rpc {} {}", self.texts, "x".repeat(size));
                self.texts += 1;
                for piece in 0..pieces {
                    let (begin, end) = (text.len() * piece, text.len() * (piece + 1));
                    let part = &text.as_bytes()[begin / pieces..end / pieces];
                    let first = u8::from(piece == 0) | if piece + 1 == pieces { 0x80 } else { 0 };
                    self.rpc_frame(first, part);
                    if piece + 1 < pieces {
                        self.ping();
                    }
                }
            }
            Step::RpcPing => self.ping(),
            Step::RpcWrite(bytes) => {
                let bytes = bytes.min(self.rpc.len());
                let (taken, _) = self.outbox.push_rpc(&self.rpc[..bytes], || None);
                self.rpc.drain(..taken);
            }
            Step::Push(lane, size, count) => {
                let events = self.pushed[lane]..self.pushed[lane] + count;
                let text = |event| format!("{lane} {event} {}", "x".repeat(size));
                let frames: Vec<_> =
                    events.map(|event| Frame::text(text(event).as_bytes())).collect();
                if self.push(lane, Kind::Data, &Frame::join(frames.iter())) {
                    self.pushed[lane] += count;
                }
            }
            Step::Say(lane) => {
                let text = format!("said-{lane} {}", self.said[lane]);
                if self.push(lane, Kind::Control, Frame::text(text.as_bytes()).as_bytes()) {
                    self.said[lane] += 1;
                }
            }
            Step::Answer(size) => {
                let text = format!("answer {} {}", self.answers, "x".repeat(size));
                self.answers += 1;
                self.outbox.queue.push(Owner::Answer, Frame::text(text.as_bytes()).into());
            }
            Step::CloseLane(lane) => {
                if self.outbox.close_lane(self.keys[lane]) {
                    self.lives[lane] = Life::Closed;
                }
            }
            Step::FinishLane(lane) => {
                if self.lives[lane] == Life::Open {
                    self.lives[lane] = Life::Finished;
                    let last = format!("last {lane}");
                    self.outbox.finish_lane(self.keys[lane], Frame::text(last.as_bytes()));
                }
            }
            Step::Cork => self.outbox.corks = 1,
            Step::Uncork => self.outbox.corks = 0,
            Step::Allow(bytes) => self.tape.allow(bytes),
        }
        self.write();
        assert_eq!(self.outbox.queue.counts(), self.outbox.queue.recount());
    }

    /// As `Connection::push` does it.
    fn push(&mut self, lane: usize, kind: Kind, frames: &Bytes) -> bool {
        let (key, is_open) = (self.keys[lane], self.lives[lane] == Life::Open);
        assert_eq!(self.outbox.is_open(key), is_open);
        if self.outbox.is_idle() && is_open {
            let written = self.wire.send(frames).unwrap_or(0);
            if written < frames.len() {
                self.outbox.queue.push_rest(kind.owner(key), frames.clone(), written);
            }
        } else {
            assert_eq!(self.outbox.push(key, kind, frames), is_open);
        }
        is_open
    }

    /// As `Connection::flush` and `Connection::push` do it.
    fn write(&mut self) {
        if self.outbox.corks > 0 {
            return;
        }
        self.outbox.queue.write(&self.wire).unwrap();
        self.output.extend(self.tape.rewind());
        for key in self.outbox.relieve() {
            let lane = self.keys.iter().position(|k| *k == key).unwrap();
            self.lives[lane] = Life::Stopped;
        }
        let stoppable = self.outbox.queue.removable().any(|(owner, _)| match owner {
            Owner::Events(key) | Owner::Control(key) => self.outbox.is_open(key),
            Owner::Rpc | Owner::Answer => false,
        });
        assert!(self.outbox.queue.lane_bytes() <= LIMIT || !stoppable);
    }

    fn rpc_frame(&mut self, first: u8, payload: &[u8]) {
        let mut frame = bytes::Bytes::from(Frame::text(payload)).to_vec();
        frame[0] = first;
        self.rpc.extend(frame);
    }

    fn ping(&mut self) {
        let payload = format!("ping {}", self.pings);
        self.pings += 1;
        self.rpc_frame(0x89, payload.as_bytes());
    }

    /// Lets everything out, and says goodbye: of our own accord, or because the peer does.
    fn finish(&mut self, echo: bool) {
        self.run(&Step::Uncork);
        self.run(&Step::Allow(usize::MAX));
        while !self.rpc.is_empty() {
            self.run(&Step::RpcWrite(usize::MAX));
        }
        // As jsonrpsee closes, and is not heard any more.
        let code = (!echo).then_some(CloseCode::Restart);
        self.outbox.push_rpc(&[0x88, 2, 3, 0xe8], || code);
        self.outbox.push_rpc(b"whatever", || None);
        for key in &self.keys {
            assert!(!self.outbox.push(*key, Kind::Data, Frame::text(b"late").as_bytes()));
        }
        self.write();
        assert_eq!(self.outbox.queue.bytes(), 0);
        assert!(self.outbox.queue.is_written());
    }
}

/// What the peer reads from. What it answers goes nowhere.
struct Output(Cursor<Vec<u8>>);

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a strict peer reads.
fn read(output: &[u8]) -> (Vec<String>, Vec<String>, Option<CloseFrame>) {
    let head = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let frames = Output(Cursor::new(output[head..].to_vec()));
    let config = WebSocketConfig::default();
    let mut peer = WebSocket::from_raw_socket(frames, Role::Client, Some(config));
    let (mut texts, mut pings, mut close) = (Vec::new(), Vec::new(), None);
    loop {
        match peer.read() {
            Ok(Message::Text(text)) => texts.push(text.to_string()),
            Ok(Message::Ping(ping)) => pings.push(String::from_utf8(ping.to_vec()).unwrap()),
            Ok(Message::Close(frame)) => close = frame,
            Ok(other) => panic!("{other:?}"),
            Err(Error::ConnectionClosed | Error::Io(_)) if close.is_some() => break,
            Err(error) => panic!("{error} behind {texts:?}"),
        }
    }
    (texts, pings, close)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_out_is_whole_and_in_order(
        steps in prop::collection::vec(step(), 1..60),
        echo in any::<bool>(),
    ) {
        let mut model = Model::new();
        for step in &steps {
            model.run(step);
        }
        model.finish(echo);

        let (texts, pings, close) = read(&model.output);
        prop_assert_eq!(u16::from(close.unwrap().code), if echo { 1000 } else { 1012 });
        let expected: Vec<_> = (0..model.pings).map(|n| format!("ping {n}")).collect();
        prop_assert_eq!(pings, expected);
        let mut by_source = BTreeMap::<&str, Vec<&str>>::new();
        for text in &texts {
            let (source, rest) = text.split_once(' ').unwrap_or((text, ""));
            by_source.entry(source).or_default().push(rest.split(' ').next().unwrap_or(rest));
        }
        let numbers = |source| -> Vec<usize> {
            by_source.get(source).into_iter().flatten().map(|n| n.parse().unwrap()).collect()
        };
        prop_assert_eq!(numbers("rpc"), (0..model.texts).collect::<Vec<_>>());
        prop_assert_eq!(numbers("answer"), (0..model.answers).collect::<Vec<_>>());
        for (lane, feed) in LANES.iter().enumerate() {
            let got = numbers(["0", "1", "2"][lane]);
            let pushed = model.pushed[lane];
            let life = model.lives[lane];
            prop_assert!(got.is_sorted_by(|a, b| a < b), "{:?}", got);
            match feed {
                // Nothing is missing but the end, of one that was closed or stopped.
                Feed::Log => {
                    prop_assert_eq!(&got, &(0..got.len()).collect::<Vec<_>>());
                    let whole = matches!(life, Life::Open | Life::Finished);
                    prop_assert!(!whole || got.len() == pushed, "{} of {}", got.len(), pushed);
                }
                Feed::State | Feed::Members => {
                    let newest = matches!(life, Life::Open | Life::Finished);
                    prop_assert!(!newest || got.last().copied() == pushed.checked_sub(1));
                }
            }
            let said = numbers(["said-0", "said-1", "said-2"][lane]);
            prop_assert_eq!(&said, &(0..said.len()).collect::<Vec<_>>());
            let whole = matches!(life, Life::Open | Life::Finished);
            prop_assert!(!whole || said.len() == model.said[lane]);
            let told = |what: &str| texts.iter().filter(|text| text.contains(what)).count();
            let last = usize::from(life == Life::Finished);
            prop_assert_eq!(told(&format!("last {lane}")), last);
            let stopped = format!(r#""subscription":{lane},"result":{{"type":"stopped","reason":"slowConsumer"}}"#);
            prop_assert_eq!(told(&stopped), usize::from(life == Life::Stopped));
        }
    }
}
