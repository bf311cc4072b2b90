//! Messages from the broker that a part of the hub has not taken yet, and the subscriptions of that part.
//!
//! 1. A connection's reader pushes messages in. It never waits.
//! 2. The part takes them out, up to 256 of one channel at a time. Channels take turns, so one with many events delays
//!    the others by one turn only.
//! 3. A message above a bound is dropped undecoded. Its channel is told that it missed something, and reads its history.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::{BrokerUnavailable, ChannelKey, Incoming, Missed, Publication, Publications};
use queue::{Queue, cost};

mod queue;
#[cfg(test)]
mod tests;

/// Subscriptions that are reported as confirmed or refused in one turn.
const CONFIRMED: usize = 256;

/// A map with fewer channels than this is not shrunk.
const SMALL: usize = 1024;

/// The bounds of an inbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InboxLimits {
    /// Bytes of one channel's messages. More are dropped, and the channel reads its history.
    pub(crate) channel_bytes: usize,
    /// Bytes of all messages. More are dropped, whichever channel they are for.
    pub(crate) total_bytes: usize,
}

/// Messages from the broker that a part of the hub has not taken yet, and the subscriptions of that part.
#[derive(Debug)]
pub(crate) struct Inbox {
    limits: InboxLimits,
    /// Held for look-ups and changes, never over an await.
    state: Mutex<State>,
    /// Something is to be taken.
    arrived: Notify,
    /// A subscription is to be changed.
    changed: Notify,
    /// Something was taken.
    taken: Notify,
}

#[derive(Debug, Default)]
struct State {
    channels: HashMap<ChannelKey, Entry>,
    /// Channels whose subscription may have to change, each once.
    changed: VecDeque<ChannelKey>,
    /// Channels with something to take, each once, in the order of their turns.
    ready: VecDeque<ChannelKey>,
    confirmed: VecDeque<ChannelKey>,
    refused: VecDeque<(ChannelKey, BrokerUnavailable)>,
    bytes: usize,
    /// Nobody takes anything any more.
    closed: bool,
}

#[derive(Debug, Default)]
struct Entry {
    /// The hub wants the channel.
    wanted: bool,
    /// The broker has confirmed the subscription.
    held: bool,
    /// It is in `State::changed`.
    changed: bool,
    /// It is in `State::ready`.
    queued: bool,
    /// The broker refuses the subscription: it is asked again after the next connection, or when the hub asks again.
    refused: bool,
    /// Nothing is taken until the hub says so: it is busy with what it has taken.
    paused: bool,
    /// Absent while it has no messages: most channels are quiet most of the time.
    queue: Option<Box<Queue>>,
}

/// Subscriptions that are to be changed at the broker.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) subscribe: Vec<ChannelKey>,
    pub(crate) unsubscribe: Vec<ChannelKey>,
}

impl Inbox {
    /// An empty inbox.
    pub(crate) fn new(limits: InboxLimits) -> Self {
        let (arrived, changed, taken) = (Notify::new(), Notify::new(), Notify::new());
        Self { limits, state: Mutex::default(), arrived, changed, taken }
    }

    /// Subscribes to a channel. [`Incoming::Subscribed`] follows, also where the subscription holds already.
    pub(crate) fn subscribe(&self, key: &ChannelKey) {
        self.want(key, true);
    }

    /// Unsubscribes from a channel, and drops its messages.
    pub(crate) fn unsubscribe(&self, key: &ChannelKey) {
        self.want(key, false);
    }

    fn want(&self, key: &ChannelKey, wanted: bool) {
        let mut state = self.state();
        let State { channels, changed, bytes, .. } = &mut *state;
        let entry = channels.entry(key.clone()).or_default();
        (entry.wanted, entry.paused, entry.refused) = (wanted, false, false);
        if !wanted {
            entry.drop_queue(bytes);
        }
        if !entry.changed {
            entry.changed = true;
            changed.push_back(key.clone());
            self.changed.notify_one();
        }
        // Its messages may have been paused.
        self.ready(&mut state, key);
        drop(state);
        self.taken.notify_waiters();
    }

    /// Queues a channel for its turn, if it has something to take.
    fn ready(&self, state: &mut State, key: &ChannelKey) {
        let Some(entry) = state.channels.get_mut(key) else { return };
        if entry.queue.is_some() && !entry.paused && !entry.queued {
            entry.queued = true;
            state.ready.push_back(key.clone());
            self.arrived.notify_one();
        }
    }

