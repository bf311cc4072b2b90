//! How batches come to subscribers: in small steps, so that a channel with many subscribers keeps neither
//! calls nor other channels waiting, and on all cores.

use std::sync::Arc;

use super::{Hub, channel::HubChannel};

/// How many subscribers are visited before others have their turn. A visit is a system call, a few microseconds.
const VISITS: usize = 32;

/// Bytes of batches on their way to the subscribers of a channel. When there are more, nothing more is taken from the
/// broker, which keeps it.
const OUTGOING_BYTES: usize = 1024 * 1024;

impl Hub {
    /// Hands what is on its way to the subscribers of a channel: at once where they are few, else in tasks.
    pub(super) fn fan_out(self: &Arc<Self>, channel: &Arc<HubChannel>) {
        for shard in 0..channel.shards() {
            let Some(subscribers) = channel.claim(shard) else { continue };
            if subscribers <= VISITS {
                while self.step(channel, shard) {}
                continue;
            }
            let (hub, channel) = (self.clone(), channel.clone());
            self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(async move {
                while hub.step(&channel, shard) {
                    tokio::task::yield_now().await;
                }
            }));
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

    fn step(&self, channel: &HubChannel, shard: usize) -> bool {
        let step = channel.step(shard, VISITS);
        self.metrics.deliveries.increment(step.delivered);
        self.metrics.gaps.increment(step.gaps);
        for lane in step.stopped {
            lane.release();
        }
        step.more
    }
}
