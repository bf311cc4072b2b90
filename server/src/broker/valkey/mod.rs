//! Channels in a Valkey (or Redis) server that all replicas share.
//!
//! A replica has one connection for each part of the hub, which is subscribed to the channels of that part ([`feed`]), one for
//! reads and one for writes ([`commands`]): parts + 2, whatever it serves. All of them are at the same Valkey process
//! ([`health`]). What runs inside Valkey is in `functions.lua`.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};

use super::{
    Broker, BrokerUnavailable, ChannelKey, History, Inbox, IncomingStream, Kept, Position, Publish,
    Unpublished, inbox_limits,
};
use commands::Commands;
use feed::{Duties, Feed};
use functions::Functions;
use health::Health;

mod commands;
mod failure;
mod feed;
mod functions;
mod health;
mod library;
mod link;
mod node;
mod reader;
mod sentinel;
mod server;
mod settings;
mod subscribing;
#[cfg(test)]
mod tests;
mod url;

pub(crate) use server::Server;
pub(crate) use settings::Settings;
pub(crate) use url::InvalidUrl;

/// The broker of a fleet.
pub(crate) struct ValkeyBroker {
    commands: Commands,
    functions: Functions,
    inboxes: Box<[Arc<Inbox>]>,
    health: Arc<Health>,
}

impl ValkeyBroker {
    /// A replica's broker on this server, for channels whose names begin with `key_prefix`, and a stream for each of `parts`
    /// parts of its hub. Nothing is connected yet: the streams connect when they are polled, and again for ever; commands
    /// connect when there is one.
    pub(crate) fn new(
        server: &Server,
        key_prefix: &str,
        settings: Settings,
        parts: usize,
    ) -> (Arc<Self>, Vec<IncomingStream>) {
        let parts = parts.max(1);
        let health = Arc::new(Health::new(parts));
        let commands = Commands::new(server.clone(), health.clone());
        let functions = Functions::new(commands.clone(), Some(settings));
        let inboxes: Box<[_]> =
            (0..parts).map(|_| Arc::new(Inbox::new(inbox_limits(parts)))).collect();
        let streams = inboxes.iter().enumerate().map(|(part, inbox)| {
            let (commands, functions) = (commands.clone(), functions.clone());
            let probe = functions::probe(key_prefix);
            let duties = (part == 0).then_some(Duties { commands, functions, probe });
            Feed::new(part, server.clone(), health.clone(), inbox.clone(), duties).stream()
        });
        let streams = streams.collect();
        (Arc::new(Self { commands, functions, inboxes, health }), streams)
    }

    /// A broker for a process that only publishes. It has a connection when there is something to publish.
    pub(crate) fn publisher(server: Server) -> Arc<Self> {
        let health = Arc::new(Health::new(0));
        let commands = Commands::new(server, health.clone());
        let functions = Functions::new(commands.clone(), None);
        Arc::new(Self { commands, functions, inboxes: Box::default(), health })
    }

    /// Asks whether Valkey answers this client.
    pub(crate) async fn ping(&self) -> Result<(), BrokerUnavailable> {
        self.functions.ping().await
    }

    /// The inbox of a channel. A publisher has none, and subscribes to nothing.
    fn inbox(&self, key: &ChannelKey) -> Option<&Inbox> {
        self.inboxes.get(key.part(self.inboxes.len())).map(|inbox| &**inbox)
    }
}

impl Broker for ValkeyBroker {
    fn publish(&self, publish: Publish) -> BoxFuture<'static, Result<Position, Unpublished>> {
        self.functions.publish(&publish).boxed()
    }

    fn publish_all(
        &self,
        publishes: Vec<Publish>,
    ) -> BoxFuture<'static, Vec<Result<Position, Unpublished>>> {
        self.functions.clone().publish_all(publishes).boxed()
    }

    fn positions(
        &self,
        keys: &[ChannelKey],
    ) -> BoxFuture<'static, Result<Vec<Position>, BrokerUnavailable>> {
        self.functions.positions(keys).boxed()
    }

    fn history(
        &self,
        key: &ChannelKey,
        after: Position,
        budget_bytes: usize,
    ) -> BoxFuture<'static, Result<History, BrokerUnavailable>> {
        self.functions.history(key, after, budget_bytes).boxed()
    }

    fn renew(
        &self,
        key: &ChannelKey,
        seen: Position,
    ) -> BoxFuture<'static, Result<(), BrokerUnavailable>> {
        self.functions.renew(key, seen).boxed()
    }

    fn newest(
        &self,
        key: &ChannelKey,
    ) -> BoxFuture<'static, Result<Option<Kept>, BrokerUnavailable>> {
        self.functions.newest(key).boxed()
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

    fn subscribe(&self, key: &ChannelKey) {
        if let Some(inbox) = self.inbox(key) {
            inbox.subscribe(key);
        }
    }

    fn unsubscribe(&self, key: &ChannelKey) {
        if let Some(inbox) = self.inbox(key) {
            inbox.unsubscribe(key);
        }
    }

    fn pause(&self, key: &ChannelKey) {
        if let Some(inbox) = self.inbox(key) {
            inbox.pause(key);
        }
    }

    fn resume(&self, key: &ChannelKey) {
        if let Some(inbox) = self.inbox(key) {
            inbox.resume(key);
        }
    }

    fn discard(&self, key: &ChannelKey) {
        if let Some(inbox) = self.inbox(key) {
            inbox.discard(key);
        }
    }

    fn is_up(&self) -> bool {
        self.health.is_up()
    }

    fn refused_writes(&self) -> u64 {
        self.commands.refused_writes()
    }
}

impl std::fmt::Debug for ValkeyBroker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ValkeyBroker").field("health", &self.health).finish_non_exhaustive()
    }
}
