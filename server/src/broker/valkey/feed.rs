//! The subscribed connection, and what is done about losing it.
//!
//! One loop: connect, subscribe to everything wanted, hand on what comes, keep the subscriptions equal to
//! the wanted set, ping. Any failure ends the connection, and the loop begins anew after a jittered pause,
//! without end.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use redis::{
    Client, Msg,
    aio::{PubSubSink, PubSubStream},
};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, timeout};

use super::{
    functions::{Functions, describe},
    wanted::{Difference, Wanted},
};
use crate::broker::{BrokerUnavailable, ChannelKey, Incoming, Publication};

/// How often an idle connection is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// How long Valkey may take to confirm: a ping, or all subscriptions after a reconnect.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The pause before another try is a random part of this, doubled with each failure …
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

pub(super) struct Feed {
    client: Client,
    /// Host and port, for the log.
    server: String,
    functions: Functions,
    wanted: Arc<Wanted>,
    up: Arc<AtomicBool>,
    link: Option<Link>,
    /// Failed attempts in a row.
    failures: u32,
    /// What the hub was told last, if anything.
    told_up: Option<bool>,
}

/// One connection.
struct Link {
    sink: PubSubSink,
    stream: PubSubStream,
    held: HashSet<ChannelKey>,
    /// The request that Valkey has yet to confirm. One at a time: so they take effect in order.
    request: Option<BoxFuture<'static, Result<Vec<ChannelKey>, BrokerUnavailable>>>,
    ping: Interval,
}

impl Feed {
    pub(super) fn new(
        client: Client,
        server: String,
        functions: Functions,
        wanted: Arc<Wanted>,
        up: Arc<AtomicBool>,
    ) -> Self {
        Self { client, server, functions, wanted, up, link: None, failures: 0, told_up: None }
    }

    /// What comes next. Waits as long as it takes.
    pub(super) async fn next(&mut self) -> Incoming {
        loop {
            let lost = match &mut self.link {
                Some(link) => match link.next(&self.wanted).await {
                    Ok(publication) => return publication,
                    Err(lost) => lost,
                },
                None => match self.connect().await {
                    Ok(link) => {
                        self.link = Some(link);
                        return self.tell_up();
                    }
                    Err(lost) => lost,
                },
            };
            if let Some(down) = self.tell_down(&lost) {
                return down;
            }
        }
    }

    async fn connect(&mut self) -> Result<Link, BrokerUnavailable> {
        if self.failures > 0 {
            let ceiling = FIRST_PAUSE * 2u32.saturating_pow(self.failures - 1);
            sleep(ceiling.min(LONGEST_PAUSE).mul_f64(rand::random())).await;
        }
        let connection = within(CONNECT_TIMEOUT, "to connect", self.client.get_async_pubsub());
        let (sink, stream) = connection.await?.split();
        let mut ping = interval(PING_INTERVAL);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut link = Link { sink, stream, held: HashSet::new(), request: None, ping };
        link.agree_with(&self.wanted);
        if let Some(request) = link.request.take() {
            link.confirmed(&self.wanted, request.await?);
        }
        // Whoever hears `Up` may call them.
        self.functions.ensure().await?;
        Ok(link)
    }

    fn tell_up(&mut self) -> Incoming {
        if self.told_up != Some(true) {
            tracing::info!(
                server = self.server,
                attempts = self.failures + 1,
                "connected to Valkey"
            );
        }
        self.failures = 0;
        self.told_up = Some(true);
        self.up.store(true, Ordering::Relaxed);
        Incoming::Up
    }

    fn tell_down(&mut self, lost: &BrokerUnavailable) -> Option<Incoming> {
        self.link = None;
        self.failures = self.failures.saturating_add(1);
        self.up.store(false, Ordering::Relaxed);
        self.wanted.lost(lost);
        if self.told_up == Some(false) {
            let (server, attempts) = (&self.server, self.failures);
            tracing::debug!(server, attempts, reason = lost.0, "Valkey still cannot be used");
            return None;
        }
        let server = &self.server;
        tracing::warn!(server, reason = lost.0, "Valkey cannot be used; trying until it can");
        self.told_up = Some(false);
        Some(Incoming::Down)
    }
}

impl Link {
    async fn next(&mut self, wanted: &Wanted) -> Result<Incoming, BrokerUnavailable> {
        loop {
            let idle = self.request.is_none();
            tokio::select! {
                message = self.stream.next() => {
                    let closed = || BrokerUnavailable("the connection was closed".to_owned());
                    return message.map(|m| self.publication(&m)).ok_or_else(closed);
                }
                confirmed = async { self.request.as_mut()?.await.into() }, if !idle => {
                    self.request = None;
                    let confirmed: Option<Result<_, _>> = confirmed;
                    self.confirmed(wanted, confirmed.transpose()?.unwrap_or_default());
                }
                () = wanted.changed(), if idle => self.agree_with(wanted),
                _ = self.ping.tick(), if idle => {
                    let mut sink = self.sink.clone();
                    let ping = async move { sink.ping::<redis::Value>().await.map(|_| Vec::new()) };
                    self.request = Some(within(CONFIRM_TIMEOUT, "to a ping", ping).boxed());
                }
            }
        }
    }

    fn publication(&self, message: &Msg) -> Incoming {
        let name = message.get_channel_name();
        let key = self.held.get(name).cloned().unwrap_or_else(|| ChannelKey::from(name));
        let message = Bytes::copy_from_slice(message.get_payload_bytes());
        Incoming::Publication { key, publication: Publication::parse(message) }
    }

    /// Sends what is needed to make Valkey agree with the wanted set, if anything.
    fn agree_with(&mut self, wanted: &Wanted) {
        let Difference { subscribe, unsubscribe } = wanted.difference(&self.held);
        if subscribe.is_empty() && unsubscribe.is_empty() {
            return;
        }
        for key in &unsubscribe {
            self.held.remove(key);
        }
        let mut sink = self.sink.clone();
        let request = async move {
            if !unsubscribe.is_empty() {
                sink.unsubscribe(names(&unsubscribe)).await?;
            }
            if !subscribe.is_empty() {
                sink.subscribe(names(&subscribe)).await?;
            }
            Ok(subscribe)
        };
        self.request = Some(within(CONFIRM_TIMEOUT, "to a subscription", request).boxed());
    }

    fn confirmed(&mut self, wanted: &Wanted, keys: Vec<ChannelKey>) {
        wanted.confirm(&keys);
        self.held.extend(keys);
    }
}

fn names(keys: &[ChannelKey]) -> Vec<&str> {
    keys.iter().map(ChannelKey::as_str).collect()
}

/// redis waits for ever for an answer on a subscribed connection; we do not.
async fn within<T>(
    limit: Duration,
    what: &str,
    answer: impl Future<Output = redis::RedisResult<T>>,
) -> Result<T, BrokerUnavailable> {
    match timeout(limit, answer).await {
        Ok(answer) => answer.map_err(|e| BrokerUnavailable(describe(&e))),
        Err(_) => Err(BrokerUnavailable(format!("no answer {what} within {limit:?}"))),
    }
}
