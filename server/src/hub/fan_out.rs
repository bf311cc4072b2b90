//! How batches come to subscribers: in small steps, so that a channel with many subscribers keeps neither
//! calls nor other channels waiting, and on all cores.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Hub, channel::HubChannel};

/// How many subscribers are visited before others have their turn. A visit is a system call, a few microseconds.
const VISITS: usize = 32;

/// Bytes of batches on their way to the subscribers of a channel. When there are more, nothing more is taken from the
/// broker, which keeps it.
const OUTGOING_BYTES: usize = 1024 * 1024;

/// The longest rest between two rounds. Where events follow each other quickly, those that come meanwhile are
/// written together: most of what a delivery costs is the system call.
const LONGEST_REST: Duration = Duration::from_millis(2);

impl Hub {
    /// Hands what is on its way to the subscribers of a channel: at once where they are few, else in tasks.
    pub(super) fn fan_out(self: &Arc<Self>, channel: &Arc<HubChannel>) {
        for shard in 0..channel.shards() {
            let Some(subscribers) = channel.claim(shard) else { continue };
            if subscribers <= VISITS {
                while !self.step(channel, shard) || !channel.give_up(shard) {}
            } else {
                let walk = self.clone().walk(channel.clone(), shard);
                self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(walk));
            }
        }
    }

    /// Waits while too much is on its way to the subscribers of a channel.
    pub(super) async fn fanned_out(&self, channel: &HubChannel) {
        loop {
            let moved = channel.moved.notified();
            if channel.outgoing_bytes() <= OUTGOING_BYTES {
                return;
            }
            moved.await;
        }
    }

    /// Walks over the subscribers of a shard as long as there is reason to. After a round it rests for as long as
    /// that took, so that no channel takes all the time there is.
    async fn walk(self: Arc<Self>, channel: Arc<HubChannel>, shard: usize) {
        loop {
            let begun = Instant::now();
            while !self.step(&channel, shard) {
                tokio::task::yield_now().await;
            }
            tokio::time::sleep(begun.elapsed().min(LONGEST_REST)).await;
            if channel.give_up(shard) {
                return;
            }
        }
    }

    /// Visits a few, and answers whether all were visited.
    fn step(&self, channel: &HubChannel, shard: usize) -> bool {
        let step = channel.step(shard, VISITS);
        self.metrics.deliveries.increment(step.delivered);
        self.metrics.gaps.increment(step.gaps);
        for lane in step.stopped {
            lane.release();
        }
        step.round_is_over
    }
}
