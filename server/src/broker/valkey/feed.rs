//! The messages and notices of Valkey for one part of the hub. It connects again after every failure.
//!
//! 1. Connect to the primary, after a jittered pause where that failed before, without end.
//! 2. Check that all connections are at the same node. The first part also makes the commands ready for use.
//! 3. Say `Up`, subscribe to all channels that are wanted, and hand on messages.
//! 4. When the connection fails or the node cannot be used: say `Down`, hand on what had come before, and begin again.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use redis::Cmd;
use tokio::time::{sleep, timeout};

use super::{
    commands::Commands, failure::Failure, functions::Functions, health::Health, link::Link,
    server::Server,
};
use crate::broker::{BrokerUnavailable, Inbox, Incoming};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The pause before another try is a random part of this, doubled with each failure …
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What the first part does for all: it makes the commands ready for use, and checks each second that they work.
#[derive(Clone)]
pub(super) struct Duties {
    pub(super) commands: Commands,
    pub(super) functions: Functions,
    /// A read that says whether reads work.
    pub(super) probe: Cmd,
}

/// The messages and notices of Valkey for one part of the hub.
pub(super) struct Feed {
    part: usize,
    server: Server,
    health: Arc<Health>,
    inbox: Arc<Inbox>,
    /// With the first part.
    duties: Option<Duties>,
    link: Option<Link>,
    /// Failed attempts in a row.
    failures: u32,
    /// What the hub was told last, if anything.
    told_up: Option<bool>,
}

impl Feed {
    /// The feed of a part. Only the first part, 0, has `duties`.
    pub(super) fn new(
        part: usize,
        server: Server,
        health: Arc<Health>,
        inbox: Arc<Inbox>,
        duties: Option<Duties>,
    ) -> Self {
        Self { part, server, health, inbox, duties, link: None, failures: 0, told_up: None }
    }

    /// The feed as a stream, which never ends. Nothing happens unless it is polled.
    pub(super) fn stream(self) -> stream::BoxStream<'static, Incoming> {
        stream::unfold(self, async |mut feed| Some((feed.next().await, feed))).boxed()
    }

    async fn next(&mut self) -> Incoming {
        loop {
            let told = match &mut self.link {
                Some(link) => {
                    match link.next(&self.inbox, &self.health, self.duties.as_ref()).await {
                        Ok(incoming) => return incoming,
                        Err(failure) => self.tell_down(failure),
                    }
                }
                None => {
                    tokio::select! {
                        biased;
                        // The rest of what came before.
                        incoming = self.inbox.next() => return incoming,
                        () = self.inbox.all_taken() => {}
                    }
                    match self.connect().await {
                        Ok(link) => return self.tell_up(link),
                        Err(failure) => self.tell_down(failure),
                    }
                }
            };
            if let Some(down) = told {
                return down;
            }
        }
    }

    async fn connect(&mut self) -> Result<Link, Failure> {
        if self.failures > 0 {
            let ceiling = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(self.failures - 1));
            sleep(ceiling.min(LONGEST_PAUSE).mul_f64(rand::random())).await;
        }
        let connect = async {
            let (server, health, inbox) = (&self.server, &self.health, self.inbox.clone());
            let link = Link::connect(server, self.part, health, inbox).await?;
            match &self.duties {
                Some(duties) => {
                    health.agree(link.round(), link.node())?;
                    let node = duties.prepare(link.round()).await?;
                    health.lead(link.round(), link.node())?;
                    // The commands', which may be elsewhere.
                    health.agree(link.round(), &node)?;
                }
                None => health.follow(link.round(), link.node()).await?,
            }
            Ok(link)
        };
        match timeout(CONNECT_TIMEOUT, connect).await {
            Ok(link) => link,
            Err(_) => Err(Failure::late(CONNECT_TIMEOUT)),
        }
    }

    fn tell_up(&mut self, link: Link) -> Incoming {
        let (server, node) = (self.server.address(), link.address());
        let attempts = self.failures + 1;
        if self.health.part_up() {
            tracing::info!(server, node, attempts, "connected to Valkey");
        } else {
            tracing::debug!(server, node, attempts, part = self.part, "connected to Valkey");
        }
        self.link = Some(link);
        self.failures = 0;
        self.told_up = Some(true);
        Incoming::Up
    }

    /// Says `Down`, unless that was said.
    fn tell_down(&mut self, failure: Failure) -> Option<Incoming> {
        // Closes the connection: nothing comes from it any longer.
        self.link = None;
        self.inbox.lost();
        self.failures = self.failures.saturating_add(1);
        let (part, attempts, server) = (self.part, self.failures, self.server.address());
        let BrokerUnavailable(reason) = failure.into();
        // One line for an outage, not one for each part.
        let is_first = match self.told_up {
            Some(true) => self.health.part_down(),
            Some(false) => false,
            None => part == 0,
        };
        if is_first {
            tracing::warn!(server, reason, "Valkey cannot be used; trying until it can");
        } else {
            tracing::debug!(server, part, attempts, reason, "Valkey cannot be used");
        }
        (self.told_up.replace(false) != Some(false)).then_some(Incoming::Down)
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("part", &self.part).finish_non_exhaustive()
    }
}
