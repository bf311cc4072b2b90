//! What waits for one client to read, and what becomes of it when that grows too large.

use bytes::Bytes;
use smallvec::SmallVec;
use tidings_contract::{Event, Feed, StopReason, SubscriptionId};

use super::{
    CloseCode, Frame,
    encoding::{Encoding, Frames},
    queue::{Owner, Queue},
};

/// Bytes of jsonrpsee's that may wait. When full, jsonrpsee waits.
const RPC_BYTES: usize = 64 * 1024;

/// What waits for one client, in the order in which it will be written.
///
/// Bounded in bytes, for the connection as a whole. When it is full, it is the subscription with most bytes in it
/// that did not keep up: what waits of its events is let go, and it is told `slowConsumer`. Nothing is lost by
/// that, since the client goes on after the last event that it got. Beside the bound there are only what has begun to
/// be written (one event, or several of 64 KiB in all), answers with first and last words (no call is worked on while
/// there is no room for its answer: half the bound, or one), and [`RPC_BYTES`].
#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) queue: Queue,
    limit: usize,
    /// Nearly always one: then it is fetched with the rest.
    lanes: SmallVec<[LaneState; 1]>,
    next_lane: u32,
    /// How many wait for more to come before anything is written.
    pub(super) corks: u32,
    /// A task writes what waits as soon as the socket takes it.
    pub(super) draining: bool,
    /// Nobody serves the socket any more. What waits is still written.
    over: bool,
}

/// A subscription's way through the outbox.
#[derive(Debug)]
struct LaneState {
    key: u32,
    id: SubscriptionId,
    procedure: &'static str,
    feed: Feed,
    encoding: Encoding,
}

/// What a frame is to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What a stream begins with, before any event: it is written whatever becomes of the subscription.
    Greeting,
    /// Events' payloads: in a `State` feed they replace those before them.
    Data,
    /// Anything else: it always counts.
    Control,
}

impl Kind {
    pub(super) fn owner(self, lane: u32) -> Owner {
        match self {
            Self::Greeting => Owner::Answer,
            Self::Data => Owner::Events(lane),
            Self::Control => Owner::Control(lane),
        }
    }
}

impl Outbox {
    /// An empty one for at most so many bytes.
    pub(super) fn new(limit: usize) -> Self {
        let (queue, lanes) = (Queue::default(), SmallVec::new());
        Self { queue, limit, lanes, next_lane: 0, corks: 0, draining: false, over: false }
    }

    /// Opens a lane for a subscription; a closed one, when nothing more can be sent.
    pub(super) fn open(
        &mut self,
        id: SubscriptionId,
        procedure: &'static str,
        feed: Feed,
        encoding: Encoding,
    ) -> u32 {
        let key = self.next_lane;
        self.next_lane = self.next_lane.wrapping_add(1);
        if !self.over && !self.queue.is_closed() {
            self.lanes.push(LaneState { key, id, procedure, feed, encoding });
        }
        key
    }

    /// Closes a lane: what waits on it is let go.
    pub(super) fn close_lane(&mut self, key: u32) -> bool {
        let before = self.lanes.len();
        self.lanes.retain(|lane| lane.key != key);
        let was_open = self.lanes.len() < before;
        if was_open {
            self.queue.remove(|owner| owner == Owner::Events(key) || owner == Owner::Control(key));
        }
        was_open
    }

    /// Closes a lane behind what waits on it, with a last word.
    pub(super) fn finish_lane(&mut self, key: u32, last: Frame) {
        if let Some(at) = self.lanes.iter().position(|lane| lane.key == key) {
            let lane = self.lanes.remove(at);
            self.say(lane.encoding, last);
        }
    }

    fn say(&mut self, encoding: Encoding, last: Frame) {
        let last = Frames::from(last);
        self.queue.push(Owner::Answer, last.encoded(encoding).clone());
    }

