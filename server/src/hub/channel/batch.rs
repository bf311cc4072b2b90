//! Events of a channel on their way to its subscribers.

use tidings_contract::SubscriptionId;

use super::Subscriber;
use crate::{
    broker::Position,
    socket::{Frame, Frames, Kind},
};

/// Events of a channel that are handed to its subscribers together: encoded once, and for nearly all of them
/// the same bytes.
#[derive(Debug)]
pub(super) struct Batch {
    /// Batches of a channel are numbered 1, 2, 3 …
    pub(super) number: u64,
    /// All frames, as they are with the id that subscribers share.
    pub(super) shared: Part,
    frames: Vec<(Option<Position>, Frame)>,
}

/// What one subscriber is given.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) frames: Frames,
    /// How many of the frames are events.
    pub(super) events: u64,
    /// How many of them tell of a gap.
    pub(super) gaps: u64,
}

impl Part {
    /// Several parts as one.
    pub(super) fn join(parts: &[&Self]) -> Self {
        if let [only] = parts {
            return (*only).clone();
        }
        let data = parts.iter().all(|part| part.kind == Kind::Data);
        Self {
            kind: if data { Kind::Data } else { Kind::Control },
            frames: Frames::concat(parts.iter().map(|part| &part.frames)),
            events: parts.iter().map(|part| part.events).sum(),
            gaps: parts.iter().map(|part| part.gaps).sum(),
        }
    }
}

/// Bytes that are written together, overrun by at most one event. More would save nothing, and what has
/// begun to be written cannot be let go when a client does not read.
pub(super) const TOGETHER_BYTES: usize = 64 * 1024;

/// Collects what a batch is made of.
#[derive(Debug, Default)]
pub(super) struct Pending {
    frames: Vec<(Option<Position>, Frame)>,
    bytes: usize,
    events: u64,
    gaps: u64,
    others: u64,
}

impl Pending {
    pub(super) fn event(&mut self, at: Option<Position>, frame: Frame) {
        self.events += 1;
        self.push(at, frame);
    }

    /// As an event, but events before it need not be sent any more.
    pub(super) fn state(&mut self, frame: Frame) {
        if self.gaps + self.others == 0 {
            (self.events, self.bytes) = (0, 0);
            self.frames.clear();
        }
        self.event(None, frame);
    }

    /// A gap, in the place of the event at `at`, or in no event's place.
    pub(super) fn gap(&mut self, at: Option<Position>, frame: Frame) {
        self.gaps += 1;
        self.push(at, frame);
    }

    pub(super) fn other(&mut self, frame: Frame) {
        self.others += 1;
        self.push(None, frame);
    }

    /// Whether it is enough for a batch.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= TOGETHER_BYTES
    }

    fn push(&mut self, at: Option<Position>, frame: Frame) {
        self.bytes += frame.bytes();
        self.frames.push((at, frame));
    }

    /// The batch with this number, if there is anything in it.
    pub(super) fn batch(self, number: u64) -> Option<Batch> {
        let Self { frames, events, gaps, others, .. } = self;
        if frames.is_empty() {
            return None;
        }
        let kind = if gaps + others == 0 { Kind::Data } else { Kind::Control };
        let joined = Frame::join(frames.iter().map(|(_, frame)| frame)).into();
        let shared = Part { kind, frames: joined, events, gaps };
        Some(Batch { number, shared, frames })
    }
}

impl Batch {
    /// What a subscriber gets of it.
    pub(super) fn part(&self, shared_id: SubscriptionId, to: &Subscriber) -> Part {
        if to.id == shared_id && to.has.is_none() {
            return self.shared.clone();
        }
        let wanted = self.frames.iter().filter(|(at, _)| !to.has_already(*at));
        let frames: Vec<_> = wanted.map(|(_, frame)| to.addressed(frame, shared_id)).collect();
        let left_out = (self.frames.len() - frames.len()) as u64;
        Part {
            frames: Frame::join(frames.iter()).into(),
            events: self.shared.events.saturating_sub(left_out),
            ..self.shared
        }
    }

    /// Whether it goes beyond what a subscriber says to have, so that nothing that follows can be in there.
    pub(super) fn is_past(&self, has: Position) -> bool {
        let newest = self.frames.iter().rev().find_map(|(at, _)| *at);
        newest.is_some_and(|at| at.epoch != has.epoch || at.offset >= has.offset)
    }
}
