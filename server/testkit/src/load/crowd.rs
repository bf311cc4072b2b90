//! Many subscribers.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use super::{Progress, Record, Subscriber, Transport};

/// How long all of them together may take to come as far as they should: longer than two of their longest pauses.
const PATIENCE: Duration = Duration::from_secs(90);

/// Many subscribers, spread evenly over channels, and in each channel over transports.
#[derive(Debug)]
pub struct Crowd {
    channels: usize,
    /// The n-th one is in the channel n modulo `channels`.
    subscribers: Vec<Subscriber>,
}

/// Some subscribers did not come as far as they should.
#[derive(thiserror::Error)]
#[error("{count} subscribers are stuck before {before}{}", at.map_or_else(String::new, |at| format!("; the first of them is at {at:?}")))]
pub struct Stuck {
    count: usize,
    before: String,
    at: Option<Progress>,
}

impl fmt::Debug for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Stuck {
    pub(super) fn new(count: usize, before: String) -> Self {
        Self { count, before, at: None }
    }
}

impl Crowd {
    /// Starts `count` subscribers over WebSocket, and waits until all have been told `started`. Each of their connections
    /// goes to one of `urls`, at random.
    ///
    /// # Errors
    ///
    /// When some have not within 90 s.
    pub async fn join(
        urls: impl IntoIterator<Item = String>,
        channels: &[String],
        count: usize,
    ) -> Result<Self, Stuck> {
        Self::join_by(&[Transport::WebSocket], urls, channels, count).await
    }

    /// The same over several transports: equally many of each, in each channel, where the numbers allow it.
    ///
    /// # Errors
    ///
    /// When some have not within 90 s.
    pub async fn join_by(
        transports: &[Transport],
        urls: impl IntoIterator<Item = String>,
        channels: &[String],
        count: usize,
    ) -> Result<Self, Stuck> {
        let urls: Arc<[String]> = urls.into_iter().collect();
        let subscribers = (0..count).map(|n| {
            let channel = &channels[n % channels.len()];
            let transport = transports[n / channels.len() % transports.len()];
            Subscriber::start(transport, urls.clone(), channel)
        });
        let crowd = Self { channels: channels.len(), subscribers: subscribers.collect() };
        crowd.all("their subscription", |_, progress| progress.started > 0).await?;
        Ok(crowd)
    }

    /// All of them.
    pub fn subscribers(&self) -> &[Subscriber] {
        &self.subscribers
    }

    /// How often each has been told `started`.
    pub fn starts(&self) -> Vec<u64> {
        self.subscribers.iter().map(|subscriber| subscriber.progress().started).collect()
    }

    /// Waits until each has been told `started` once more than it [had](Self::starts) been.
    ///
    /// # Errors
    ///
    /// When some have not within 90 s.
    pub async fn came_back(&self, before: &[u64]) -> Result<(), Stuck> {
        let far = |n: usize, progress: &Progress| progress.started > before[n];
        self.all("their coming back", far).await
    }

    /// Waits until each has taken the event of that number of its channel.
    ///
    /// # Errors
    ///
    /// When some have not within 90 s.
    pub async fn reached(&self, numbers: &[u64]) -> Result<(), Stuck> {
        let before = format!("the events {numbers:?} of their channels");
        let far = |n: usize, progress: &Progress| progress.newest >= numbers[n % self.channels];
        self.all(&before, far).await
    }

    /// Waits until each has come so far, by its index.
    async fn all(
        &self,
        before: &str,
        far: impl Fn(usize, &Progress) -> bool + Copy,
    ) -> Result<(), Stuck> {
        let each = self.subscribers.iter().enumerate();
        let waits =
            each.clone().map(|(n, subscriber)| subscriber.until(move |progress| far(n, progress)));
        if timeout(PATIENCE, join_all(waits)).await.is_ok() {
            return Ok(());
        }
        let at = each.map(|(n, subscriber)| (n, subscriber.progress()));
        let mut stuck = at.filter(|(n, progress)| !far(*n, progress));
        match stuck.next() {
            Some((_, at)) => {
                Err(Stuck { count: 1 + stuck.count(), before: before.to_owned(), at: Some(at) })
            }
            None => Ok(()),
        }
    }

    /// Cuts the connection of each `times` times, at a random moment about every `every`, and keeps it away for
    /// `away`, give or take a half.
    pub async fn cut_at_random(&self, times: usize, every: Duration, away: Duration) {
        let each = self.subscribers.iter().map(async |subscriber| {
            for _ in 0..times {
                sleep(every.mul_f64(2.0 * rand::random::<f64>())).await;
                subscriber.go_offline();
                sleep(away.mul_f64(0.5 + rand::random::<f64>())).await;
                subscriber.go_online();
            }
        });
        join_all(each).await;
    }

    /// All leave for good. Answers what each saw, with the index of its channel, in the order in which they joined.
    pub async fn leave(self) -> Vec<(usize, Record)> {
        let channels = self.channels;
        let each = self.subscribers.into_iter().enumerate();
        join_all(each.map(async |(n, subscriber)| (n % channels, subscriber.leave().await))).await
    }
}
