//! Channels within one process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Broker, BrokerUnavailable, ChannelKey, History, Inbox, Incoming, IncomingStream, Kept,
    Position, Publication, Publish, Retention, Unpublished, inbox_limits,
};
use channels::Channels;
use log::{Log, Once};

mod channels;
mod log;

/// After this many operations on a part, everything in it that has expired is dropped.
const SWEEP_EVERY: u32 = 1024;

/// The broker of a single replica: no server, gone with the process.
///
/// Right for the demo, for development and for tests. With two replicas it is wrong: what is published on
/// one does not reach the other. Its memory is bounded by [`Retention`], channel by channel. Publishing waits while half of a
/// channel's inbox is full.
#[derive(Debug)]
pub(crate) struct MemoryBroker {
    retention: Retention,
    parts: Box<[Arc<Part>]>,
}

/// The channels of one part of the hub.
#[derive(Debug)]
struct Part {
    /// Held for look-ups and changes, and for sending on what was changed, which keeps the order; never over an await. The
    /// inbox's lock is taken under it.
    channels: Mutex<Channels>,
    inbox: Inbox,
}

impl MemoryBroker {
    /// A broker without channels, and a stream for each of `parts` parts of the hub.
    pub(crate) fn new(retention: Retention, parts: usize) -> (Arc<Self>, Vec<IncomingStream>) {
        let parts: Box<[_]> = (0..parts.max(1)).map(|_| Arc::new(Part::new(parts))).collect();
        let streams = parts.iter().map(|part| {
            let rest = stream::unfold(Stream(part.clone()), async |stream| {
                Some((stream.0.next().await, stream))
            });
            stream::once(async { Incoming::Up }).chain(rest).boxed()
        });
        let streams = streams.collect();
        (Arc::new(Self { retention, parts }), streams)
    }

    /// Forgets a channel's history and count, as a server that lost its data does.
    #[cfg(test)]
    pub(crate) fn forget(&self, key: &ChannelKey) {
        let mut channels = self.part(key).channels();
        channels.logs.remove(key);
        channels.lineage = Uuid::new_v4();
    }

    fn part(&self, key: &ChannelKey) -> &Arc<Part> {
        &self.parts[key.part(self.parts.len())]
    }
}

/// What a part of the hub polls. Dropping it ends publishing.
struct Stream(Arc<Part>);

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.inbox.close();
    }
}

impl Part {
    fn new(parts: usize) -> Self {
        let channels = Channels {
            lineage: Uuid::new_v4(),
            logs: HashMap::new(),
            members: HashMap::new(),
            operations: 0,
        };
        Self { channels: Mutex::new(channels), inbox: Inbox::new(inbox_limits(parts)) }
    }

    async fn next(&self) -> Incoming {
        loop {
            tokio::select! {
                biased;
                () = self.inbox.changed() => {
                    // Every subscription is confirmed at once.
                    let changes = self.inbox.changes(usize::MAX);
                    self.inbox.confirm(&changes.subscribe);
                }
                incoming = self.inbox.next() => return incoming,
            }
        }
    }

    /// Waits until the hub has taken enough of a channel for more to be published to it.
    async fn room(&self, key: &ChannelKey) -> Result<(), BrokerUnavailable> {
        self.inbox.room(key).await;
        if self.inbox.is_closed() {
            return Err(BrokerUnavailable("the server has stopped".to_owned()));
        }
        Ok(())
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.operations += 1;
        if channels.operations >= SWEEP_EVERY {
            channels.sweep();
        }
        channels
    }
}

