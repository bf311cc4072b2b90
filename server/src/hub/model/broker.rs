//! A broker with one channel, which remembers everything that was ever published.

use std::collections::VecDeque;

use uuid::Uuid;

use crate::broker::{History, Position, Publication, Tracked};

/// A broker with one channel.
pub(super) struct ModelBroker {
    /// Everything that was ever acknowledged, in order, whatever became of it.
    pub(super) published: Vec<Position>,
    /// How many events had been published at each moment of the clock.
    pub(super) published_at: Vec<usize>,
    /// Where the channel stands, once something was published.
    pub(super) newest: Option<Position>,
    /// The moment at which the count began.
    pub(super) began: u64,
    pub(super) kept: VecDeque<Publication>,
    pub(super) lineage: u128,
    pub(super) epochs: u128,
    /// Something was lost for good: gaps are in order.
    pub(super) lossy: bool,
    pub(super) connected: bool,
    /// Valkey has the subscription.
    pub(super) subscribed: bool,
}

impl ModelBroker {
    pub(super) fn new() -> Self {
        Self {
            published: Vec::new(),
            published_at: Vec::new(),
            newest: None,
            began: 0,
            kept: VecDeque::new(),
            lineage: 1,
            epochs: 0,
            lossy: false,
            connected: false,
            subscribed: false,
        }
    }

    /// Moves the clock on: no two things happen at one moment.
    pub(super) fn now(&mut self) -> u64 {
        self.published_at.push(self.published.len());
        self.published_at.len() as u64 - 1
    }

    pub(super) fn publish(&mut self, payload: &'static str) -> Publication {
        let now = self.now();
        let mut position = self.newest.unwrap_or_else(|| {
            self.began = now;
            self.epochs += 1;
            Position { epoch: Uuid::from_u128(self.epochs), offset: 0 }
        });
        position.offset += 1;
        self.newest = Some(position);
        self.published.push(position);
        let tracked = Some(Tracked { position, published_at_ms: 0 });
        let publication = Publication { tracked, payload: payload.into() };
        self.kept.push_back(publication.clone());
        publication
    }

    pub(super) fn forget(&mut self) {
        self.lossy = true;
        self.newest = None;
        self.kept.clear();
        self.lineage += 1;
    }

    pub(super) fn position(&mut self) -> Position {
        let now = self.now();
        self.newest.unwrap_or_else(|| Position::void(now, self.lineage))
    }

    pub(super) fn history(&mut self, from: Position, budget: usize) -> History {
        let newest = self.position();
        let is_ours = from.is_same_place(Position::void(0, self.lineage));
        let after = if newest.epoch == from.epoch {
            Some(from.offset)
        } else if is_ours && (self.newest.is_none() || self.began >= from.void_since_ms()) {
            Some(0)
        } else {
            None
        };
        let follows =
            |event: &&Publication| after.is_some_and(|after| event.offset() > Some(after));
        let events = self.kept.iter().filter(follows).take(budget).cloned().collect();
        History { newest, after, events }
    }

    /// How many events had been published when a channel stood at `position`.
    pub(super) fn count_at(&self, position: Position) -> usize {
        if position.is_void() {
            return self.published_at[position.void_since_ms() as usize];
        }
        let at = self.published.iter().position(|published| *published == position);
        at.expect("only ids of events are given out") + 1
    }
}
