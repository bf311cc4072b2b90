//! Channels within one process.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use tokio::{sync::mpsc, time::Instant};
use uuid::Uuid;

use super::{
    Broker, BrokerUnavailable, COUNT_KEPT, ChannelKey, History, Incoming, IncomingStream, Keep,
    Kept, Position, Publication, Publish, Retention, Tracked, beginning,
};

/// Events that were published and not yet taken by the hub. When full, publishing waits. In bytes that
/// is at most this many times `--max-payload-bytes`.
const IN_FLIGHT: usize = 256;

/// After this many operations everything that has expired is let go.
const SWEEP_EVERY: u32 = 1024;

/// The broker of a single replica: no server, gone with the process.
///
/// Right for the demo, for development and for tests. With two replicas it is wrong: what is published on
/// one does not reach the other. Its memory is bounded by [`Retention`], channel by channel.
#[derive(Debug)]
pub(crate) struct MemoryBroker {
    retention: Retention,
    channels: Arc<Shared>,
    incoming: mpsc::Sender<Incoming>,
}

/// Held for look-ups and changes, and for sending on what was changed, which keeps the order; never over an
/// await.
#[derive(Debug, Default)]
struct Shared(Mutex<Channels>);

#[derive(Debug, Default)]
struct Channels {
    subscribed: HashSet<ChannelKey>,
    logs: HashMap<ChannelKey, Log>,
    members: HashMap<ChannelKey, BTreeMap<String, (Bytes, Instant)>>,
    operations: u32,
}

/// One channel's events.
#[derive(Debug)]
struct Log {
    newest: Position,
    events: VecDeque<Publication>,
    once: HashMap<String, (Position, Instant)>,
    events_expire: Instant,
    count_expires: Instant,
}

impl MemoryBroker {
    /// A broker without channels, and the stream of what comes from it.
    pub(crate) fn new(retention: Retention) -> (Arc<Self>, IncomingStream) {
        let (sender, receiver) = mpsc::channel(IN_FLIGHT);
        let rest = stream::unfold(receiver, async |mut receiver| {
            receiver.recv().await.map(|incoming| (incoming, receiver))
        });
        let stream = stream::once(async { Incoming::Up }).chain(rest).boxed();
        (Arc::new(Self { retention, channels: Arc::default(), incoming: sender }), stream)
    }

    /// Forgets a channel's history and count, as a server that lost its data does.
    #[cfg(test)]
    pub(crate) fn forget(&self, key: &ChannelKey) {
        self.channels.lock().logs.remove(key);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Channels> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channels.operations += 1;
        if channels.operations >= SWEEP_EVERY {
            channels.operations = 0;
            let now = Instant::now();
            channels.logs.retain(|_, log| {
                log.once.retain(|_, (_, expires)| *expires > now);
                if log.events_expire <= now {
                    log.events.clear();
                }
                log.count_expires > now
            });
            channels.members.retain(|_, members| {
                members.retain(|_, (_, expires)| *expires > now);
                !members.is_empty()
            });
        }
        channels
    }
}

impl Channels {
    fn log(&mut self, key: &ChannelKey, retention: Retention) -> &mut Log {
        let now = Instant::now();
        let fresh = || Log {
            newest: beginning(Uuid::new_v4()),
            events: VecDeque::new(),
            once: HashMap::new(),
            events_expire: now + retention.time,
            count_expires: now + retention.time,
        };
        let log = self.logs.entry(key.clone()).or_insert_with(fresh);
        if log.count_expires <= now {
            *log = fresh();
        }
        if log.events_expire <= now {
            log.events.clear();
        }
        if log.newest.offset == 0 {
            log.count_expires = now + retention.time;
        }
        log
    }

