//! A fleet, and a load to try a fault under.

use std::{fmt::Write as _, path::Path, time::Duration};

use tokio::time::{sleep, timeout};

use super::{
    Fault, Pace, Scene, Told,
    strike::{Ground, Struck},
};
use crate::{
    Error, Fleet, Replica,
    load::{Crowd, Promise, Stream, Stuck, Verdict},
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
    /// What became of the events of a channel that only this fault has. It may have gaps.
    pub beside: Option<Verdict>,
    /// How soon clients were told that events do not come, where the fault was such an outage.
    pub told: Option<Told>,
    /// What was promised and not kept, in words, but for [`told`](Self::told).
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

struct Performed {
    verdict: Verdict,
    beside: Option<Verdict>,
    told: Option<Told>,
}

/// A fleet to try faults on, one after the other.
#[derive(Debug)]
pub struct Stage {
    /// The fleet.
    pub fleet: Fleet,
}

impl Stage {
    /// Starts three replicas of the program `tidings` behind nginx, and what else belongs to the scene. `before` is the
    /// program that [`Scene::Upgrade`] starts with.
    ///
    /// # Errors
    ///
    /// When one of them does not start.
    pub async fn start(scene: Scene, tidings: &Path, before: Option<&Path>) -> crate::Result<Self> {
        Ok(Self { fleet: Fleet::start(&scene.options(tidings, before)).await? })
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
        let performed = match self.perform(fault, pace, occasion, load).await {
            Err(Failure::Stuck(stuck, _)) => return Err(Failure::Stuck(stuck, self.state().await)),
            performed => performed?,
        };
        self.quiet().await?;
        let Performed { verdict, beside, told } = performed;
        let mut broken = verdict.broken(fault.promise());
        if let Some(beside) = &beside {
            let beside = beside.broken(Promise::AnyGaps);
            broken.extend(beside.into_iter().map(|broken| format!("beside: {broken}")));
        }
        Ok(Report { fault, verdict, beside, told, broken })
    }

    async fn perform(
        &mut self,
        fault: Fault,
        pace: Pace,
        occasion: &str,
        load: Load,
    ) -> Result<Performed, Failure> {
        let fleet = &mut self.fleet;
        let channels = (1..=load.channels)
            .map(|n| format!("{occasion}-{}-{n}", fault.name()))
            .collect::<Vec<_>>();
        let crowd = Crowd::join([fleet.ws_url()], &channels, load.clients).await?;
        let stream = Stream::start(fleet.place(), &channels, load.period);
        let later = |published: Vec<u64>| {
            published.into_iter().map(|number| number + load.calm).collect::<Vec<_>>()
        };
        crowd.reached(&later(stream.published())).await?;
        let ground = Ground { fleet, crowd: &crowd, stream: &stream };
        let Struck { outages, beside } = fault.strike(ground, pace).await?;
        crowd.reached(&later(stream.published())).await?;
        let published = stream.stop().await;
        crowd.reached(&published).await?;
        let records = crowd.leave().await;
        let verdict = Verdict::of(&records, &published);
        Ok(Performed { verdict, beside, told: Told::of(&records, &outages) })
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
        // Sentinels talk to each other there.
        let left: Vec<_> =
            channels.lines().filter(|name| !name.starts_with("__sentinel__")).collect();
        Ok((!left.is_empty()).then(|| format!("a subscription to {left:?}")))
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
