//! How channels learn where they stand, and get what they missed.
//!
//! A channel catches up when it is new, when an offset is missing, and when the broker was away. There are two queues, and a
//! fixed number of tasks for each, so the number of requests to the broker is bounded, however many channels there are:
//!
//! - *looks* ask for the positions of many `Log` channels at once;
//! - *reads* read one channel's history, newest value or members.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tidings_contract::Feed;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::{
    channel::{CaughtUp, HubChannel},
    fan_out::OUTGOING_BYTES,
    part::Part,
};
use crate::{
    broker::{BrokerUnavailable, Kept, POSITIONS_AT_ONCE, Publication},
    log_limit::bounded,
};

/// How much is read of one channel at a time: bytes of payload, overrun by at most one payload or a few.
const READ_BYTES: usize = 256 * 1024;

/// Tasks of a part that ask where channels stand. Enough for the broker always to have the next question.
const LOOKERS: usize = 8;

/// Tasks of a part that read channels.
const READERS: usize = 4;

/// The longest pause before another try, while the broker says that it is up.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Channels that are to catch up.
#[derive(Debug, Default)]
pub(super) struct CatchUps {
    /// Held for changes, never over an await. No other lock is taken under it.
    queues: Mutex<Queues>,
    /// Rises with every answer of the broker. A subscribe call waits for its channel while it rises.
    progress: AtomicU64,
}

/// A channel is in one of them while it catches up. After an outage it may be in both: then one reading is repeated.
#[derive(Debug, Default)]
struct Queues {
    looks: VecDeque<Arc<HubChannel>>,
    reads: VecDeque<Arc<HubChannel>>,
    lookers: usize,
    readers: usize,
}

impl CatchUps {
    /// A number that rises with every answer of the broker.
    pub(super) fn progress(&self) -> u64 {
        self.progress.load(Ordering::Relaxed)
    }

    fn progressed(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }

    /// The next channels to look at. `None` when there are none: then the caller has to end.
    fn next_looks(&self) -> Option<Vec<Arc<HubChannel>>> {
        let mut queues = self.queues();
        let many = queues.looks.len().min(POSITIONS_AT_ONCE);
        if many == 0 {
            queues.lookers -= 1;
            queues.looks = VecDeque::new();
            return None;
        }
        Some(queues.looks.drain(..many).collect())
    }

