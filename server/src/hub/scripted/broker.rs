//! A broker of one part whose test decides what it answers, and when.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::{mpsc, oneshot};

use crate::broker::{
    Broker, BrokerUnavailable, ChannelKey, History, Inbox, InboxLimits, Kept, Position, Publish,
    Unpublished,
};

/// Where an answer goes.
pub(super) type Answer<T> = oneshot::Sender<Result<T, BrokerUnavailable>>;

/// What the part asks of the broker.
#[derive(Debug)]
pub(super) enum Request {
    Positions(Vec<ChannelKey>, Answer<Vec<Position>>),
    History(ChannelKey, Position, Answer<History>),
    Members(ChannelKey, Answer<Bytes>),
}

/// A broker of one part. Its inbox is a real one, which the test fills in place of a connection.
#[derive(Debug)]
pub(super) struct ScriptedBroker {
    pub(super) inbox: Inbox,
    /// Bounded by what the part has under way.
    requests: mpsc::UnboundedSender<Request>,
}

impl ScriptedBroker {
    pub(super) fn new(channel_bytes: usize) -> (Arc<Self>, mpsc::UnboundedReceiver<Request>) {
        let (requests, asked) = mpsc::unbounded_channel();
        let inbox = Inbox::new(InboxLimits { channel_bytes, total_bytes: 1 << 20 });
        (Arc::new(Self { inbox, requests }), asked)
    }

    fn ask<T: Send + 'static>(
        &self,
        request: impl FnOnce(Answer<T>) -> Request,
    ) -> BoxFuture<'static, Result<T, BrokerUnavailable>> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(request(answer)).expect("the test goes on");
        async { answered.await.expect("the test answers what it takes") }.boxed()
    }
}

impl Broker for ScriptedBroker {
    fn positions(
        &self,
        keys: &[ChannelKey],
    ) -> BoxFuture<'static, Result<Vec<Position>, BrokerUnavailable>> {
        self.ask(|answer| Request::Positions(keys.to_vec(), answer))
    }

    fn history(
        &self,
        key: &ChannelKey,
        after: Position,
        _budget_bytes: usize,
    ) -> BoxFuture<'static, Result<History, BrokerUnavailable>> {
        self.ask(|answer| Request::History(key.clone(), after, answer))
    }

    fn members(&self, key: &ChannelKey) -> BoxFuture<'static, Result<Bytes, BrokerUnavailable>> {
        self.ask(|answer| Request::Members(key.clone(), answer))
    }

    fn subscribe(&self, key: &ChannelKey) {
        self.inbox.subscribe(key);
    }

    fn unsubscribe(&self, key: &ChannelKey) {
        self.inbox.unsubscribe(key);
    }

    fn pause(&self, key: &ChannelKey) {
        self.inbox.pause(key);
    }

    fn resume(&self, key: &ChannelKey) {
        self.inbox.resume(key);
    }

    fn discard(&self, key: &ChannelKey) {
        self.inbox.discard(key);
    }

    fn is_up(&self) -> bool {
        true
    }

    fn refused_writes(&self) -> u64 {
        0
    }

    fn publish(&self, _: Publish) -> BoxFuture<'static, Result<Position, Unpublished>> {
        unreachable!("a part only reads")
    }

    fn publish_all(
        &self,
        _: Vec<Publish>,
    ) -> BoxFuture<'static, Vec<Result<Position, Unpublished>>> {
        unreachable!("a part only reads")
    }

    fn renew(
        &self,
        _: &ChannelKey,
        _: Position,
    ) -> BoxFuture<'static, Result<(), BrokerUnavailable>> {
        unreachable!("no test here lets a count go back")
    }

    fn newest(
        &self,
        _: &ChannelKey,
    ) -> BoxFuture<'static, Result<Option<Kept>, BrokerUnavailable>> {
        unreachable!("no test here has a State feed")
    }

    fn report(
        &self,
        _: &ChannelKey,
        _: &str,
        _: Option<Bytes>,
        _: Duration,
    ) -> BoxFuture<'static, Result<usize, BrokerUnavailable>> {
        unreachable!("a part only reads")
    }
}
