use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, future::join_all};
use tidings_server::broker::{
    Broker, ChannelKey, Incoming, IncomingStream, MemoryBroker, ValkeyBroker,
};
use tidings_testkit::ValkeyProcess;
use tokio::{sync::mpsc, time::timeout};

const PATIENCE: Duration = Duration::from_secs(30);

/// A broker whose stream is polled, as a hub does.
struct Replica {
    broker: Arc<dyn Broker>,
    incoming: mpsc::UnboundedReceiver<Incoming>,
}

impl Replica {
    async fn new(broker: Arc<dyn Broker>, mut stream: IncomingStream) -> Self {
        let (sender, incoming) = mpsc::unbounded_channel();
        // Ends when the test drops the receiver, or with the test's runtime.
        tokio::spawn(async move {
            while let Some(incoming) = stream.next().await {
                if sender.send(incoming).is_err() {
                    return;
                }
            }
        });
        let mut replica = Self { broker, incoming };
        assert_eq!(replica.next().await, Incoming::Up);
        replica
    }

    async fn next(&mut self) -> Incoming {
        timeout(PATIENCE, self.incoming.recv()).await.expect("nothing came").unwrap()
    }

    async fn payload(&mut self) -> (ChannelKey, String) {
        match self.next().await {
            Incoming::Publication { key, payload } => {
                (key, String::from_utf8(payload.to_vec()).unwrap())
            }
            other => panic!("{other:?}"),
        }
    }

    async fn publish(&self, key: &ChannelKey, payload: &str) {
        self.broker.publish(key, payload.to_owned().into()).await.unwrap();
    }
}

fn key(name: &str) -> ChannelKey {
    ChannelKey::from(name)
}

macro_rules! conformance {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test] async fn $name() {
                let (broker, stream) = super::MemoryBroker::new();
                super::$name(super::Replica::new(broker, stream).await).await;
            })+
        }
        mod valkey {
            $(#[tokio::test] async fn $name() {
                let valkey = super::ValkeyProcess::start().await.unwrap();
                let server = redis::IntoConnectionInfo::into_connection_info(valkey.url()).unwrap();
                let (broker, stream) = super::ValkeyBroker::new(server).unwrap();
                super::$name(super::Replica::new(broker, stream).await).await;
            })+
        }
    };
}

conformance! {
    what_is_published_after_subscribing_comes_once_and_in_order,
    a_payload_comes_byte_by_byte_as_it_was_published,
    channels_that_are_not_subscribed_are_silent,
    subscribing_twice_is_once,
    a_channel_can_be_left_and_taken_again,
    many_publishers_and_channels_at_once,
    is_up_once_connected,
}

async fn what_is_published_after_subscribing_comes_once_and_in_order(mut replica: Replica) {
    let a = key("updates:{a}");
    replica.broker.subscribe(&a).await.unwrap();
    for n in 0..200 {
        replica.publish(&a, &n.to_string()).await;
    }
    for n in 0..200 {
        assert_eq!(replica.payload().await, (a.clone(), n.to_string()));
    }
    assert!(replica.incoming.is_empty());
}

async fn a_payload_comes_byte_by_byte_as_it_was_published(mut replica: Replica) {
    let a = key("updates:{a}");
    replica.broker.subscribe(&a).await.unwrap();
    for payload in [&b""[..], b"\0\r\n\xff", &[b'x'; 300_000]] {
        replica.broker.publish(&a, payload.to_vec().into()).await.unwrap();
        let expected = Incoming::Publication { key: a.clone(), payload: payload.to_vec().into() };
        assert_eq!(replica.next().await, expected);
    }
}

async fn channels_that_are_not_subscribed_are_silent(mut replica: Replica) {
    let (a, b) = (key("updates:{a}"), key("updates:{b}"));
    replica.broker.subscribe(&a).await.unwrap();
    replica.publish(&b, "not for us").await;
    replica.publish(&a, "for us").await;
    assert_eq!(replica.payload().await, (a, "for us".to_owned()));
}

async fn subscribing_twice_is_once(mut replica: Replica) {
    let a = key("updates:{a}");
    let (first, second) = (replica.broker.subscribe(&a), replica.broker.subscribe(&a));
    first.await.unwrap();
    second.await.unwrap();
    replica.publish(&a, "one").await;
    replica.publish(&a, "two").await;
    assert_eq!(replica.payload().await.1, "one");
    assert_eq!(replica.payload().await.1, "two");
}

async fn a_channel_can_be_left_and_taken_again(mut replica: Replica) {
    let (a, other) = (key("updates:{a}"), key("updates:{other}"));
    replica.broker.subscribe(&other).await.unwrap();
    for n in 0..50 {
        // Taken, given up and taken again before the broker has heard of it.
        drop(replica.broker.subscribe(&a));
        replica.broker.unsubscribe(&a);
        replica.broker.subscribe(&a).await.unwrap();
        replica.publish(&a, &n.to_string()).await;
        assert_eq!(replica.payload().await, (a.clone(), n.to_string()));
        replica.broker.unsubscribe(&a);
    }
}

async fn many_publishers_and_channels_at_once(mut replica: Replica) {
    const CHANNELS: usize = 20;
    const EACH: usize = 50;
    let keys: Vec<_> = (0..CHANNELS).map(|n| key(&format!("updates:{{c-{n}}}"))).collect();
    for confirmed in join_all(keys.iter().map(|key| replica.broker.subscribe(key))).await {
        confirmed.unwrap();
    }
    for key in &keys {
        let (broker, key) = (replica.broker.clone(), key.clone());
        tokio::spawn(async move {
            for n in 0..EACH {
                broker.publish(&key, n.to_string().into()).await.unwrap();
            }
        });
    }
    let mut seen = [0; CHANNELS];
    for _ in 0..CHANNELS * EACH {
        let (key, payload) = replica.payload().await;
        let channel = keys.iter().position(|k| *k == key).unwrap();
        assert_eq!(payload, seen[channel].to_string(), "out of order in {key}");
        seen[channel] += 1;
    }
    assert!(replica.incoming.is_empty());
}

async fn is_up_once_connected(replica: Replica) {
    assert!(replica.broker.is_up());
}
