//! What a broker has for one part of the hub, and what that part wants of the broker.
//!
//! A connection's reader pushes messages in, and the part takes them out, one channel's at a time and in turn: a channel
//! with many events delays the others by one turn only. Every queue is bounded in bytes. A message above a bound is dropped
//! undecoded, and its channel is told that it missed something: it reads its history then.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::{BrokerUnavailable, ChannelKey, Incoming, Missed, Publication, Publications};

/// What a message costs besides its own bytes.
const ENTRY_BYTES: usize = 128;

/// Publications of one channel that are taken in one turn …
const TURN: usize = 256;
/// … and bytes of them, overrun by at most one publication.
const TURN_BYTES: usize = 128 * 1024;

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

/// What a broker has for one part of the hub, and what that part wants of the broker.
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
    /// Absent while nothing waits: most channels are quiet most of the time.
    queue: Option<Box<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    publications: VecDeque<Publication>,
    bytes: usize,
    missed: Missed,
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

    /// Wants a channel from now on. [`Incoming::Subscribed`] follows, also where the subscription holds already.
    pub(crate) fn subscribe(&self, key: &ChannelKey) {
        self.want(key, true);
    }

    /// Wants a channel no longer, and drops what waits for it.
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
        // What waits may have been paused.
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

    /// Drops what waits of a channel and is in its history, too: the history is about to be read.
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

    /// Up to `most` subscriptions that are to be changed at the broker. They count as sent: what comes next is
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
        // One publication has room, however large, unless the total is used up. Behind a hole everything is dropped: the history has it.
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

    /// What comes next. Waits as long as it takes.
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

    /// What comes next, if it is there.
    pub(crate) fn take(&self) -> Option<Incoming> {
        let mut state = self.state();
        let incoming = state.take();
        drop(state);
        self.taken.notify_waiters();
        incoming
    }

    /// Waits until everything that came has been taken, but for channels that are paused.
    pub(crate) async fn all_taken(&self) {
        self.taken_until(|state| state.ready.is_empty()).await;
    }

    /// Waits until a channel has room for more: until at most half of its bound waits.
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
    /// Drops what waits.
    fn drop_queue(&mut self, total: &mut usize) {
        if let Some(queue) = self.queue.take() {
            *total -= queue.bytes;
        }
    }
}

impl Queue {
    /// How many publications are taken in one turn, and how many bytes they are.
    fn turn(&self) -> (usize, usize) {
        let (mut many, mut bytes) = (0, 0);
        for publication in self.publications.iter().take(TURN) {
            if bytes >= TURN_BYTES {
                break;
            }
            many += 1;
            bytes += cost(publication);
        }
        (many, bytes)
    }
}

impl Missed {
    fn add(&mut self, publication: &Publication) {
        match publication.tracked {
            Some(_) => self.kept = true,
            None => self.lost += 1,
        }
    }
}

