//! Channels within one process.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use tokio::sync::mpsc;

use super::{Broker, BrokerUnavailable, ChannelKey, Incoming, IncomingStream};

/// Payloads that were published and not yet taken by the hub. When full, publishing waits. In bytes that
/// is at most this many times `--max-payload-bytes`.
const IN_FLIGHT: usize = 256;

/// The broker of a single replica: no server, nothing kept, gone with the process.
///
/// Right for the demo, for development and for tests. With two replicas it is wrong: what is published on
/// one does not reach the other.
#[derive(Debug)]
pub struct MemoryBroker {
    /// Held for a lookup, never over an await.
    subscribed: Mutex<HashSet<ChannelKey>>,
    incoming: mpsc::Sender<Incoming>,
}

impl MemoryBroker {
    /// A broker without channels, and the stream of what comes from it.
    pub fn new() -> (Arc<Self>, IncomingStream) {
        let (sender, receiver) = mpsc::channel(IN_FLIGHT);
        let rest = stream::unfold(receiver, async |mut receiver| {
            receiver.recv().await.map(|incoming| (incoming, receiver))
        });
        let stream = stream::once(async { Incoming::Up }).chain(rest).boxed();
        (Arc::new(Self { subscribed: Mutex::default(), incoming: sender }), stream)
    }
}

impl Broker for MemoryBroker {
    fn publish(
        &self,
        key: &ChannelKey,
        payload: Bytes,
    ) -> BoxFuture<'static, Result<(), BrokerUnavailable>> {
        let subscribed = self.subscribed.lock().unwrap_or_else(PoisonError::into_inner);
        if !subscribed.contains(key) {
            return async { Ok(()) }.boxed();
        }
        let (incoming, key) = (self.incoming.clone(), key.clone());
        async move {
            let publication = Incoming::Publication { key, payload };
            let gone = |_| BrokerUnavailable("the server has stopped".to_owned());
            incoming.send(publication).await.map_err(gone)
        }
        .boxed()
    }

    fn subscribe(&self, key: &ChannelKey) -> BoxFuture<'static, Result<(), BrokerUnavailable>> {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        async { Ok(()) }.boxed()
    }

    fn unsubscribe(&self, key: &ChannelKey) {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    fn is_up(&self) -> bool {
        !self.incoming.is_closed()
    }
}
