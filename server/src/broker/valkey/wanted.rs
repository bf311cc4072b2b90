//! The channels that a replica wants to be subscribed to.
//!
//! The hub changes this set; the feed makes Valkey agree with it. So a subscription outlives any
//! connection, and a thousand changes in a row become one command.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, oneshot};

use crate::broker::{BrokerUnavailable, ChannelKey};

type Confirmation = Result<(), BrokerUnavailable>;

#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Held for look-ups and changes, never over an await.
    channels: Mutex<HashMap<ChannelKey, Want>>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Want {
    confirmed: bool,
    /// Who waits for the confirmation. Bounded by the connections: one waiter is one subscribe call.
    waiting: Vec<oneshot::Sender<Confirmation>>,
}

/// What has to be sent to make Valkey agree.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) subscribe: Vec<ChannelKey>,
    pub(super) unsubscribe: Vec<ChannelKey>,
}

impl Wanted {
    fn channels(&self) -> MutexGuard<'_, HashMap<ChannelKey, Want>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wants a channel. The receiver hears when Valkey has confirmed it, or cannot.
    pub(super) fn add(&self, key: &ChannelKey) -> oneshot::Receiver<Confirmation> {
        let (sender, receiver) = oneshot::channel();
        let mut channels = self.channels();
        let want = channels.entry(key.clone()).or_default();
        if want.confirmed {
            // The receiver is in this function: it cannot be gone.
            let _ = sender.send(Ok(()));
        } else {
            want.waiting.push(sender);
            self.changed.notify_one();
        }
        receiver
    }

    /// Wants a channel no longer.
    pub(super) fn remove(&self, key: &ChannelKey) {
        if self.channels().remove(key).is_some() {
            self.changed.notify_one();
        }
    }

    /// Resolves when the set has changed since the last time.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Compares the set with what is `held`, the channels that Valkey has confirmed. What is wanted and
    /// held is thereby confirmed: it may have been given up and wanted again in between.
    pub(super) fn difference(&self, held: &HashSet<ChannelKey>) -> Difference {
        let mut channels = self.channels();
        let unsubscribe = held.iter().filter(|key| !channels.contains_key(*key)).cloned().collect();
        let mut subscribe = Vec::new();
        for (key, want) in channels.iter_mut() {
            if held.contains(key) {
                want.confirm();
            } else {
                subscribe.push(key.clone());
            }
        }
        Difference { subscribe, unsubscribe }
    }

    /// Valkey has confirmed these.
    pub(super) fn confirm(&self, keys: &[ChannelKey]) {
        let mut channels = self.channels();
        for key in keys {
            if let Some(want) = channels.get_mut(key) {
                want.confirm();
            }
        }
    }

    /// Valkey is out of reach: nothing is confirmed any longer, and who waits is told why.
    pub(super) fn lost(&self, reason: &BrokerUnavailable) {
        for want in self.channels().values_mut() {
            want.confirmed = false;
            for waiting in want.waiting.drain(..) {
                // A caller that has gone needs no answer.
                let _ = waiting.send(Err(reason.clone()));
            }
        }
    }
}

impl Want {
    fn confirm(&mut self) {
        self.confirmed = true;
        for waiting in self.waiting.drain(..) {
            // A caller that has gone needs no answer.
            let _ = waiting.send(Ok(()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ChannelKey {
        ChannelKey::from(name)
    }

    #[test]
    fn a_confirmed_channel_is_confirmed_at_once_to_the_next() {
        let wanted = Wanted::default();
        let mut first = wanted.add(&key("a"));
        assert!(first.try_recv().is_err());
        wanted.confirm(&[key("a")]);
        assert_eq!(first.try_recv(), Ok(Ok(())));
        assert_eq!(wanted.add(&key("a")).try_recv(), Ok(Ok(())));
    }

    #[test]
    fn after_a_loss_nothing_is_confirmed_and_everything_is_wanted() {
        let wanted = Wanted::default();
        let mut waiting = wanted.add(&key("a"));
        let reason = BrokerUnavailable("gone".to_owned());
        wanted.lost(&reason);
        assert_eq!(waiting.try_recv(), Ok(Err(reason)));
        assert!(wanted.add(&key("a")).try_recv().is_err());
        assert_eq!(wanted.difference(&HashSet::new()).subscribe, [key("a")]);
    }

    #[test]
    fn a_channel_given_up_and_wanted_again_before_anything_was_sent_is_confirmed() {
        let wanted = Wanted::default();
        let held = HashSet::from([key("a")]);
        let _first = wanted.add(&key("a"));
        wanted.remove(&key("a"));
        let mut again = wanted.add(&key("a"));
        let difference = wanted.difference(&held);
        assert!(difference.subscribe.is_empty() && difference.unsubscribe.is_empty());
        assert_eq!(again.try_recv(), Ok(Ok(())));
    }

    #[test]
    fn what_is_held_and_not_wanted_is_given_up() {
        let held = HashSet::from([key("a")]);
        assert_eq!(Wanted::default().difference(&held).unsubscribe, [key("a")]);
    }
}