fn cost(publication: &Publication) -> usize {
    publication.payload.len() + ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const LIMITS: InboxLimits = InboxLimits { channel_bytes: 1000, total_bytes: 10_000 };

    fn key(name: &str) -> ChannelKey {
        ChannelKey::from(name)
    }

    /// An inbox whose channels are subscribed.
    fn inbox(names: &[&str]) -> Inbox {
        let inbox = Inbox::new(LIMITS);
        for name in names {
            inbox.subscribe(&key(name));
        }
        inbox.confirm(&inbox.changes(usize::MAX).subscribe);
        while let Some(incoming) = next(&inbox) {
            assert!(matches!(incoming, Incoming::Subscribed(_)));
        }
        inbox
    }

    fn next(inbox: &Inbox) -> Option<Incoming> {
        inbox.next().now_or_never()
    }

    fn publications(inbox: &Inbox) -> Option<(String, Vec<Bytes>, Missed)> {
        match next(inbox)? {
            Incoming::Publications(Publications { key, publications, missed }) => {
                let payloads = publications.into_iter().map(|event| event.payload).collect();
                Some((key.as_str().to_owned(), payloads, missed))
            }
            other => panic!("{other:?}"),
        }
    }

    /// A message with a position.
    fn tracked(offset: u64, bytes: usize) -> Bytes {
        let payload = "x".repeat(bytes);
        format!("tidings/1 1b4e28ba-2fa1-41d2-883f-0016d3cca427 {offset} 0\n{payload}").into()
    }

    #[test]
    fn a_subscription_is_sent_once_and_confirmed_to_the_hub() {
        let inbox = Inbox::new(LIMITS);
        inbox.subscribe(&key("a"));
        inbox.subscribe(&key("a"));
        assert_eq!(next(&inbox), None);
        let changes = inbox.changes(10);
        assert_eq!((changes.subscribe, changes.unsubscribe), (vec![key("a")], vec![]));
        assert_eq!(inbox.changes(10), Changes::default());
        inbox.confirm(&[key("a")]);
        assert_eq!(next(&inbox), Some(Incoming::Subscribed(vec![key("a")])));
        assert_eq!(next(&inbox), None);
    }

    #[test]
    fn changes_come_in_chunks() {
        let inbox = Inbox::new(LIMITS);
        for n in 0..5 {
            inbox.subscribe(&key(&n.to_string()));
        }
        let chunks: Vec<_> = (0..4).map(|_| inbox.changes(2).subscribe.len()).collect();
        assert_eq!(chunks, [2, 2, 1, 0]);
    }

    #[test]
    fn a_channel_given_up_and_wanted_again_before_anything_was_sent_is_confirmed_at_once() {
        let inbox = inbox(&["a"]);
        inbox.unsubscribe(&key("a"));
        inbox.subscribe(&key("a"));
        assert_eq!(inbox.changes(10), Changes::default());
        assert_eq!(next(&inbox), Some(Incoming::Subscribed(vec![key("a")])));
    }

    #[test]
    fn a_channel_given_up_while_its_subscription_was_under_way_is_unsubscribed() {
        let inbox = Inbox::new(LIMITS);
        inbox.subscribe(&key("a"));
        assert_eq!(inbox.changes(10).subscribe, [key("a")]);
        inbox.unsubscribe(&key("a"));
        inbox.confirm(&[key("a")]);
        assert_eq!(inbox.changes(10).unsubscribe, [key("a")]);
        assert_eq!(next(&inbox), None, "nobody wants to know");
    }

    #[test]
    fn after_a_loss_every_wanted_channel_is_subscribed_again() {
        let inbox = inbox(&["a", "b"]);
        inbox.unsubscribe(&key("b"));
        inbox.lost();
        let changes = inbox.changes(10);
        assert_eq!((changes.subscribe, changes.unsubscribe), (vec![key("a")], vec![]));
    }

    #[test]
    fn a_refused_channel_is_reported_and_asked_for_again_after_the_next_connection() {
        let inbox = Inbox::new(LIMITS);
        inbox.subscribe(&key("a"));
        let keys = inbox.changes(10).subscribe;
        let reason = BrokerUnavailable("no".to_owned());
        inbox.refuse(&keys, &reason);
        assert_eq!(next(&inbox), Some(Incoming::Refused { keys, reason }));
        inbox.push("a", "1".into());
        assert_eq!(inbox.state().bytes, 0);
        assert_eq!(inbox.changes(10), Changes::default());
        inbox.lost();
        assert_eq!(inbox.changes(10).subscribe, [key("a")]);
        inbox.refuse(&[key("a")], &BrokerUnavailable("no".to_owned()));
        inbox.subscribe(&key("a"));
        assert_eq!(inbox.changes(10).subscribe, [key("a")]);
    }

    #[test]
    fn messages_of_channels_that_nobody_wants_are_dropped() {
        let inbox = inbox(&["a"]);
        inbox.push("b", "1".into());
        inbox.push("a", "1".into());
        inbox.unsubscribe(&key("a"));
        inbox.push("a", "2".into());
        assert_eq!(publications(&inbox), None);
        assert_eq!(inbox.state().bytes, 0);
    }

    #[test]
    fn a_channel_with_many_events_delays_others_by_one_turn() {
        let inbox = Inbox::new(InboxLimits { channel_bytes: 1 << 20, total_bytes: 1 << 20 });
        inbox.subscribe(&key("hot"));
        inbox.subscribe(&key("quiet"));
        for n in 0..2 * TURN {
            inbox.push("hot", n.to_string().into());
        }
        inbox.push("quiet", "1".into());
        let turns: Vec<_> = std::iter::from_fn(|| publications(&inbox)).collect();
        let turns: Vec<_> = turns.iter().map(|(key, some, _)| (key.as_str(), some.len())).collect();
        assert_eq!(turns, [("hot", TURN), ("quiet", 1), ("hot", TURN)]);
    }

    #[test]
    fn above_its_bound_a_channel_misses_events_and_is_told_behind_those_that_it_has() {
        let inbox = inbox(&["a", "b"]);
        for offset in 1..=9 {
            inbox.push("a", tracked(offset, 100));
        }
        inbox.push("b", tracked(1, 100));
        let (_, first, missed) = publications(&inbox).unwrap();
        assert!((1..9).contains(&first.len()), "{} events", first.len());
        assert_eq!(missed, Missed { kept: true, lost: 0 });
        let (_, others, missed) = publications(&inbox).unwrap();
        assert_eq!((others.len(), missed), (1, Missed::default()));
        // It takes events again.
        inbox.push("a", tracked(10, 100));
        assert_eq!(publications(&inbox).unwrap().1.len(), 1);
        assert_eq!(inbox.state().bytes, 0);
    }

    #[test]
    fn behind_a_hole_nothing_is_kept_although_there_is_room() {
        let inbox = inbox(&["a"]);
        inbox.push("a", tracked(1, 500));
        inbox.push("a", tracked(2, 500));
        inbox.push("a", tracked(3, 1));
        let (_, events, missed) = publications(&inbox).unwrap();
        assert_eq!((events.len(), missed), (1, Missed { kept: true, lost: 0 }));
    }

    #[test]
    fn a_dropped_event_that_bypassed_tidings_is_counted_as_lost() {
        let inbox = inbox(&["a"]);
        inbox.push("a", tracked(1, 900));
        inbox.push("a", "\"plain\"".into());
        assert_eq!(publications(&inbox).unwrap().2, Missed { kept: false, lost: 1 });
    }

    #[test]
    fn the_total_bounds_all_channels_together() {
        let inbox = Inbox::new(InboxLimits { channel_bytes: 1000, total_bytes: 1500 });
        for name in ["a", "b", "c"] {
            inbox.subscribe(&key(name));
            inbox.push(name, tracked(1, 400));
        }
        assert!(inbox.state().bytes <= 1500);
        let all: Vec<_> = std::iter::from_fn(|| publications(&inbox)).collect();
        assert_eq!(all.iter().map(|(_, events, _)| events.len()).sum::<usize>(), 2);
        assert!(all[2].2.kept, "the third is told that it missed something");
    }

    #[test]
    fn a_paused_channel_keeps_its_events_and_drops_those_that_its_history_has() {
        let inbox = inbox(&["a"]);
        inbox.pause(&key("a"));
        inbox.push("a", tracked(1, 10));
        inbox.push("a", "\"plain\"".into());
        assert_eq!(publications(&inbox), None);
        inbox.discard(&key("a"));
        inbox.push("a", tracked(2, 10));
        assert_eq!(publications(&inbox), None);
        inbox.resume(&key("a"));
        inbox.pause(&key("a"));
        inbox.resume(&key("a"));
        assert_eq!(inbox.state().ready.len(), 1, "it has one turn");
        assert_eq!(publications(&inbox).unwrap().1.len(), 2);
        assert_eq!(inbox.state().bytes, 0);
    }

    #[tokio::test]
    async fn a_publisher_waits_for_room_and_goes_on_when_something_is_taken() {
        let inbox = inbox(&["a"]);
        inbox.push("a", tracked(1, 600));
        let key = key("a");
        let room = inbox.room(&key);
        tokio::pin!(room);
        assert!(room.as_mut().now_or_never().is_none());
        publications(&inbox).unwrap();
        room.await;
        inbox.push("a", tracked(2, 600));
        inbox.close();
        inbox.room(&key).await;
        assert!(inbox.is_closed());
    }
}