impl Broker for MemoryBroker {
    fn publish(&self, publish: Publish) -> BoxFuture<'static, Result<Position, Unpublished>> {
        let retention = self.retention;
        let part = self.part(&publish.key).clone();
        let Publish { key, payload, keep, idempotency_key, digest } = publish;
        let once = idempotency_key.filter(|key| !key.is_empty()).map(|key| Once { key, digest });
        async move {
            part.room(&key).await?;
            let mut channels = part.channels();
            let (position, publication) = channels.publish(&key, payload, keep, once, retention)?;
            if let Some(publication) = publication {
                part.inbox.push_publication(&key, &publication);
            }
            Ok(position)
        }
        .boxed()
    }

    fn publish_all(
        &self,
        publishes: Vec<Publish>,
    ) -> BoxFuture<'static, Vec<Result<Position, Unpublished>>> {
        let publishing: Vec<_> = publishes.into_iter().map(|p| self.publish(p)).collect();
        async move {
            let mut results = Vec::with_capacity(publishing.len());
            for publish in publishing {
                results.push(publish.await);
            }
            results
        }
        .boxed()
    }

    fn positions(
        &self,
        keys: &[ChannelKey],
    ) -> BoxFuture<'static, Result<Vec<Position>, BrokerUnavailable>> {
        let positions = keys.iter().map(|key| self.part(key).channels().position(key)).collect();
        async move { Ok(positions) }.boxed()
    }

    fn history(
        &self,
        key: &ChannelKey,
        after: Position,
        budget_bytes: usize,
    ) -> BoxFuture<'static, Result<History, BrokerUnavailable>> {
        let mut channels = self.part(key).channels();
        let newest = channels.position(key);
        let after = channels.offset_of(after, key);
        let mut left = budget_bytes;
        let events = match (after, channels.log(key)) {
            (Some(after), Some(log)) => log
                .events
                .iter()
                .filter(|event| event.offset() > Some(after))
                .take_while(|event| {
                    let room = left > 0;
                    left = left.saturating_sub(event.payload.len());
                    room
                })
                .cloned()
                .collect(),
            _ => Vec::new(),
        };
        async move { Ok(History { newest, after, events }) }.boxed()
    }

    fn renew(
        &self,
        key: &ChannelKey,
        seen: Position,
    ) -> BoxFuture<'static, Result<(), BrokerUnavailable>> {
        let mut channels = self.part(key).channels();
        let newest = channels.position(key);
        if newest.epoch == seen.epoch && newest.offset < seen.offset {
            // Behind no void position: events of the count before it are given up.
            channels.logs.insert(key.clone(), Log::begin(0));
        }
        async { Ok(()) }.boxed()
    }

    fn newest(
        &self,
        key: &ChannelKey,
    ) -> BoxFuture<'static, Result<Option<Kept>, BrokerUnavailable>> {
        let channels = self.part(key).channels();
        let now = Instant::now();
        let log = channels.logs.get(key).filter(|log| log.events_expire > now);
        let newest = log.and_then(|log| {
            let publication = log.events.back()?.clone();
            Some(Kept { publication, expires_in: log.events_expire - now })
        });
        async move { Ok(newest) }.boxed()
    }

    fn report(
        &self,
        key: &ChannelKey,
        member: &str,
        element: Option<Bytes>,
        ttl: Duration,
    ) -> BoxFuture<'static, Result<usize, BrokerUnavailable>> {
        let (key, member) = (key.clone(), member.to_owned());
        let part = self.part(&key).clone();
        async move {
            part.room(&key).await?;
            let mut channels = part.channels();
            let members = channels.members.entry(key.clone()).or_default();
            match element {
                Some(element) => drop(members.insert(member, (element, Instant::now() + ttl))),
                None => drop(members.remove(&member)),
            }
            let publication = Publication { tracked: None, payload: channels.members(&key) };
            part.inbox.push_publication(&key, &publication);
            Ok(publication.payload.len())
        }
        .boxed()
    }

    fn members(&self, key: &ChannelKey) -> BoxFuture<'static, Result<Bytes, BrokerUnavailable>> {
        let members = self.part(key).channels().members(key);
        async move { Ok(members) }.boxed()
    }

    fn subscribe(&self, key: &ChannelKey) {
        self.part(key).inbox.subscribe(key);
    }

    fn unsubscribe(&self, key: &ChannelKey) {
        self.part(key).inbox.unsubscribe(key);
    }

    fn pause(&self, key: &ChannelKey) {
        self.part(key).inbox.pause(key);
    }

    fn resume(&self, key: &ChannelKey) {
        self.part(key).inbox.resume(key);
    }

    fn discard(&self, key: &ChannelKey) {
        self.part(key).inbox.discard(key);
    }

    fn is_up(&self) -> bool {
        self.parts.iter().all(|part| !part.inbox.is_closed())
    }

    fn refused_writes(&self) -> u64 {
        0
    }
}