    /// Whether any lane is open.
    pub(super) fn has_lanes(&self) -> bool {
        !self.lanes.is_empty()
    }

    /// Whether a lane is open.
    pub(super) fn is_open(&self, key: u32) -> bool {
        self.lanes.iter().any(|lane| lane.key == key)
    }

    /// Adds whole frames to a lane. False when it is closed.
    pub(super) fn push(&mut self, key: u32, kind: Kind, frames: &Bytes) -> bool {
        let Some(lane) = self.lanes.iter().find(|lane| lane.key == key) else { return false };
        let owner = kind.owner(key);
        if !lane.feed.is_resumable() && kind == Kind::Data && self.queue.bytes() > 0 {
            self.queue.remove(|other| other == owner);
        }
        self.queue.push(owner, frames.clone());
        true
    }

    /// Whether frames that come now may be written at once.
    pub(super) fn is_idle(&self) -> bool {
        self.corks == 0 && self.queue.is_idle()
    }

    /// Stops subscriptions until what waits is within the bound, and answers their lanes. To be called when
    /// the socket has had its chance to take something.
    pub(super) fn relieve(&mut self) -> Vec<u32> {
        let mut stopped = Vec::new();
        while self.queue.lane_bytes() > self.limit
            && let Some(at) = self.slowest()
        {
            let LaneState { key, id, procedure, encoding, .. } = self.lanes.swap_remove(at);
            self.queue.remove(|owner| owner == Owner::Events(key) || owner == Owner::Control(key));
            let reason = StopReason::SlowConsumer;
            let event = Event::<()>::Stopped { reason, retry_after_ms: None };
            self.say(encoding, Frame::new(procedure, id, &event));
            stopped.push(key);
        }
        stopped
    }

    /// The lane to stop, by its place: the one with most bytes that have not begun to be written.
    fn slowest(&self) -> Option<usize> {
        let mut waiting = vec![0; self.lanes.len()];
        for (owner, bytes) in self.queue.removable() {
            if let Owner::Events(key) | Owner::Control(key) = owner
                && let Some(at) = self.lanes.iter().position(|lane| lane.key == key)
            {
                waiting[at] += bytes;
            }
        }
        let places = (0..self.lanes.len()).filter(|at| waiting[*at] > 0);
        places.max_by_key(|at| waiting[*at])
    }

    /// Whether there is room for so many bytes besides those that live events need.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.queue.bytes() == 0 || self.queue.bytes() + bytes <= self.limit / 2
    }

    /// Whether there is room for an answer of so many bytes. Events do not take it away.
    pub(super) fn has_room_for_answer(&self, bytes: usize) -> bool {
        let waiting = self.queue.answer_bytes();
        waiting == 0 || waiting + bytes <= self.limit / 2
    }

    /// Adds as many of jsonrpsee's bytes as there is room for. Answers how many those are, and how many messages
    /// they complete.
    pub(super) fn push_rpc(
        &mut self,
        bytes: &[u8],
        close: impl FnOnce() -> Option<CloseCode>,
    ) -> (usize, usize) {
        let taken = bytes.len().min(RPC_BYTES - self.queue.rpc_bytes());
        let messages = self.queue.push_rpc(&bytes[..taken], close);
        if self.queue.is_closed() {
            self.lanes.clear();
        }
        (taken, messages)
    }

    /// Closes the WebSocket behind what waits.
    pub(super) fn close(&mut self, code: CloseCode) {
        self.queue.close(code);
        self.lanes.clear();
    }

    /// Says that nobody serves the socket any more.
    pub(super) fn over(&mut self) {
        self.over = true;
        self.lanes.clear();
    }

    /// Whether nobody serves the socket, and nothing is left to be written.
    pub(super) fn is_over(&self) -> bool {
        self.over && self.queue.is_written()
    }

    /// Lets go of everything, and closes all lanes.
    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.lanes.clear();
    }
}
