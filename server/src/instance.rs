//! Reports this replica to the subscribers of `onInstances`.

use std::{sync::Arc, time::Duration};

use tidings_contract::{Channel, Instance, OnInstances};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{engine::Engine, metrics::Metrics};

/// How often a replica reports: two reports fit into `MEMBER_TTL`.
const INTERVAL: Duration = Duration::from_secs(2);

/// Reports until `leave`, and then leaves the list. A failed report is not repeated: the next one replaces it.
pub(crate) async fn report(engine: Arc<Engine>, version: String, leave: CancellationToken) {
    let (publisher, channel) = (engine.publisher(), Channel::default());
    let began = Instant::now();
    let mut last = Totals::at(began, &engine.metrics);
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while leave.run_until_cancelled(ticks.tick()).await.is_some() {
        let now = Totals::at(Instant::now(), &engine.metrics);
        let instance = Instance {
            name: engine.config.instance.clone(),
            version: version.clone(),
            uptime_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            connections: engine.metrics.connections.get(),
            subscriptions: engine.metrics.subscriptions.get(),
            events_per_second: now.per_second(&last, now.events - last.events),
            deliveries_per_second: now.per_second(&last, now.deliveries - last.deliveries),
        };
        last = now;
        let reported = publisher.report::<OnInstances>(&channel, &instance.name, &instance).await;
        if let Err(error) = reported {
            tracing::debug!(%error, "the replica could not report itself");
        }
    }
    let left = publisher.leave::<OnInstances>(&channel, &engine.config.instance).await;
    if let Err(error) = left {
        tracing::debug!(%error, "the replica could not report that it leaves");
    }
}

/// What was counted up to a moment.
struct Totals {
    at: Instant,
    events: u64,
    deliveries: u64,
}

impl Totals {
    fn at(at: Instant, metrics: &Metrics) -> Self {
        Self { at, events: metrics.events.get(), deliveries: metrics.deliveries.get() }
    }

    /// To one decimal place.
    fn per_second(&self, since: &Self, count: u64) -> f64 {
        let seconds = (self.at - since.at).as_secs_f64();
        if seconds > 0.0 { (count as f64 / seconds * 10.0).round() / 10.0 } else { 0.0 }
    }
}
