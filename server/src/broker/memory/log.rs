//! One channel's events in memory.

use std::{
    collections::{HashMap, VecDeque},
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use tokio::time::Instant;
use uuid::Uuid;

use crate::broker::{COUNT_KEPT, Keep, Position, Publication, Retention, Tracked};

/// One channel's events.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) newest: Position,
    /// When the count began, in milliseconds since 1970; 0 where an earlier count was given up for it.
    pub(super) began_ms: u64,
    pub(super) events: VecDeque<Publication>,
    pub(super) once: HashMap<String, (Position, Instant)>,
    pub(super) events_expire: Instant,
    pub(super) count_expires: Instant,
}

impl Log {
    /// Begins a count.
    pub(super) fn begin(began_ms: u64) -> Self {
        let now = Instant::now();
        Self {
            newest: Position { epoch: Uuid::new_v4(), offset: 0 },
            began_ms,
            events: VecDeque::new(),
            once: HashMap::new(),
            events_expire: now,
            count_expires: now + COUNT_KEPT,
        }
    }

    /// Keeps a payload as the channel's next event. Nothing, when it was published before.
    pub(super) fn publish(
        &mut self,
        payload: Bytes,
        keep: Keep,
        once: Option<String>,
        retention: Retention,
    ) -> (Position, Option<Publication>) {
        let now = Instant::now();
        if let Some((position, expires)) = once.as_ref().and_then(|once| self.once.get(once))
            && *expires > now
        {
            return (*position, None);
        }
        self.newest.offset += 1;
        let position = self.newest;
        let tracked = Tracked { position, published_at_ms: now_ms() };
        let publication = Publication { tracked: Some(tracked), payload };
        self.events.push_back(publication.clone());
        let (events, time) = match keep {
            Keep::History => (retention.events as usize, retention.time),
            Keep::Newest(time) => (1, time),
        };
        if self.events.len() > events {
            self.events.pop_front();
        }
        self.events_expire = now + time;
        self.count_expires = now + time.max(COUNT_KEPT);
        if let Some(once) = once {
            self.once.insert(once, (position, now + retention.once));
        }
        (position, Some(publication))
    }
}

/// The time, in milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
