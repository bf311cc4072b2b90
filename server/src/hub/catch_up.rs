//! How a channel learns where it stands, and gets what it missed.
//!
//! Three causes, one way: the channel is new, an offset is missing, or the broker was away.

use std::{sync::Arc, time::Duration};

use tidings_contract::Feed;
use tokio::time::{Instant, sleep_until};

use super::{Hub, channel::HubChannel};
use crate::broker::{BrokerUnavailable, Kept, Publication};

/// How much is read at a time: bytes of payload, overrun by at most one payload or a few.
const READ_BYTES: usize = 1024 * 1024;

/// The longest pause before another try, while the broker says that it is in reach.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Hub {
    /// Starts to bring a channel up to date, unless that is under way.
    pub(super) fn catch_up(self: &Arc<Self>, channel: &Arc<HubChannel>) {
        if channel.begin() {
            self.spawn_catch_up(channel.clone());
        }
    }

    /// Brings a channel up to date that has begun to. The task ends when that is done, when nobody is in the
    /// channel any more, when the broker is out of reach (it begins anew when that is back), or with the hub.
    pub(super) fn spawn_catch_up(self: &Arc<Self>, channel: Arc<HubChannel>) {
        let hub = self.clone();
        let stop = self.stop.clone();
        self.tasks.spawn(stop.run_until_cancelled_owned(async move {
            // Under the hub's lock: it must not come after the unsubscribing of the last who left.
            while let Some(subscribed) = hub.subscribe_if_current(&channel) {
                match hub.read(&channel, subscribed).await {
                    Ok(more) if !more => return,
                    Ok(_) => {}
                    Err(error) if !hub.broker.is_up() => {
                        if let Some(sent) = channel.failed(error) {
                            hub.count(sent);
                            return hub.fan_out(&channel);
                        }
                    }
                    // Whoever wanted it has left.
                    Err(_) if !hub.has(&channel) => return,
                    Err(error) => {
                        tracing::warn!(channel = %channel.key, %error, "a history could not be read");
                        tokio::time::sleep(LONGEST_PAUSE.mul_f64(rand::random())).await;
                    }
                }
            }
        }));
    }

    /// Reads the members again when no report has arrived for `MEMBER_TTL`: dead members cannot publish a list without
    /// themselves. Ends with the channel or with the hub.
    pub(super) fn spawn_expiry(self: &Arc<Self>, channel: &Arc<HubChannel>) {
        let Some(ttl) = channel.member_ttl else { return };
        // Ends with the channel, which nothing here keeps.
        let mut closed = channel.readiness.subscribe();
        let (hub, channel) = (Arc::downgrade(self), Arc::downgrade(channel));
        let expiry = async move {
            let mut read_at = Instant::now();
            loop {
                let Some(due) = channel.upgrade().map(|channel| {
                    channel.newest_at().map_or(read_at, |newest_at| newest_at.max(read_at)) + ttl
                }) else {
                    return;
                };
                if Instant::now() < due {
                    tokio::select! {
                        () = sleep_until(due) => {}
                        () = async { while closed.changed().await.is_ok() {} } => return,
                    }
                    continue;
                }
                let (Some(hub), Some(channel)) = (hub.upgrade(), channel.upgrade()) else { return };
                if !hub.has(&channel) {
                    return;
                }
                hub.catch_up(&channel);
                read_at = Instant::now();
            }
        };
        self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(expiry));
    }

    async fn read(
        self: &Arc<Self>,
        channel: &Arc<HubChannel>,
        subscribed: impl Future<Output = Result<(), BrokerUnavailable>>,
    ) -> Result<bool, BrokerUnavailable> {
        // What is published from here on comes by itself; what was before is in the history.
        subscribed.await?;
        let caught_up = match channel.feed {
            Feed::State => {
                let reading = channel.reading_newest();
                channel.read_newest(reading, self.broker.newest(&channel.key).await?)
            }
            Feed::Members => {
                let reading = channel.reading_newest();
                let payload = self.broker.members(&channel.key).await?;
                let publication = Publication { tracked: None, payload };
                channel.read_newest(reading, Some(Kept { publication, expires_in: Duration::MAX }))
            }
            Feed::Log => {
                let reading = channel.reading();
                let after = reading.from.map(|from| from.offset);
                self.metrics.history_reads.increment(1);
                let history = self.broker.history(&channel.key, after, READ_BYTES, reading.from);
                channel.read(reading, &history.await?)
            }
        };
        self.count(caught_up.sent);
        self.fan_out(channel);
        self.fanned_out(channel).await;
        Ok(caught_up.more)
    }
}
