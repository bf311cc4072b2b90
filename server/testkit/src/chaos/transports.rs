//! Every transport while replicas end.

use std::time::Duration;

use tokio::time::sleep;

use super::{Failure, Stage};
use crate::load::{Crowd, Promise, Stream, Subscriber, Transport, Verdict};

/// Subscribers on every transport, through the deaths of a replica.
#[derive(Clone, Copy, Debug)]
pub struct Transports {
    /// Subscribers. In each channel, a third of them uses each transport, where the numbers allow it.
    pub clients: usize,
    /// Channels, each with as many of the subscribers as the others.
    pub channels: usize,
    /// The time between two events of a channel.
    pub period: Duration,
    /// Events of each channel that are published before, between and after what happens to the replicas.
    pub events: u64,
    /// How long a killed replica is away.
    pub away: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct TransportsReport {
    /// What became of the events, for the subscribers of each transport.
    pub verdicts: Vec<(Transport, Verdict)>,
    /// What was promised and not kept, in words.
    pub broken: Vec<String>,
}

/// How often the replica is killed.
const KILLS: usize = 2;

impl Stage {
    /// Publishes to all channels while a replica is killed twice, and another one is drained and started again. Waits
    /// until every subscriber has every event of its channel.
    ///
    /// # Errors
    ///
    /// When a replica does not come back, clients are stuck, or something is left of them.
    pub async fn play_transports(
        &mut self,
        occasion: &str,
        Transports { clients, channels, period, events, away }: Transports,
    ) -> Result<TransportsReport, Failure> {
        let channels = (1..=channels).map(|n| format!("{occasion}-{n}")).collect::<Vec<_>>();
        let urls = [self.fleet.ws_url()];
        let crowd = Crowd::join_by(&Transport::ALL, urls, &channels, clients).await?;
        let transports = crowd.subscribers().iter().map(Subscriber::transport).collect::<Vec<_>>();
        let stream = Stream::start(self.fleet.place(), &channels, period);
        stream.goes_on(events).await;
        for _ in 0..KILLS {
            self.fleet.replicas[0].kill();
            sleep(away).await;
            self.fleet.replicas[0].restart().await?;
            stream.goes_on(events).await;
        }
        // It drains, ends, and is started again.
        self.fleet.replicas[1].restart().await?;
        stream.goes_on(events).await;
        let published = stream.stop().await;
        crowd.reached(&published).await?;
        let records = crowd.leave().await;
        self.quiet().await?;
        let verdicts = Transport::ALL.map(|transport| {
            let own = transports.iter().zip(&records).filter(|(own, _)| **own == transport);
            (transport, Verdict::of(own.map(|(_, record)| record), &published))
        });
        let broken = verdicts.iter().flat_map(|(transport, verdict)| {
            let broken = verdict.broken(Promise::Everything).into_iter();
            broken.map(|broken| format!("{}: {broken}", transport.name()))
        });
        Ok(TransportsReport { broken: broken.collect(), verdicts: verdicts.into() })
    }
}
