//! A Valkey, two replicas and a proxy in front of them.

use std::time::Duration;

use serde_json::{Value, json};
use tidings_testkit::{Client, Front, Proxy, Replica, ReplicaOptions, ValkeyProcess};
use tokio::time::timeout;

use crate::{Skip, Skips};

/// How many connections a replica takes.
pub(crate) const MAX_CONNECTIONS: usize = 60;
/// Runs out only when something is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a replica pings: short, so that a test sees many pings.
const PING_INTERVAL: &str = "500ms";

pub(crate) struct Stage {
    pub(crate) proxy: Proxy,
    pub(crate) skips: Skips,
    pub(crate) front: Front,
    pub(crate) replicas: [Replica; 2],
    valkey: ValkeyProcess,
    publisher: redis::aio::MultiplexedConnection,
}

/// A client that follows `list-1` through the proxy.
pub(crate) struct Follower {
    pub(crate) client: Client,
    subscription: u64,
    /// The index of the replica that serves it.
    pub(crate) replica: usize,
    /// Its position.
    last_event_id: String,
}

impl Stage {
    pub(crate) async fn start(proxy: Proxy, skips: Skips) -> Self {
        let valkey = ValkeyProcess::start().await.unwrap();
        let replica = async |number| {
            let options = ReplicaOptions::new(
                env!("CARGO_BIN_EXE_tidings-demo"),
                format!("replica-{number}"),
            );
            let options = options.valkey_url(valkey.url());
            let options = options.args(["--ping-interval", PING_INTERVAL, "--max-connections"]);
            Replica::start(options.arg(MAX_CONNECTIONS.to_string())).await.unwrap()
        };
        let replicas = [replica(1).await, replica(2).await];
        let front = Front::start(proxy, replicas.each_ref().map(Replica::address), None);
        let front = front.await.unwrap();
        let publisher = redis::Client::open(valkey.url()).unwrap();
        let publisher = publisher.get_multiplexed_async_connection().await.unwrap();
        Self { proxy, skips, front, replicas, valkey, publisher }
    }

    /// The same replicas behind another proxy of the same kind, which closes a connection after so many seconds without
    /// traffic.
    pub(crate) async fn front_that_closes_after(&self, idle_seconds: u32) -> Front {
        let replicas = self.replicas.each_ref().map(Replica::address);
        Front::start(self.proxy, replicas, Some(idle_seconds)).await.unwrap()
    }

    /// Starts the replicas that a check has ended.
    pub(crate) async fn repair(&mut self) {
        for replica in &mut self.replicas {
            if !replica.process().is_running() {
                replica.restart().await.unwrap();
            }
        }
    }

    /// Publishes a list of one user of this name to `list-1`, with its history.
    pub(crate) async fn publish(&mut self, name: &str) {
        let list = json!([{ "id": "1", "name": name }]).to_string();
        let mut call = redis::cmd("FCALL");
        call.arg("tidings_publish").arg(1).arg("updates:{list-1}").arg(list);
        call.query_async::<String>(&mut self.publisher).await.unwrap();
    }

    /// A new connection through the proxy. Where the proxy may refuse one while a replica is dead, it tries again, as
    /// clients do.
    pub(crate) async fn connect(&self) -> Client {
        let connected = async {
            loop {
                match Client::try_connect(&self.front.ws_url()).await {
                    Ok(client) => return client,
                    Err(error) => assert_ne!(self.skips.dead, Skip::AtOnce, "{error}"),
                }
            }
        };
        timeout(PATIENCE, connected).await.expect("the proxy still refuses the client")
    }

    /// A client that follows `list-1` through the proxy from now on.
    pub(crate) async fn follow(&self) -> Follower {
        let params = json!({ "channel": "list-1" });
        let (follower, started) = Follower::start(self.connect().await, params).await;
        assert_eq!(started["resumed"], false, "{started}");
        follower
    }

    /// Lets it connect again, and go on after the last event that it has.
    pub(crate) async fn reconnect(&self, follower: &mut Follower) {
        let params = json!({ "channel": "list-1", "lastEventId": follower.last_event_id });
        let (back, started) = Follower::start(self.connect().await, params).await;
        assert_eq!(started["resumed"], true, "{started}");
        let last_event_id = std::mem::take(&mut follower.last_event_id);
        *follower = Follower { last_event_id, ..back };
    }

    pub(crate) async fn stop(mut self) {
        self.front.stop().await.unwrap();
        for replica in &mut self.replicas {
            replica.stop().await.unwrap();
        }
        self.valkey.stop().await.unwrap();
    }
}

impl Follower {
    /// Subscribes, and answers the `started` event as well.
    async fn start(mut client: Client, params: Value) -> (Self, Value) {
        let answer = client.call("onUpdates", params).await;
        let subscription = answer["result"].as_u64().unwrap_or_else(|| panic!("refused: {answer}"));
        let started = client.event(subscription).await;
        assert_eq!(started["type"], "started", "{started}");
        let replica = match started["instance"].as_str() {
            Some("replica-1") => 0,
            Some("replica-2") => 1,
            _ => panic!("another replica: {started}"),
        };
        let last_event_id = started["lastEventId"].as_str().unwrap_or_default().to_owned();
        (Self { client, subscription, replica, last_event_id }, started)
    }

    /// The name in the next event.
    pub(crate) async fn name(&mut self) -> String {
        let event = self.client.event(self.subscription).await;
        let name = event["data"][0]["name"].as_str();
        let name = name.unwrap_or_else(|| panic!("not an event with data: {event}")).to_owned();
        event["id"].as_str().unwrap().clone_into(&mut self.last_event_id);
        name
    }
}
