//! A fleet, and a load to try a fault under.

use std::{fmt::Write as _, path::Path, time::Duration};

use tokio::time::{sleep, timeout};

use super::{Fault, Pace};
use crate::{
    Error, Fleet, FleetOptions, Replica,
    load::{Crowd, Stream, Stuck, Verdict},
};

/// How long the replicas may take to notice that everyone has left.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait before asking again what no event tells.
const INTERVAL: Duration = Duration::from_millis(200);

/// What is zero when everyone has left.
const METRICS: [&str; 3] = ["tidings_connections", "tidings_subscriptions", "tidings_channels"];

/// What clients and publishers do.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Clients, each with one subscription.
    pub clients: usize,
    /// Channels, each with as many of the clients as the others.
    pub channels: usize,
    /// The time between two events of a channel.
    pub period: Duration,
    /// Events of each channel that every client takes before anything breaks, and again when all is mended.
    pub calm: u64,
}

/// What came of one fault.
#[derive(Clone, Debug)]
pub struct Report {
    /// The fault.
    pub fault: Fault,
    /// What became of the events.
    pub verdict: Verdict,
    /// What was promised and not kept, in words.
    pub broken: Vec<String>,
}

/// Why a fault could not be tried to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something of the fleet.
    #[error(transparent)]
    Fleet(#[from] Error),
    /// Some clients, and what the fleet says of itself then.
    #[error("{0}{1}")]
    Stuck(Stuck, String),
    /// Something is left although everyone has gone.
    #[error("{0}")]
    Left(String),
}

impl From<Stuck> for Failure {
    fn from(stuck: Stuck) -> Self {
        Self::Stuck(stuck, String::new())
    }
}

/// A fleet to try faults on, one after the other.
#[derive(Debug)]
pub struct Stage {
    /// The fleet.
    pub fleet: Fleet,
}

impl Stage {
    /// Starts three replicas behind nginx, with a Valkey that keeps what it acknowledges.
    ///
    /// Valkey writes through to its disk before it answers or sends anything (`appendfsync always`). With `everysec`
    /// it may acknowledge what it has not written yet, and a killed one then comes back older than what its clients
    /// have seen; replicas do tell that, as a gap, but here it would be a loss by configuration.
    ///
    /// # Errors
    ///
    /// When one of them does not start.
    pub async fn start(tidings: &Path) -> crate::Result<Self> {
        let valkey_arguments = ["--appendonly", "yes", "--appendfsync", "always"];
        let valkey_arguments = valkey_arguments.map(str::to_owned).into();
        let options = FleetOptions { valkey_arguments, link: true, ..FleetOptions::new(tidings) };
        Ok(Self { fleet: Fleet::start(&options).await? })
    }

    /// Tries a fault under a load through nginx, and waits until everyone has everything, has left, and the fleet
    /// knows. Its channels are named after `occasion` and the fault: two with the same name need different ones.
    ///
    /// # Errors
    ///
    /// When something does not come back, clients are stuck, or something is left of them.
    pub async fn play(
        &mut self,
        fault: Fault,
        pace: Pace,
        occasion: &str,
        load: Load,
    ) -> Result<Report, Failure> {
        let verdict = match self.perform(fault, pace, occasion, load).await {
            Err(Failure::Stuck(stuck, _)) => return Err(Failure::Stuck(stuck, self.state().await)),
            verdict => verdict?,
        };
        self.quiet().await?;
        let broken = verdict.broken(fault.promise());
        Ok(Report { fault, verdict, broken })
    }

    async fn perform(
        &mut self,
        fault: Fault,
        pace: Pace,
        occasion: &str,
        load: Load,
    ) -> Result<Verdict, Failure> {
        let fleet = &mut self.fleet;
        let channels = (1..=load.channels)
            .map(|n| format!("{occasion}-{}-{n}", fault.name()))
            .collect::<Vec<_>>();
        let crowd = Crowd::join([fleet.ws_url()], &channels, load.clients).await?;
        let stream = Stream::start(&fleet.valkey, &channels, load.period);
        let later = |published: Vec<u64>| {
            published.into_iter().map(|number| number + load.calm).collect::<Vec<_>>()
        };
        crowd.reached(&later(stream.published())).await?;
        fault.strike(fleet, &crowd, pace).await?;
        crowd.reached(&later(stream.published())).await?;
        let published = stream.stop().await;
        crowd.reached(&published).await?;
        Ok(Verdict::of(&crowd.leave().await, &published))
    }

    /// What the fleet says of itself: for an error.
    async fn state(&self) -> String {
        let mut state = String::new();
        for replica in &self.fleet.replicas {
            let _ = write!(state, "\n{}:", replica.instance());
            for name in METRICS {
                match replica.metric(name).await {
                    Ok(value) => _ = write!(state, " {name} {value}"),
                    Err(_) => _ = write!(state, " no {name}"),
                }
            }
        }
        for process in self.fleet.processes() {
            let _ = write!(state, "\n{}{}", process.name(), process.log().tail());
        }
        state
    }

    /// Waits until no replica has a connection, subscription or channel, and Valkey no subscriber.
    ///
    /// # Errors
    ///
    /// When something is left after a minute.
    pub async fn quiet(&self) -> Result<(), Failure> {
        let mut left = None;
        let quiet = async {
            loop {
                left = self.left().await?;
                if left.is_none() {
                    return Ok(());
                }
                sleep(INTERVAL).await;
            }
        };
        if let Ok(quiet) = timeout(PATIENCE, quiet).await {
            quiet
        } else {
            let left = left.unwrap_or_default();
            Err(Failure::Left(format!("everyone left {PATIENCE:?} ago, and there is still {left}")))
        }
    }

    async fn left(&self) -> crate::Result<Option<String>> {
        for replica in &self.fleet.replicas {
            for name in METRICS {
                let value = replica.metric(name).await?;
                if value != 0.0 {
                    return Ok(Some(format!("{name} {value} at {}", replica.instance())));
                }
            }
        }
        let channels = self.fleet.valkey.cli(["PUBSUB", "CHANNELS"]).await?;
        Ok((!channels.is_empty()).then(|| format!("a subscription to {channels}")))
    }

    /// The memory of each replica in KiB, when it does not change any more: less than 1 % within 2 s.
    ///
    /// # Errors
    ///
    /// When a replica has ended.
    pub async fn settled_memory_kib(&self) -> crate::Result<Vec<u64>> {
        let read = || {
            self.fleet.replicas.iter().map(Replica::memory_kib).collect::<crate::Result<Vec<_>>>()
        };
        let mut before = read()?;
        loop {
            sleep(Duration::from_secs(2)).await;
            let now = read()?;
            let still = |(a, b): (&u64, &u64)| a.abs_diff(*b) * 100 < *a;
            if before.iter().zip(&now).all(still) {
                return Ok(now);
            }
            before = now;
        }
    }
}
