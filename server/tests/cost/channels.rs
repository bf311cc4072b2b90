//! Many channels with one subscriber each, and one visitor, who is in a channel of its own and joins others.

use serde_json::json;
use tidings_testkit::{
    Client, ValkeyProcess,
    load::{Multitude, Publisher},
};

/// As many as make a difference where a cost grows with them.
pub(crate) const FEW: usize = 10;
pub(crate) const MANY: usize = 10_000;

/// Channels that share a connection: fewer than a connection may have.
const EACH: usize = 100;

/// Channels that are joined at once. More would keep a debug build on a busy machine so busy that it takes its Valkey for
/// lost.
const AT_ONCE: usize = 500;

const OWN: &str = "visitor";

/// Many channels with one subscriber each, and one visitor.
pub(crate) struct Channels {
    _many: Vec<Multitude>,
    visitor: Client,
    id: u64,
    publisher: Publisher,
    joined: usize,
}

impl Channels {
    /// Joins this many channels, and waits until all subscribers have been told `started`.
    pub(crate) async fn join(url: &str, valkey: &ValkeyProcess, count: usize) -> Self {
        let names: Vec<_> = (0..count).map(|n| format!("channel-{n}")).collect();
        let mut many = Vec::new();
        for names in names.chunks(AT_ONCE) {
            many.push(Multitude::join(url, names, EACH).await.unwrap());
        }
        let mut visitor = Client::connect(url).await;
        let id = visitor.subscribe("onUpdates", json!({ "channel": OWN })).await;
        let publisher = Publisher::new(valkey, OWN);
        Self { _many: many, visitor, id, publisher, joined: 0 }
    }

    /// The visitor joins a channel that nobody is in, and waits for `started`.
    pub(crate) async fn join_another(&mut self) {
        self.joined += 1;
        let input = json!({ "channel": format!("joined-{}", self.joined) });
        self.visitor.subscribe("onUpdates", input).await;
    }

    /// Publishes the next event of the visitor's channel, and waits until the visitor has it.
    pub(crate) async fn hear(&mut self) {
        self.publisher.publish().await;
        assert_eq!(self.visitor.event(self.id).await["type"], "data");
    }
}
