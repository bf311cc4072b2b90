//! Parts of a channel's history, for subscribers that come back to find more missing than is at hand.
//!
//! A thousand clients that lost the same connection ask for the same part: it is read once, encoded once, and
//! kept with the newest events as far as there is room, so that whoever comes a moment later needs no reading.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tidings_contract::GapReason;

use super::{Hub, channel::HubChannel};
use crate::{
    broker::{BrokerUnavailable, Position},
    resume::after,
    socket::Frame,
};

/// How much is read at a time: bytes of payload, overrun by at most one payload or a few.
const PAGE_BYTES: usize = 512 * 1024;

/// Encoded events with their offsets. One that did not fit its type has no frame.
pub(super) type Events = Vec<(u64, Option<Frame>)>;

/// What follows a position in the history, or why nothing does.
pub(super) type Page = Result<Events, GapReason>;

type Read = Shared<BoxFuture<'static, Result<Arc<Page>, BrokerUnavailable>>>;

/// The readings under way, by the position that they follow.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<HashMap<Position, Read>>);

impl HubChannel {
    /// Reads what follows `cursor`.
    pub(super) fn page(
        self: &Arc<Self>,
        cursor: Position,
        hub: &Hub,
    ) -> impl Future<Output = Result<Arc<Page>, BrokerUnavailable>> + use<> {
        let mut reads = self.pages.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = || {
            hub.metrics.history_reads.increment(1);
            let history = hub.broker.history(&self.key, Some(cursor.offset), PAGE_BYTES, None);
            // Weak, since the channel holds the reading.
            let channel = Arc::downgrade(self);
            // A task of its own, so that it ends, and is forgotten, also when all who asked have gone.
            let read = hub.tasks.spawn(async move {
                let history = history.await;
                let channel = channel.upgrade().ok_or_else(given_up)?;
                let page = history.map(|history| {
                    Arc::new(after(cursor, &history).map(|events| {
                        let encoded: Events = events
                            .iter()
                            .filter_map(|event| Some((event.offset()?, channel.event(event).ok())))
                            .collect();
                        channel.adopt(cursor.epoch, &encoded);
                        encoded
                    }))
                });
                channel.pages.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&cursor);
                page
            });
            async move { read.await.unwrap_or_else(|_| Err(given_up())) }.boxed().shared()
        };
        reads.entry(cursor).or_insert_with(start).clone()
    }
}

fn given_up() -> BrokerUnavailable {
    BrokerUnavailable("the channel was given up meanwhile".to_owned())
}
