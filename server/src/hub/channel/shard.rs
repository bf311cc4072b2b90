//! A part of a channel's subscribers, and what is on its way to them.
//!
//! A channel with many subscribers has more than one shard, so that one event for many is written by all cores. Each is
//! walked in small steps: between two of them others have their turn, and subscribers may come and go. What a
//! subscriber has been given is numbered, so that nothing of that can give it something twice, or pass it by.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tidings_contract::SubscriptionId;

use super::{
    Batch, Subscriber,
    batch::{Part, TOGETHER_BYTES},
    subscribers::{Seated, Subscribers},
};
use crate::socket::{Lane, Pushed};

#[derive(Debug, Default)]
pub(super) struct Shard {
    subscribers: Subscribers,
    /// Batches that no subscriber of this shard has been given yet. Bounded, because the channel's events stay in the
    /// inbox while there is too much (`Part::pause`).
    outgoing: VecDeque<Arc<Batch>>,
    /// Bytes of `outgoing` and of the round, each batch counted once.
    outgoing_bytes: usize,
    round: Option<Box<Round>>,
    /// Somebody walks.
    walked: bool,
}

/// A walk over all subscribers, from the last to the first: who leaves is replaced by the last one, which then
/// has been visited, and who comes is behind all others.
#[derive(Debug)]
struct Round {
    batches: Vec<Arc<Batch>>,
    /// All of them together, where there are several.
    joined: Option<Part>,
    /// How many are still to be visited.
    left: usize,
}

/// What became of a step.
#[derive(Debug, Default)]
pub(in crate::hub) struct Step {
    /// Events, each subscriber counted.
    pub(in crate::hub) delivered: u64,
    /// Gaps, each subscriber counted.
    pub(in crate::hub) gaps: u64,
    /// Subscriptions that did not keep up. To be released, when nothing is locked.
    pub(in crate::hub) stopped: Vec<Lane>,
    /// All subscribers were visited.
    pub(in crate::hub) round_is_over: bool,
}

impl Shard {
    /// Adds a subscriber, that needs nothing up to the batch of this number.
    pub(super) fn add(&mut self, key: u64, subscriber: Subscriber, given: u64) {
        self.subscribers.insert(key, Seated { subscriber, given });
    }

    pub(super) fn remove(&mut self, key: u64) {
        self.subscribers.swap_remove(key);
    }

    /// Divides the subscribers by key among `shards` shards, with the batches that they have not been given. The walk over this
    /// shard goes on in the first of them.
    pub(super) fn divide(&mut self, shards: usize) -> Box<[Mutex<Self>]> {
        let round = self.round.take();
        let begun = round.map(|round| round.batches).unwrap_or_default();
        // A subscriber that was given a batch of the round is not given it again.
        let outgoing: VecDeque<_> = begun.into_iter().chain(self.outgoing.drain(..)).collect();
        let mut divided: Vec<_> = (0..shards.max(1)).map(|_| Self::default()).collect();
        let many = divided.len() as u64;
        for (key, seated) in std::mem::take(&mut self.subscribers).into_entries() {
            // Cannot be cut off: it is less than the number of shards.
            divided[(key % many) as usize].subscribers.insert(key, seated);
        }
        for shard in &mut divided {
            shard.outgoing.clone_from(&outgoing);
            shard.outgoing_bytes = self.outgoing_bytes;
        }
        divided[0].walked = self.walked;
        *self = Self::default();
        divided.into_iter().map(Mutex::new).collect()
    }

    pub(super) fn subscribers(&self) -> usize {
        self.subscribers.len()
    }