    /// Lets a channel's messages wait, until [`Inbox::resume`].
    pub(crate) fn pause(&self, key: &ChannelKey) {
        if let Some(entry) = self.state().channels.get_mut(key) {
            entry.paused = true;
        }
    }

    /// Lets a channel's messages be taken again.
    pub(crate) fn resume(&self, key: &ChannelKey) {
        let mut state = self.state();
        if let Some(entry) = state.channels.get_mut(key) {
            entry.paused = false;
        }
        self.ready(&mut state, key);
    }

    /// Drops a channel's messages that are in its history, too: the history is about to be read.
    pub(crate) fn discard(&self, key: &ChannelKey) {
        let mut state = self.state();
        let State { channels, bytes, .. } = &mut *state;
        let Some(entry) = channels.get_mut(key) else { return };
        let Some(queue) = &mut entry.queue else { return };
        *bytes -= queue.bytes;
        queue.publications.retain(|publication| publication.tracked.is_none());
        queue.bytes = queue.publications.iter().map(cost).sum();
        *bytes += queue.bytes;
        queue.missed.kept = false;
        if queue.publications.is_empty() && queue.missed == Missed::default() {
            entry.queue = None;
        }
        drop(state);
        self.taken.notify_waiters();
    }

    /// Waits until [`Inbox::changes`] may have something.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Up to `most` subscriptions that are to be changed at the broker. The caller sends them, and then calls
    /// [`Inbox::confirm`], [`Inbox::refuse`] or [`Inbox::lost`].
    pub(crate) fn changes(&self, most: usize) -> Changes {
        let mut changes = Changes::default();
        let mut state = self.state();
        let State { channels, changed, confirmed, .. } = &mut *state;
        while changes.subscribe.len() + changes.unsubscribe.len() < most
            && let Some(key) = changed.pop_front()
        {
            let Some(entry) = channels.get_mut(&key) else { continue };
            entry.changed = false;
            match (entry.wanted, entry.held) {
                (true, false) if entry.refused => {}
                (true, false) => changes.subscribe.push(key),
                // Given up and wanted again in between.
                (true, true) => confirmed.push_back(key),
                (false, held) => {
                    channels.remove(&key);
                    if held {
                        changes.unsubscribe.push(key);
                    }
                }
            }
        }
        if channels.len() < channels.capacity() / 4 && channels.capacity() > SMALL {
            channels.shrink_to(channels.len() * 2);
        }
        if changed.is_empty() {
            changed.shrink_to(SMALL);
        } else {
            self.changed.notify_one();
        }
        if !confirmed.is_empty() {
            self.arrived.notify_one();
        }
        changes
    }

    /// The broker has confirmed these subscriptions.
    pub(crate) fn confirm(&self, keys: &[ChannelKey]) {
        let mut state = self.state();
        for key in keys {
            let entry = state.channels.entry(key.clone()).or_default();
            entry.held = true;
            if entry.wanted {
                state.confirmed.push_back(key.clone());
            } else if !entry.changed {
                // Given up meanwhile.
                entry.changed = true;
                state.changed.push_back(key.clone());
                self.changed.notify_one();
            }
        }
        self.arrived.notify_one();
    }

    /// The broker refuses these subscriptions. They are asked for again after the next connection.
    pub(crate) fn refuse(&self, keys: &[ChannelKey], reason: &BrokerUnavailable) {
        let mut state = self.state();
        let State { channels, refused, bytes, .. } = &mut *state;
        for key in keys {
            if let Some(entry) = channels.get_mut(key).filter(|entry| entry.wanted) {
                entry.refused = true;
                entry.drop_queue(bytes);
                refused.push_back((key.clone(), reason.clone()));
            }
        }
        self.arrived.notify_one();
    }

    /// The broker's connection is gone: no subscription holds, and every wanted one is to be made again.
    pub(crate) fn lost(&self) {
        let mut state = self.state();
        let State { channels, changed, confirmed, refused, bytes, .. } = &mut *state;
        confirmed.clear();
        changed.clear();
        refused.clear();
        channels.retain(|key, entry| {
            (entry.held, entry.refused, entry.changed) = (false, false, entry.wanted);
            if entry.wanted {
                changed.push_back(key.clone());
            } else {
                entry.drop_queue(bytes);
            }
            entry.wanted
        });
        self.changed.notify_one();
    }

    /// Takes in a message of a channel. Never waits.
    pub(crate) fn push(&self, channel: &str, message: Bytes) {
        self.put(channel, Publication::parse(message));
    }

