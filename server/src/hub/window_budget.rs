//! The bytes that the windows of all channels share.
//!
//! The least recently used window is dropped first, as the clock algorithm (second chance) finds it: channels with a window
//! form a ring. The window at the front is dropped, or moved to the end where it was used since the last time.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::channel::HubChannel;

/// The windows of one part's channels.
#[derive(Debug)]
pub(super) struct WindowBudget {
    /// Bytes of all of them. Above it, the least recently used are dropped.
    limit: usize,
    bytes: AtomicUsize,
    /// Channels whose window has events, each once. Taken under no other lock but a channel's state, and none is taken
    /// under it.
    ring: Mutex<VecDeque<Weak<HubChannel>>>,
}

impl WindowBudget {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, bytes: AtomicUsize::new(0), ring: Mutex::default() }
    }

    /// Says that a window has grown or shrunk.
    pub(super) fn resized(&self, before: usize, now: usize) {
        if now > before {
            self.bytes.fetch_add(now - before, Ordering::Relaxed);
        } else if now < before {
            self.bytes.fetch_sub(before - now, Ordering::Relaxed);
        }
    }

    /// Puts a channel with a window into the ring.
    pub(super) fn enter(&self, channel: Weak<HubChannel>) {
        self.ring().push_back(channel);
    }

    /// Drops windows that were used least recently, until all are within the limit.
    pub(super) fn relieve(&self) {
        while self.bytes() > self.limit && self.step() {}
    }

    /// Looks at this many channels, and drops the windows of those that were not used since the last time.
    pub(super) fn age(&self, channels: usize) {
        for _ in 0..channels {
            self.step();
        }
        let mut ring = self.ring();
        let len = ring.len();
        ring.shrink_to(len * 2);
    }

    /// How many channels have a window, or had one when they were given up.
    pub(super) fn channels(&self) -> usize {
        self.ring().len()
    }

    /// Bytes of all windows.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Looks at the channel at the front. False when there is none.
    fn step(&self) -> bool {
        let Some(front) = self.ring().pop_front() else { return false };
        // A channel that has been given up is dropped with its window.
        if let Some(channel) = front.upgrade()
            && channel.keep_window_if_used()
        {
            self.enter(front);
        }
        true
    }

    fn ring(&self) -> MutexGuard<'_, VecDeque<Weak<HubChannel>>> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use tidings_contract::SubscriptionId;
    use uuid::Uuid;

    use super::*;
    use crate::{
        broker::{ChannelKey, History, Missed, Position, Publication, Tracked},
        hub::{HubOptions, procedure::Procedure},
        metrics::Metrics,
        sample::OnProducts,
    };

    /// Channels that share one budget.
    fn channels(limit: usize) -> (Arc<WindowBudget>, Vec<Arc<HubChannel>>) {
        let budget = Arc::new(WindowBudget::new(limit));
        let options = HubOptions {
            instance: "test".to_owned(),
            max_payload_bytes: 1 << 20,
            window_bytes: 1 << 20,
            all_windows_bytes: limit,
            longest_rest: Duration::ZERO,
            shards: 1,
        };
        let procedure =
            Arc::new(Procedure::new::<OnProducts>(options, budget.clone(), &Metrics::new()));
        let channels = (0..3).map(|n| {
            let key = ChannelKey::from(&*format!("products:{{{n}}}"));
            let channel = Arc::new(HubChannel::new(key, procedure.clone(), SubscriptionId(n)));
            let newest = Position { epoch: Uuid::nil(), offset: 0 };
            channel.read(None, &History { newest, after: Some(0), events: Vec::new() });
            channel
        });
        (budget, channels.collect())
    }

    fn publish(channel: &Arc<HubChannel>, offset: u64) {
        let position = Position { epoch: Uuid::nil(), offset };
        let tracked = Some(Tracked { position, published_at_ms: 0 });
        channel.receive(&[Publication { tracked, payload: "[]".into() }], Missed::default());
    }

    fn has_first(channel: &HubChannel) -> bool {
        channel.has_since(Position { epoch: Uuid::nil(), offset: 0 })
    }

    #[test]
    fn above_the_budget_the_least_recently_used_window_is_dropped() {
        let (budget, one) = channels(usize::MAX);
        publish(&one[0], 1);
        let (budget, channels) = channels(3 * budget.bytes());
        for channel in &channels {
            publish(channel, 1);
        }
        // Nothing was used since then, but the first.
        budget.age(budget.channels());
        budget.relieve();
        publish(&channels[0], 2);
        budget.relieve();
        assert!(has_first(&channels[0]), "it was used last");
        assert!(!has_first(&channels[1]), "it was used least");
        assert!(has_first(&channels[2]), "there is room for it");
    }

    #[test]
    fn a_window_that_is_not_used_is_dropped_after_a_while_and_its_bytes_are_given_back() {
        let (budget, channels) = channels(usize::MAX);
        publish(&channels[0], 1);
        budget.age(budget.channels());
        assert!(has_first(&channels[0]));
        budget.age(budget.channels());
        assert!(!has_first(&channels[0]));
        assert_eq!(budget.bytes(), 0);
        publish(&channels[1], 1);
        drop(channels);
        assert_eq!(budget.bytes(), 0);
    }
}
