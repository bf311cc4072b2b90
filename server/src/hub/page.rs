//! Parts of a channel's history, for subscribers that come back to find more missing than the window has.
//!
//! A thousand clients that lost the same connection ask for the same part: it is read once, encoded once, and
//! kept in the window as far as there is room, so clients that come a moment later need no reading.

use std::{collections::HashMap, sync::Arc};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tidings_contract::GapReason;

use super::{channel::HubChannel, part::Part};
use crate::{
    broker::{BrokerUnavailable, Position},
    resume::after,
    socket::Frame,
};

/// Bytes of payload that are read at a time, overrun by at most one payload or a few: as many as `functions.lua` reads in one
/// call.
const PAGE_BYTES: usize = 256 * 1024;

/// What follows a position in the history.
#[derive(Debug)]
pub(crate) struct Page {
    /// The channel's newest event.
    pub(crate) newest: Position,
    /// Encoded events with their offsets, in the epoch of `newest`.
    pub(crate) events: Vec<(u64, Frame)>,
}

/// What follows a position in the history, or why nothing does.
pub(crate) type Paged = Result<Page, GapReason>;

type Read = Shared<BoxFuture<'static, Result<Arc<Paged>, BrokerUnavailable>>>;

/// The readings under way, by the position that they follow.
pub(super) type Pages = HashMap<Position, Read>;

impl HubChannel {
    /// Reads what follows `cursor`.
    pub(super) fn page(
        self: &Arc<Self>,
        cursor: Position,
        part: &Arc<Part>,
    ) -> impl Future<Output = Result<Arc<Paged>, BrokerUnavailable>> + use<> {
        self.with_pages(|pages| {
            pages.entry(cursor).or_insert_with(|| self.start_reading(cursor, part)).clone()
        })
    }

    fn start_reading(self: &Arc<Self>, cursor: Position, part: &Arc<Part>) -> Read {
        // Weak, since the channel holds the reading.
        let (channel, key) = (Arc::downgrade(self), self.key.clone());
        let (part, shared) = (part.clone(), part.shared.clone());
        // A task of its own, so that it ends, and is forgotten, also when all who asked have gone.
        let read = shared.clone().tasks.spawn(async move {
            let permit = shared.page_reads.acquire().await;
            shared.metrics.history_reads.increment(1);
            let history = shared.broker.history(&key, cursor, PAGE_BYTES).await;
            drop(permit);
            let channel = channel.upgrade().ok_or_else(given_up)?;
            let page = history.map(|history| {
                Arc::new(after(&history).map(|events| {
                    let frames = events.iter().filter_map(|event| {
                        let (frame, _) = channel.frame(event);
                        Some((event.offset()?, frame?))
                    });
                    let newest = history.newest;
                    let page = Page { newest, events: frames.collect() };
                    channel.adopt(newest.epoch, &page.events);
                    page
                }))
            });
            part.relieve_windows();
            channel.with_pages(|pages| pages.remove(&cursor));
            page
        });
        async move { read.await.unwrap_or_else(|_| Err(given_up())) }.boxed().shared()
    }
}

fn given_up() -> BrokerUnavailable {
    BrokerUnavailable("the channel was given up meanwhile".to_owned())
}