    /// Takes in a publication of a channel. Never waits.
    pub(crate) fn push_publication(&self, key: &ChannelKey, publication: &Publication) {
        self.put(key.as_str(), publication.clone());
    }

    fn put(&self, channel: &str, publication: Publication) {
        let InboxLimits { channel_bytes, total_bytes } = self.limits;
        let bytes = cost(&publication);
        let mut state = self.state();
        let State { channels, bytes: total, closed, .. } = &mut *state;
        let Some((key, _)) = channels.get_key_value(channel) else { return };
        let key = key.clone();
        let is_wanted = |entry: &&mut Entry| entry.wanted && !entry.refused && !*closed;
        let Some(entry) = channels.get_mut(channel).filter(is_wanted) else { return };
        let was_empty = entry.queue.is_none();
        let queue = entry.queue.get_or_insert_default();
        // The first message always fits, however large, unless the total is used up. Behind a dropped message all others are
        // dropped: the history has them.
        let fits = was_empty || queue.bytes + bytes <= channel_bytes && !queue.missed.kept;
        if fits && *total + bytes <= total_bytes {
            queue.publications.push_back(publication);
            queue.bytes += bytes;
            *total += bytes;
        } else {
            queue.missed.add(&publication);
        }
        self.ready(&mut state, &key);
    }

    /// Takes the next message or notice. Waits as long as it takes.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when dropped.
    pub(crate) async fn next(&self) -> Incoming {
        loop {
            if let Some(incoming) = self.take() {
                return incoming;
            }
            self.arrived.notified().await;
        }
    }

    /// Takes the next message or notice, if there is one.
    pub(crate) fn take(&self) -> Option<Incoming> {
        let mut state = self.state();
        let incoming = state.take();
        drop(state);
        self.taken.notify_waiters();
        incoming
    }

    /// Waits until every message has been taken, but those of paused channels.
    pub(crate) async fn all_taken(&self) {
        self.taken_until(|state| state.ready.is_empty()).await;
    }

    /// Waits until a channel's messages, and those of all channels, take at most half of their bounds.
    pub(crate) async fn room(&self, key: &ChannelKey) {
        let most = self.limits.channel_bytes / 2;
        self.taken_until(|state| {
            let queue = state.channels.get(key).and_then(|entry| entry.queue.as_ref());
            queue.is_none_or(|queue| queue.bytes <= most)
                && state.bytes <= self.limits.total_bytes / 2
        })
        .await;
    }

    /// Says that nobody takes anything any more.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.taken.notify_waiters();
    }

    /// Whether nobody takes anything any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.state().closed
    }

    async fn taken_until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            let taken = self.taken.notified();
            tokio::pin!(taken);
            taken.as_mut().enable();
            if self.is_closed() || is_so(&self.state()) {
                return;
            }
            taken.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self) -> Option<Incoming> {
        if !self.confirmed.is_empty() {
            let many = self.confirmed.len().min(CONFIRMED);
            let keys = self.confirmed.drain(..many).collect();
            if self.confirmed.is_empty() {
                self.confirmed.shrink_to(SMALL);
            }
            return Some(Incoming::Subscribed(keys));
        }
        if let Some((_, reason)) = self.refused.front() {
            let reason = reason.clone();
            let many = self.refused.len().min(CONFIRMED);
            let keys = self.refused.drain(..many).map(|(key, _)| key).collect();
            return Some(Incoming::Refused { keys, reason });
        }
        loop {
            let key = self.ready.pop_front()?;
            // It has been given up, paused, or taken meanwhile.
            let Some(entry) = self.channels.get_mut(&key) else { continue };
            entry.queued = false;
            if entry.paused {
                continue;
            }
            let Some(queue) = &mut entry.queue else { continue };
            let (many, bytes) = queue.turn();
            queue.bytes -= bytes;
            self.bytes -= bytes;
            let (publications, missed) = if many == queue.publications.len() {
                let queue = entry.queue.take().unwrap_or_default();
                (queue.publications.into(), queue.missed)
            } else {
                entry.queued = true;
                self.ready.push_back(key.clone());
                (queue.publications.drain(..many).collect(), Missed::default())
            };
            return Some(Incoming::Publications(Publications { key, publications, missed }));
        }
    }
}

impl Entry {
    /// Drops all messages.
    fn drop_queue(&mut self, total: &mut usize) {
        if let Some(queue) = self.queue.take() {
            *total -= queue.bytes;
        }
    }
}