    /// Removes all subscribers, and what was on its way to them.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = Subscriber> {
        self.outgoing.clear();
        self.outgoing_bytes = 0;
        self.round = None;
        std::mem::take(&mut self.subscribers).into_entries().map(|(_, seated)| seated.subscriber)
    }

    pub(super) fn send(&mut self, batch: &Arc<Batch>) {
        if self.subscribers.len() > 0 {
            self.outgoing_bytes += batch.shared.frames.len();
            self.outgoing.push_back(batch.clone());
        }
    }

    /// Bytes on their way, each batch counted once.
    pub(super) fn outgoing_bytes(&self) -> usize {
        self.outgoing_bytes
    }

    /// Takes it upon the caller to walk, if nobody does and there is reason to. The caller then takes steps until a round
    /// is over, and gives it up, or goes on with another.
    pub(super) fn claim(&mut self) -> bool {
        let claimed = !self.walked && !self.outgoing.is_empty();
        self.walked |= claimed;
        claimed
    }

    /// Gives up the walk, unless there is reason to go on.
    pub(super) fn give_up(&mut self) -> bool {
        self.walked = self.round.is_some() || !self.outgoing.is_empty();
        if !self.walked && self.outgoing.capacity() > FEW_BATCHES {
            self.outgoing = VecDeque::new();
        }
        !self.walked
    }

    /// Visits up to `visits` subscribers.
    pub(super) fn step(&mut self, shared_id: SubscriptionId, visits: usize) -> Step {
        let mut step = Step::default();
        let len = self.subscribers.len();
        if self.round.is_none() && !self.outgoing.is_empty() {
            let mut bytes = 0;
            let together = self.outgoing.iter().take_while(|batch| {
                let fits = bytes == 0 || bytes + batch.shared.frames.len() <= TOGETHER_BYTES;
                bytes += batch.shared.frames.len();
                fits
            });
            let together = together.count();
            let batches = self.outgoing.drain(..together).collect();
            self.round = Some(Box::new(Round::new(batches, len)));
        }
        let Some(round) = &mut self.round else {
            step.round_is_over = true;
            return step;
        };
        // Those who have left were replaced by some that were visited.
        round.left = round.left.min(len);
        for _ in 0..visits.min(round.left) {
            round.left -= 1;
            if let Some(seated) = self.subscribers.get_mut(round.left) {
                seated.visit(&round.batches, round.joined.as_ref(), shared_id, &mut step);
            }
        }
        step.round_is_over = round.left == 0;
        if step.round_is_over {
            let bytes: usize = round.batches.iter().map(|batch| batch.shared.frames.len()).sum();
            self.outgoing_bytes -= bytes;
            self.round = None;
        }
        step
    }
}

/// Room for this many batches is kept when they are gone.
const FEW_BATCHES: usize = 8;

impl Round {
    fn new(batches: Vec<Arc<Batch>>, left: usize) -> Self {
        let joined = (batches.len() > 1).then(|| {
            let parts: Vec<_> = batches.iter().map(|batch| &batch.shared).collect();
            Part::join(&parts)
        });
        Self { batches, joined, left }
    }
}

impl Seated {
    fn visit(
        &mut self,
        batches: &[Arc<Batch>],
        joined: Option<&Part>,
        shared_id: SubscriptionId,
        step: &mut Step,
    ) {
        let to = &mut self.subscriber;
        let given = self.given;
        self.given = batches.last().map_or(given, |newest| newest.number.max(given));
        if to.id == shared_id && to.has.is_none() && given < batches[0].number {
            // A single batch is encoded for event streams once, and not for each shard.
            return push(&to.lane, joined.unwrap_or(&batches[0].shared), step);
        }
        let new = batches.iter().filter(|batch| batch.number > given);
        let parts = new.map(|batch| {
            let part = batch.part(shared_id, to);
            if to.has.is_some_and(|has| batch.is_past(has)) {
                to.has = None;
            }
            part
        });
        let parts: Vec<_> = parts.collect();
        let part = Part::join(&parts.iter().collect::<Vec<_>>());
        if !part.frames.is_empty() {
            push(&to.lane, &part, step);
        }
    }
}

fn push(lane: &Lane, part: &Part, step: &mut Step) {
    match lane.push(part.kind, &part.frames) {
        Pushed::Taken => {}
        Pushed::Stopped(lanes) => step.stopped.extend(lanes),
        // Its connection has closed; its seat is about to be given back.
        Pushed::Gone => return,
    }
    step.delivered += part.events;
    step.gaps += part.gaps;
}
