//! The channels of one part of the hub, in memory.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use tokio::time::Instant;
use uuid::Uuid;

use super::log::{Log, Once, now_ms};
use crate::broker::{ChannelKey, Keep, Position, Publication, Retention, Unpublished};

/// The channels of one part of the hub.
#[derive(Debug)]
pub(super) struct Channels {
    /// Names the data, until it is lost.
    pub(super) lineage: Uuid,
    pub(super) logs: HashMap<ChannelKey, Log>,
    pub(super) members: HashMap<ChannelKey, BTreeMap<String, (Bytes, Instant)>>,
    pub(super) operations: u32,
}

impl Channels {
    pub(super) fn sweep(&mut self) {
        self.operations = 0;
        let now = Instant::now();
        self.logs.retain(|_, log| {
            log.once.retain(|_, published| published.expires > now);
            if log.events_expire <= now {
                log.events.clear();
            }
            log.count_expires > now
        });
        self.members.retain(|_, members| {
            members.retain(|_, (_, expires)| *expires > now);
            !members.is_empty()
        });
    }

    /// A channel's events, if anything was published to it.
    pub(super) fn log(&mut self, key: &ChannelKey) -> Option<&mut Log> {
        let now = Instant::now();
        let log = self.logs.get_mut(key).filter(|log| log.count_expires > now)?;
        if log.events_expire <= now {
            log.events.clear();
        }
        Some(log)
    }

    /// Where a channel stands.
    pub(super) fn position(&mut self, key: &ChannelKey) -> Position {
        let void = Position::void(now_ms(), self.lineage.as_u128());
        self.log(key).map_or(void, |log| log.newest)
    }

    /// What `position` is in a channel's count, if it belongs to that.
    pub(super) fn offset_of(&mut self, position: Position, key: &ChannelKey) -> Option<u64> {
        let void = Position::void(now_ms(), self.lineage.as_u128());
        match self.log(key) {
            Some(log) if log.newest.epoch == position.epoch => Some(position.offset),
            Some(log) => {
                let began =
                    position.is_same_place(void) && log.began_ms >= position.void_since_ms();
                began.then_some(0)
            }
            None => position.is_same_place(void).then_some(0),
        }
    }

    pub(super) fn publish(
        &mut self,
        key: &ChannelKey,
        payload: Bytes,
        keep: Keep,
        once: Option<Once>,
        retention: Retention,
    ) -> Result<(Position, Option<Publication>), Unpublished> {
        if self.log(key).is_none() {
            // An expired one, if any, begins another count.
            self.logs.remove(key);
        }
        let log = self.logs.entry(key.clone()).or_insert_with(|| Log::begin(now_ms()));
        log.publish(payload, keep, once, retention)
    }

    pub(super) fn members(&mut self, key: &ChannelKey) -> Bytes {
        let now = Instant::now();
        let Some(members) = self.members.get_mut(key) else { return Bytes::from_static(b"[]") };
        members.retain(|_, (_, expires)| *expires > now);
        let elements: Vec<&[u8]> = members.values().map(|(element, _)| &element[..]).collect();
        [&b"["[..], &elements.join(&b','), b"]"].concat().into()
    }
}
