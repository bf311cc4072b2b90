//! Connections to a real Valkey on its worst days.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::BoxStream};
use redis::Cmd;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::{
    commands::Commands,
    failure::Failure,
    feed::{Duties, Feed},
    functions::{self, Functions},
    health::Health,
    server::Server,
};
use crate::broker::{ChannelKey, Durability, Inbox, InboxLimits, Incoming, Retention, Settings};

mod access;
mod failover;
mod subscriptions;
mod trouble;

const PATIENCE: Duration = Duration::from_secs(30);

const RETENTION: Retention =
    Retention { events: 100, time: Duration::from_secs(3600), once: Duration::from_secs(60) };

const LIMITS: InboxLimits = InboxLimits { channel_bytes: 1 << 20, total_bytes: 8 << 20 };

/// All connections of one replica, with their streams polled, as the parts of a hub do.
struct Replica {
    commands: Commands,
    health: Arc<Health>,
    inboxes: Vec<Arc<Inbox>>,
    incoming: Vec<mpsc::UnboundedReceiver<Incoming>>,
    _polled: JoinSet<()>,
}

/// The first feed of a replica, which nobody polls yet.
fn first_feed(
    server: &Server,
    health: &Arc<Health>,
    commands: &Commands,
) -> (Arc<Inbox>, BoxStream<'static, Incoming>) {
    let settings = Settings { retention: RETENTION, durability: Durability::None };
    let functions = Functions::new(commands.clone(), Some(settings));
    let duties = Duties { commands: commands.clone(), functions, probe: probe() };
    let inbox = Arc::new(Inbox::new(LIMITS));
    let feed = Feed::new(0, server.clone(), health.clone(), inbox.clone(), Some(duties));
    (inbox, feed.stream())
}

impl Replica {
    fn start(url: &str, parts: usize) -> Self {
        let server: Server = url.parse::<Server>().unwrap().named("a replica");
        let health = Arc::new(Health::new(parts));
        let commands = Commands::new(server.clone(), health.clone());
        let mut replica = Self {
            commands: commands.clone(),
            health: health.clone(),
            inboxes: Vec::new(),
            incoming: Vec::new(),
            _polled: JoinSet::new(),
        };
        for part in 0..parts {
            let (inbox, mut stream) = if part == 0 {
                first_feed(&server, &health, &commands)
            } else {
                let inbox = Arc::new(Inbox::new(LIMITS));
                let feed = Feed::new(part, server.clone(), health.clone(), inbox.clone(), None);
                (inbox, feed.stream())
            };
            let (sender, receiver) = mpsc::unbounded_channel();
            replica._polled.spawn(async move {
                while let Some(incoming) = stream.next().await {
                    let _ = sender.send(incoming);
                }
            });
            replica.inboxes.push(inbox);
            replica.incoming.push(receiver);
        }
        replica
    }

    /// Starts one and waits until it is up.
    async fn up(url: &str, parts: usize) -> Self {
        let mut replica = Self::start(url, parts);
        for part in 0..parts {
            replica.until(part, |incoming| *incoming == Incoming::Up).await;
        }
        assert!(replica.health.is_up());
        replica
    }

    async fn next(&mut self, part: usize) -> Incoming {
        timeout(PATIENCE, self.incoming[part].recv()).await.expect("nothing came").unwrap()
    }

    /// Takes what comes until it is what is looked for.
    async fn until(&mut self, part: usize, is_it: impl Fn(&Incoming) -> bool) -> Incoming {
        loop {
            let incoming = self.next(part).await;
            if is_it(&incoming) {
                return incoming;
            }
        }
    }

    async fn all_parts(&mut self, expected: &Incoming) {
        for part in 0..self.incoming.len() {
            self.until(part, |incoming| incoming == expected).await;
        }
    }

    /// What has come and was not taken.
    fn rest(&mut self, part: usize) -> Vec<Incoming> {
        std::iter::from_fn(|| self.incoming[part].try_recv().ok()).collect()
    }

    fn subscribe(&self, part: usize, names: &[&str]) {
        for name in names {
            self.inboxes[part].subscribe(&ChannelKey::from(*name));
        }
    }

    /// Waits until these are confirmed, and nothing else.
    async fn confirmed(&mut self, part: usize, names: &[&str]) {
        let names: BTreeSet<_> = names.iter().map(|name| ChannelKey::from(*name)).collect();
        let mut confirmed = BTreeSet::new();
        while confirmed != names {
            match self.next(part).await {
                Incoming::Subscribed(keys) => confirmed.extend(keys),
                other => panic!("{other:?}"),
            }
            assert!(confirmed.is_subset(&names), "{confirmed:?}");
        }
    }

    /// Sends a message past the functions, and waits until it comes.
    async fn delivers(&mut self, part: usize, name: &str) {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(name).arg("hello");
        let receivers: Result<u64, Failure> = self.commands.query(&publish).await;
        assert_eq!(receivers, Ok(1));
        let incoming = self.until(part, |i| matches!(i, Incoming::Publications(_))).await;
        let Incoming::Publications(publications) = incoming else { unreachable!() };
        assert_eq!(publications.key, ChannelKey::from(name));
        assert_eq!(publications.publications[0].payload, "hello");
    }
}

fn probe() -> Cmd {
    functions::probe("")
}

fn set(value: &str) -> Cmd {
    let mut set = redis::cmd("SET");
    set.arg("a").arg(value);
    set
}

/// Commands alone, as a publisher in another process has them.
fn publisher(url: &str) -> Commands {
    Commands::new(url.parse().unwrap(), Arc::new(Health::new(0)))
}
