//! Publishers that go on at a steady rate.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use super::{Place, Publisher};

/// A publisher for each of some channels, each at a steady rate. What could not be published while Valkey was away
/// is published when it is back, as fast as that goes.
#[derive(Debug)]
pub struct Stream {
    stop: watch::Sender<bool>,
    channels: Vec<(watch::Receiver<u64>, JoinHandle<()>)>,
}

impl Stream {
    /// Begins to publish, an event to each channel every `period`.
    pub fn start(place: impl Into<Place>, channels: &[String], period: Duration) -> Self {
        let place = place.into();
        let (stop, stopped) = watch::channel(false);
        let channels = channels.iter().map(|channel| {
            let (acknowledged, published) = watch::channel(0);
            let publisher = Publisher::new(place.clone(), channel);
            let task = tokio::spawn(run(publisher, period, acknowledged, stopped.clone()));
            (published, task)
        });
        let channels = channels.collect();
        Self { stop, channels }
    }

    /// The number of each channel's newest event.
    pub fn published(&self) -> Vec<u64> {
        self.channels.iter().map(|(published, _)| *published.borrow()).collect()
    }

    /// Waits until so many more events of each channel are acknowledged. This wait has no limit of its own.
    pub async fn goes_on(&self, events: u64) {
        let each = self.channels.iter().map(async |(published, _)| {
            let far = *published.borrow() + events;
            // An error is a publisher's end, which comes with this one's.
            let _ = published.clone().wait_for(|published| *published >= far).await;
        });
        join_all(each).await;
    }

    /// Publishes no more, and answers how many events each channel had, when all are acknowledged. This wait has no
    /// limit of its own.
    pub async fn stop(mut self) -> Vec<u64> {
        self.stop.send_replace(true);
        join_all(self.channels.iter_mut().map(|(_, task)| task)).await;
        self.published()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        for (_, task) in &self.channels {
            task.abort();
        }
    }
}

async fn run(
    mut publisher: Publisher,
    period: Duration,
    acknowledged: watch::Sender<u64>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut due = interval(period);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return,
            _ = due.tick() => {}
        }
        publisher.publish().await;
        acknowledged.send_replace(publisher.published());
    }
}
