//! Many channels through a restart of Valkey.

use std::time::Duration;

use tokio::time::sleep;

use super::{Failure, Stage};
use crate::load::{Multitude, Place, Promise, Verdict, sweep};

/// Many channels, each with one subscriber.
#[derive(Clone, Copy, Debug)]
pub struct Channels {
    /// How many.
    pub count: usize,
    /// Subscriptions of each connection.
    pub each: usize,
    /// How long Valkey is away.
    pub away: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct ChannelsReport {
    /// What became of the events.
    pub verdict: Verdict,
    /// What was promised and not kept, in words.
    pub broken: Vec<String>,
}

impl Stage {
    /// Publishes an event to each channel, kills Valkey, publishes another while it is away, starts it again with what
    /// it acknowledged, publishes a third, and waits until every subscriber has all three.
    ///
    /// # Errors
    ///
    /// When something does not come back, clients are stuck, or something is left of them.
    pub async fn play_channels(
        &mut self,
        occasion: &str,
        Channels { count, each, away }: Channels,
    ) -> Result<ChannelsReport, Failure> {
        let channels = (1..=count).map(|n| format!("{occasion}-{n}")).collect::<Vec<_>>();
        let place = self.fleet.place();
        let crowd = Multitude::join(&self.fleet.ws_url(), &channels, each).await?;
        sweep(&place, &channels, 1).await;
        crowd.have(1).await?;
        self.fleet.valkey.kill();
        let meanwhile = tokio::spawn({
            let (place, channels): (Place, _) = (place.clone(), channels.clone());
            async move { sweep(&place, &channels, 2).await }
        });
        sleep(away).await;
        self.fleet.valkey.restart().await?;
        let _ = meanwhile.await;
        for replica in &self.fleet.replicas {
            replica.ready().await?;
        }
        sweep(&place, &channels, 3).await;
        crowd.have(3).await?;
        let verdict = Verdict::of(&crowd.leave().await, &vec![3; count]);
        self.quiet().await?;
        let broken = verdict.broken(Promise::Everything);
        Ok(ChannelsReport { verdict, broken })
    }
}
