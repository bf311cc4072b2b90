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

use super::{Broker, BrokerUnavailable, ChannelKey, IncomingStream};
use feed::Feed;
use wanted::Wanted;

mod feed;
mod wanted;

/// How long a command may take, reconnecting included, before it counts as failed.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection on which the other side acknowledges nothing for this long is given up by the kernel.
const USER_TIMEOUT: Duration = Duration::from_secs(10);

/// The broker of a fleet.
pub struct ValkeyBroker {
    commands: ConnectionManager,
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
    pub fn new(server: ConnectionInfo) -> RedisResult<(Arc<Self>, IncomingStream)> {
        // redis 1.x leaves Nagle's algorithm on, which holds back a small command.
        let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(USER_TIMEOUT);
        let client = Client::open(server.set_tcp_settings(tcp))?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(COMMAND_TIMEOUT));
        let commands = ConnectionManager::new_lazy_with_config(client.clone(), config)?;

        let wanted = Arc::new(Wanted::default());
        let up = Arc::new(AtomicBool::new(false));
        let feed = Feed::new(client, wanted.clone(), up.clone());
        let incoming = stream::unfold(feed, async |mut feed| Some((feed.next().await, feed)));
        Ok((Arc::new(Self { commands, wanted, up }), incoming.boxed()))
    }
}

impl Broker for ValkeyBroker {
    fn publish(
        &self,
        key: &ChannelKey,
        payload: Bytes,
    ) -> BoxFuture<'static, Result<(), BrokerUnavailable>> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(key.as_str()).arg(&payload[..]);
        let mut commands = self.commands.clone();
        async move {
            let published = command.query_async::<u64>(&mut commands);
            match tokio::time::timeout(COMMAND_TIMEOUT, published).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(e)) => Err(BrokerUnavailable(e.to_string())),
                Err(_) => Err(BrokerUnavailable(format!("no answer within {COMMAND_TIMEOUT:?}"))),
            }
        }
        .boxed()
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
