//! One channel's events in memory.

use std::{
    collections::{HashMap, VecDeque},
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use tokio::time::Instant;
use uuid::Uuid;

use crate::broker::{COUNT_KEPT, Keep, Position, Publication, Retention, Tracked, Unpublished};

/// One channel's events.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) newest: Position,
    /// When the count began, in milliseconds since 1970; 0 where an earlier count was given up for it.
    pub(super) began_ms: u64,
    pub(super) events: VecDeque<Publication>,
    pub(super) once: HashMap<String, PublishedOnce>,
    pub(super) events_expire: Instant,
    pub(super) count_expires: Instant,
}

/// An idempotency key, and the digest that came with it.
#[derive(Debug)]
pub(super) struct Once {
    pub(super) key: String,
    pub(super) digest: Option<String>,
}

/// What was published with an idempotency key.
#[derive(Debug)]
pub(super) struct PublishedOnce {
    position: Position,
    digest: Option<String>,
    pub(super) expires: Instant,
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
    ///
    /// # Errors
    ///
    /// When another payload was published with the key before, by the digests.
    pub(super) fn publish(
        &mut self,
        payload: Bytes,
        keep: Keep,
        once: Option<Once>,
        retention: Retention,
    ) -> Result<(Position, Option<Publication>), Unpublished> {
        let now = Instant::now();
        if let Some(once) = &once
            && let Some(before) = self.once.get(&once.key).filter(|before| before.expires > now)
        {
            return match (&before.digest, &once.digest) {
                (Some(before), Some(digest)) if before != digest => Err(Unpublished::KeyReused),
                _ => Ok((before.position, None)),
            };
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
        if let Some(Once { key, digest }) = once {
            let expires = now + retention.once;
            self.once.insert(key, PublishedOnce { position, digest, expires });
        }
        Ok((position, Some(publication)))
    }
}

/// The time, in milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
