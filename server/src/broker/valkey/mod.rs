//! Channels in a Valkey (or Redis) server that all replicas share.
//!
//! A replica has two connections, whatever it serves: one that is subscribed to the channels that its
//! clients want ([`feed`]), and one for commands. The latter is redis' `ConnectionManager`, which
//! reconnects when it is used; the former is supervised here, because that manager gives up after a
//! while and takes a failed SUBSCRIBE for a working one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use redis::{
    Client, ConnectionInfo, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};

use super::{
    Broker, BrokerUnavailable, ChannelKey, History, IncomingStream, Kept, Position, Publish,
    Retention,
};
use crate::platform;
use feed::Feed;
use functions::Functions;
use wanted::Wanted;

mod feed;
mod functions;
mod wanted;

/// The kernel gives up a connection on which the other side acknowledges nothing for this long.
const STALL_LIMIT: Duration = Duration::from_secs(10);

/// The broker of a fleet.
pub(crate) struct ValkeyBroker {
    functions: Functions,
    wanted: Arc<Wanted>,
    up: Arc<AtomicBool>,
}

impl ValkeyBroker {
    /// A broker on this server, and the stream of what comes from it. Nothing is connected yet: the
    /// stream connects when it is polled, and again for ever; commands connect when there is one.
    ///
    /// # Errors
    ///
    /// When the address cannot be one.
    pub(crate) fn new(
        server: ConnectionInfo,
        retention: Retention,
    ) -> RedisResult<(Arc<Self>, IncomingStream)> {
        // redis 1.x leaves Nagle's algorithm on, which holds back a small command.
        let tcp =
            platform::limit_valkey_stall(TcpSettings::default(), STALL_LIMIT).set_nodelay(true);
        let address = server.addr().to_string();
        let client = Client::open(server.set_tcp_settings(tcp))?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(functions::TIMEOUT));
        let commands = ConnectionManager::new_lazy_with_config(client.clone(), config)?;

        let wanted = Arc::new(Wanted::default());
        let up = Arc::new(AtomicBool::new(false));
        let functions = Functions::new(commands, retention);
        let feed = Feed::new(client, address, functions.clone(), wanted.clone(), up.clone());
        let incoming = stream::unfold(feed, async |mut feed| Some((feed.next().await, feed)));
        Ok((Arc::new(Self { functions, wanted, up }), incoming.boxed()))
    }
}

impl ValkeyBroker {
    /// Asks whether Valkey answers this client.
    pub(crate) async fn ping(&self) -> Result<(), BrokerUnavailable> {
        self.functions.ping().await
    }
}

impl Broker for ValkeyBroker {
    fn publish(&self, publish: Publish) -> BoxFuture<'static, Result<Position, BrokerUnavailable>> {
        self.functions.publish(&publish).boxed()
    }

    fn publish_all(
        &self,
        publishes: Vec<Publish>,
    ) -> BoxFuture<'static, Vec<Result<Position, BrokerUnavailable>>> {
        self.functions.clone().publish_all(publishes).boxed()
    }

    fn newest(
        &self,
        key: &ChannelKey,
    ) -> BoxFuture<'static, Result<Option<Kept>, BrokerUnavailable>> {
        self.functions.newest(key).boxed()
    }

    fn history(
        &self,
        key: &ChannelKey,
        after: Option<u64>,
        budget_bytes: usize,
        seen: Option<Position>,
    ) -> BoxFuture<'static, Result<History, BrokerUnavailable>> {
        self.functions.history(key, after, budget_bytes, seen).boxed()
    }

    fn report(
        &self,
        key: &ChannelKey,
        member: &str,
        element: Option<Bytes>,
        ttl: Duration,
    ) -> BoxFuture<'static, Result<usize, BrokerUnavailable>> {
        self.functions.report(key, member, element.as_ref(), ttl).boxed()
    }

    fn members(&self, key: &ChannelKey) -> BoxFuture<'static, Result<Bytes, BrokerUnavailable>> {
        self.functions.members(key).boxed()
    }

    fn subscribe(&self, key: &ChannelKey) -> BoxFuture<'static, Result<(), BrokerUnavailable>> {
        let confirmed = self.wanted.add(key);
        async move {
            let gone = |_| BrokerUnavailable("no longer wanted".to_owned());
            confirmed.await.map_err(gone)?
        }
        .boxed()
    }

    fn unsubscribe(&self, key: &ChannelKey) {
        self.wanted.remove(key);
    }

    fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for ValkeyBroker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ValkeyBroker").field("up", &self.up).finish_non_exhaustive()
    }
}
