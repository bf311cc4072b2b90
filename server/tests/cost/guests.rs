//! Clients of which each can leave its channel and come back on its connection.

use serde_json::{Value, json};
use tidings_testkit::{Client, ValkeyProcess, load::Publisher};

const CHANNEL: &str = "list-1";

/// Clients of one channel, and who publishes to them.
pub(crate) struct Guests {
    guests: Vec<(Client, u64)>,
    publisher: Publisher,
}

fn list() -> Value {
    json!({ "channel": CHANNEL })
}

impl Guests {
    /// Connects so many clients, and waits until all have been told `started`.
    pub(crate) async fn join(url: &str, valkey: &ValkeyProcess, count: usize) -> Self {
        let mut guests = Vec::new();
        for _ in 0..count {
            let mut client = Client::connect(url).await;
            let id = client.subscribe("onUpdates", list()).await;
            guests.push((client, id));
        }
        Self { guests, publisher: Publisher::new(valkey, CHANNEL) }
    }

    /// One after the other leaves and comes back.
    pub(crate) async fn rejoin(&mut self) {
        for (client, id) in &mut self.guests {
            let left = client.call("onUpdates_unsubscribe", json!([*id])).await;
            assert_eq!(left["result"], true, "{left}");
            *id = client.subscribe("onUpdates", list()).await;
        }
    }

    /// Publishes the next event, and waits until all have it.
    pub(crate) async fn hear(&mut self) {
        self.publisher.publish().await;
        for (client, id) in &mut self.guests {
            assert_eq!(client.event(*id).await["type"], "data");
        }
    }
}