    fn members(&mut self, key: &ChannelKey) -> Bytes {
        let now = Instant::now();
        let Some(members) = self.members.get_mut(key) else { return Bytes::from_static(b"[]") };
        members.retain(|_, (_, expires)| *expires > now);
        let elements: Vec<&[u8]> = members.values().map(|(element, _)| &element[..]).collect();
        [&b"["[..], &elements.join(&b','), b"]"].concat().into()
    }
}

impl Log {
    /// Keeps a payload as the channel's next event. Nothing, when it was published before.
    fn publish(
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

impl Broker for MemoryBroker {
    fn publish(&self, publish: Publish) -> BoxFuture<'static, Result<Position, BrokerUnavailable>> {
        let retention = self.retention;
        let (channels, incoming) = (self.channels.clone(), self.incoming.clone());
        let Publish { key, payload, keep, idempotency_key } = publish;
        let once = idempotency_key.filter(|once| !once.is_empty());
        async move {
            // The place in the queue is taken before the place in the channel, so that both have one order.
            let permit = incoming.reserve().await.map_err(stopped)?;
            let mut channels = channels.lock();
            let subscribed = channels.subscribed.contains(&key);
            let (position, publication) =
                channels.log(&key, retention).publish(payload, keep, once, retention);
            if let Some(publication) = publication.filter(|_| subscribed) {
                permit.send(Incoming::Publication { key, publication });
            }
            Ok(position)
        }
        .boxed()
    }

    fn publish_all(
        &self,
        publishes: Vec<Publish>,
    ) -> BoxFuture<'static, Vec<Result<Position, BrokerUnavailable>>> {
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

    fn history(
        &self,
        key: &ChannelKey,
        after: Option<u64>,
        budget_bytes: usize,
        seen: Option<Position>,
    ) -> BoxFuture<'static, Result<History, BrokerUnavailable>> {
        let mut channels = self.channels.lock();
        let newest = channels.log(key, self.retention).newest;
        if seen.is_some_and(|seen| seen.epoch == newest.epoch && seen.offset > newest.offset) {
            channels.logs.remove(key);
        }
        let log = channels.log(key, self.retention);
        let mut left = budget_bytes;
        let events = match after {
            Some(after) => log
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
            None => Vec::new(),
        };
        let history = History { newest: log.newest, events };
        async move { Ok(history) }.boxed()
    }

    fn newest(
        &self,
        key: &ChannelKey,
    ) -> BoxFuture<'static, Result<Option<Kept>, BrokerUnavailable>> {
        let channels = self.channels.lock();
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
        let (channels, incoming) = (self.channels.clone(), self.incoming.clone());
        async move {
            let permit = incoming.reserve().await.map_err(stopped)?;
            let mut channels = channels.lock();
            let members = channels.members.entry(key.clone()).or_default();
            match element {
                Some(element) => drop(members.insert(member, (element, Instant::now() + ttl))),
                None => drop(members.remove(&member)),
            }
            let publication = Publication { tracked: None, payload: channels.members(&key) };
            let bytes = publication.payload.len();
            if channels.subscribed.contains(&key) {
                permit.send(Incoming::Publication { key, publication });
            }
            Ok(bytes)
        }
        .boxed()
    }

    fn members(&self, key: &ChannelKey) -> BoxFuture<'static, Result<Bytes, BrokerUnavailable>> {
        let members = self.channels.lock().members(key);
        async move { Ok(members) }.boxed()
    }

    fn subscribe(&self, key: &ChannelKey) -> BoxFuture<'static, Result<(), BrokerUnavailable>> {
        self.channels.lock().subscribed.insert(key.clone());
        async { Ok(()) }.boxed()
    }

    fn unsubscribe(&self, key: &ChannelKey) {
        self.channels.lock().subscribed.remove(key);
    }

    fn is_up(&self) -> bool {
        !self.incoming.is_closed()
    }
}

fn stopped<T>(_: mpsc::error::SendError<T>) -> BrokerUnavailable {
    BrokerUnavailable("the server has stopped".to_owned())
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
