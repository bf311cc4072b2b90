//! How batches come to subscribers: in small steps, so that a channel with many subscribers keeps neither
//! calls nor other channels waiting, and on all cores.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use super::{
    channel::{FEW, HubChannel},
    part::Part,
};

/// How many subscribers are visited before others have their turn. A visit is a system call, a few microseconds.
const VISITS: usize = FEW;

/// Bytes of batches on their way to the subscribers of a channel. While there are more, its events stay in the inbox.
pub(super) const OUTGOING_BYTES: usize = 1024 * 1024;

/// Rounds over few subscribers before a task goes on with them.
const ROUNDS_AT_ONCE: usize = 4;

impl Part {
    /// Hands what is on its way to the subscribers of a channel: at once where they are few, else in tasks.
    pub(super) fn fan_out(self: &Arc<Self>, channel: &Arc<HubChannel>) {
        let few = channel.has_few();
        for shard in 0..channel.shards() {
            if channel.claim(shard) && !(few && self.walk_at_once(channel, shard)) {
                let walk = self.clone().walk(channel.clone(), shard);
                self.shared.tasks.spawn(self.shared.stop.clone().run_until_cancelled_owned(walk));
            }
        }
        if channel.outgoing_bytes() > OUTGOING_BYTES {
            self.pause(channel);
        }
        self.resume_if_idle(channel);
    }

    /// Walks over the subscribers of a shard for a few rounds. False when there is more: others may be adding to it.
    fn walk_at_once(&self, channel: &HubChannel, shard: usize) -> bool {
        for _ in 0..ROUNDS_AT_ONCE {
            while !self.step(channel, shard) {}
            if channel.give_up(shard) {
                return true;
            }
        }
        false
    }

    /// Lets a channel's events wait in the inbox.
    pub(super) fn pause(&self, channel: &Arc<HubChannel>) {
        // In this order: `resume_if_idle` may run at any moment, and resumes only a channel that is marked as paused.
        self.if_current(channel, |broker| broker.pause(&channel.key));
        channel.paused.store(true, Ordering::Release);
    }

    /// Lets a channel go on that was paused, where neither its subscribers nor its history keep it waiting.
    pub(super) fn resume_if_idle(self: &Arc<Self>, channel: &Arc<HubChannel>) {
        let waits =
            channel.paused.load(Ordering::Acquire) || channel.stalled.load(Ordering::Acquire);
        if !waits || channel.outgoing_bytes() > OUTGOING_BYTES {
            return;
        }
        if channel.stalled.swap(false, Ordering::AcqRel) {
            self.read_later(channel.clone());
        } else if !channel.is_catching_up() && channel.paused.swap(false, Ordering::AcqRel) {
            self.if_current(channel, |broker| broker.resume(&channel.key));
        }
    }

    /// Walks over the subscribers of a shard as long as there is reason to. After a round it rests for as long as
    /// that took, so that no channel takes all the time there is, and at most for `longest_rest`. Events that come
    /// meanwhile are written together: most of what a delivery costs is the system call.
    async fn walk(self: Arc<Self>, channel: Arc<HubChannel>, shard: usize) {
        loop {
            let begun = Instant::now();
            while !self.step(&channel, shard) {
                tokio::task::yield_now().await;
            }
            self.resume_if_idle(&channel);
            let rest = begun.elapsed().min(self.shared.options.longest_rest);
            // The timer counts in milliseconds, so even a rest of nothing would last one.
            if rest.is_zero() {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(rest).await;
            }
            if channel.give_up(shard) {
                return;
            }
        }
    }

    /// Visits a few, and answers whether all were visited.
    fn step(&self, channel: &HubChannel, shard: usize) -> bool {
        let step = channel.step(shard, VISITS);
        self.shared.metrics.deliveries.increment(step.delivered);
        self.shared.metrics.gaps.increment(step.gaps);
        for lane in step.stopped {
            lane.release();
        }
        step.round_is_over
    }
}