    /// The next channel to read. `None` when there is none: then the caller has to end.
    fn next_read(&self) -> Option<Arc<HubChannel>> {
        let mut queues = self.queues();
        let next = queues.reads.pop_front();
        if next.is_none() {
            queues.readers -= 1;
            queues.reads = VecDeque::new();
        }
        next
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    /// Starts to bring a channel up to date, unless that is under way.
    pub(super) fn catch_up(self: &Arc<Self>, channel: &Arc<HubChannel>) {
        if !channel.begin() {
            return;
        }
        if channel.procedure.feed == Feed::Log {
            self.pause(channel);
            self.look_later(channel.clone());
        } else {
            self.read_later(channel.clone());
        }
    }

    /// Queues a channel that has begun to catch up for a look.
    fn look_later(self: &Arc<Self>, channel: Arc<HubChannel>) {
        let mut queues = self.catch_ups.queues();
        queues.looks.push_back(channel);
        let spawn = queues.lookers < LOOKERS;
        queues.lookers += usize::from(spawn);
        drop(queues);
        if spawn {
            let part = self.clone();
            let look = async move {
                while let Some(channels) = part.catch_ups.next_looks() {
                    part.look(channels).await;
                    tokio::task::yield_now().await;
                }
            };
            self.shared.tasks.spawn(self.shared.stop.clone().run_until_cancelled_owned(look));
        }
    }

    /// Queues a channel that has begun to catch up for reading.
    pub(super) fn read_later(self: &Arc<Self>, channel: Arc<HubChannel>) {
        let mut queues = self.catch_ups.queues();
        queues.reads.push_back(channel);
        let spawn = queues.readers < READERS;
        queues.readers += usize::from(spawn);
        drop(queues);
        if spawn {
            let part = self.clone();
            let read = async move {
                while let Some(channel) = part.catch_ups.next_read() {
                    part.read_on(&channel).await;
                    // A broker in memory answers at once.
                    tokio::task::yield_now().await;
                }
            };
            self.shared.tasks.spawn(self.shared.stop.clone().run_until_cancelled_owned(read));
        }
    }

    /// Asks where channels stand. Those that missed nothing are up to date; the others have to be read.
    async fn look(self: &Arc<Self>, channels: Vec<Arc<HubChannel>>) {
        let mut looks = Vec::with_capacity(channels.len());
        for channel in channels {
            let from = channel.reading();
            // Events from before the look are in the history, or were lost. The last subscriber may have left meanwhile.
            if self.if_current(&channel, |broker| broker.discard(&channel.key)) {
                looks.push((channel, from));
            }
        }
        let keys: Vec<_> = looks.iter().map(|(channel, _)| channel.key.clone()).collect();
        if keys.is_empty() {
            return;
        }
        self.shared.metrics.history_reads.increment(1);
        match self.shared.broker.positions(&keys).await {
            Ok(positions) => {
                self.catch_ups.progressed();
                for ((channel, from), newest) in looks.into_iter().zip(positions) {
                    match channel.take_position(from, newest) {
                        Some(caught_up) => self.caught_up(&channel, caught_up),
                        None => self.read_later(channel),
                    }
                }
            }
            Err(error) => {
                let left = looks.into_iter().map(|(channel, _)| channel);
                let left: Vec<_> = left.filter(|channel| !self.gives_up(channel, &error)).collect();
                if left.is_empty() {
                    return;
                }
                bounded!(warn, channels = left.len(), %error, "could not ask where channels stand");
                // Each by itself: one of them may be the reason.
                for channel in left {
                    self.read_later(channel);
                }
            }
        }
    }

    /// Reads once what a channel missed, and queues it again where there is more.
    async fn read_on(self: &Arc<Self>, channel: &Arc<HubChannel>) {
        if !self.has(channel) {
            return;
        }
        if channel.outgoing_bytes() > OUTGOING_BYTES {
            // Its subscribers have enough for now: the walk over them queues it again.
            channel.stalled.store(true, Ordering::Release);
            return self.resume_if_idle(channel);
        }
        match self.read(channel).await {
            Ok(caught_up) => {
                self.catch_ups.progressed();
                self.caught_up(channel, caught_up);
            }
            Err(error) => {
                if self.gives_up(channel, &error) {
                    return;
                }
                bounded!(warn, channel = %channel.key, %error, "a history could not be read");
                // Not here: other channels wait for this reader.
                let (part, channel) = (self.clone(), channel.clone());
                let again = async move {
                    tokio::time::sleep(LONGEST_PAUSE.mul_f64(rand::random())).await;
                    part.read_later(channel);
                };
                self.shared.tasks.spawn(self.shared.stop.clone().run_until_cancelled_owned(again));
            }
        }
    }

    async fn read(&self, channel: &Arc<HubChannel>) -> Result<CaughtUp, BrokerUnavailable> {
        let broker = &self.shared.broker;
        match channel.procedure.feed {
            Feed::State => {
                let reading = channel.reading_newest();
                Ok(channel.read_newest(reading, broker.newest(&channel.key).await?))
            }
            Feed::Members => {
                let reading = channel.reading_newest();
                let payload = broker.members(&channel.key).await?;
                let publication = Publication { tracked: None, payload };
                let kept = Kept { publication, expires_in: Duration::MAX };
                Ok(channel.read_newest(reading, Some(kept)))
            }
            Feed::Log => {
                let from = channel.reading();
                self.pause(channel);
                self.if_current(channel, |broker| broker.discard(&channel.key));
                self.shared.metrics.history_reads.increment(1);
                let key = std::slice::from_ref(&channel.key);
                let from = match from {
                    Some(from) => from,
                    None => *broker.positions(key).await?.first().ok_or_else(no_answer)?,
                };
                let history = broker.history(&channel.key, from, READ_BYTES).await?;
                let newest = history.newest;
                if newest.epoch == from.epoch && newest.offset < from.offset {
                    // It must not give the same ids to other events.
                    broker.renew(&channel.key, from).await?;
                    return Ok(CaughtUp { more: true, ..CaughtUp::default() });
                }
                Ok(channel.read(Some(from), &history))
            }
        }
    }

    fn caught_up(self: &Arc<Self>, channel: &Arc<HubChannel>, caught_up: CaughtUp) {
        self.count(channel, caught_up.sent);
        self.relieve_windows();
        if caught_up.more {
            self.read_later(channel.clone());
        }
        self.fan_out(channel);
    }

    /// Whether a channel is not to be read any more, because nobody is in it, or because the broker is down: it begins
    /// again when the broker is up.
    fn gives_up(&self, channel: &Arc<HubChannel>, error: &BrokerUnavailable) -> bool {
        !self.has(channel) || self.is_down() && channel.failed(error)
    }

    /// Starts the task that reads the members again when no report has arrived for `MEMBER_TTL`: dead members cannot
    /// publish a list without themselves. Nothing for other feeds. The task ends when the handle is dropped, or with the hub.
    pub(super) fn expiry(
        self: &Arc<Self>,
        channel: &Arc<HubChannel>,
    ) -> Option<AbortOnDropHandle<()>> {
        if channel.procedure.feed != Feed::Members {
            return None;
        }
        // Neither is kept by the task: they own it.
        let (part, channel) = (Arc::downgrade(self), Arc::downgrade(channel));
        let expiry = async move {
            let mut read_at = Instant::now();
            while let Some(due) = channel.upgrade().and_then(|channel| channel.expires_at(read_at))
            {
                if Instant::now() < due {
                    sleep_until(due).await;
                    continue;
                }
                let (Some(part), Some(channel)) = (part.upgrade(), channel.upgrade()) else {
                    return;
                };
                part.catch_up(&channel);
                read_at = Instant::now();
            }
        };
        let stop = self.shared.stop.clone();
        let until_stopped = async move {
            let _ = stop.run_until_cancelled_owned(expiry).await;
        };
        Some(AbortOnDropHandle::new(self.shared.tasks.spawn(until_stopped)))
    }
}

fn no_answer() -> BrokerUnavailable {
    BrokerUnavailable("it did not say where a channel stands".to_owned())
}
