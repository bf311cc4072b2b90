//! What this replica says of itself to all that follow `onInstances`.

use std::{sync::Arc, time::Duration};

use tidings_schema::{Instance, OnInstances, Subscription};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{app::App, broker::ChannelKey, metrics::Metrics};

/// How often it does.
const INTERVAL: Duration = Duration::from_secs(2);

/// How long it is believed. With the interval of the others, this is how long a dead replica is still seen.
const TTL: Duration = Duration::from_secs(5);

/// Reports until `leave`, and then that it has left. A report that the broker does not take is left out: the
/// next one replaces it.
pub(crate) async fn report(app: Arc<App>, leave: CancellationToken) {
    let channel = OnInstances::channel(&tidings_schema::NoInput {});
    let key = ChannelKey::new::<OnInstances>(&app.config.broker.key_prefix, &channel);
    let began = Instant::now();
    let mut last = Totals::at(began, &app.metrics);
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while leave.run_until_cancelled(ticks.tick()).await.is_some() {
        let now = Totals::at(Instant::now(), &app.metrics);
        let instance = Instance {
            name: app.config.instance.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            connections: app.metrics.connections.get(),
            subscriptions: app.metrics.subscriptions.get(),
            events_per_second: now.per_second(&last, now.events - last.events),
            deliveries_per_second: now.per_second(&last, now.deliveries - last.deliveries),
        };
        last = now;
        let state = serde_json::to_vec(&instance).expect("an instance is plain data");
        if let Err(error) = app.broker.report(&key, &instance.name, Some(state.into()), TTL).await {
            tracing::debug!(%error, "the replica could not report its state");
        }
    }
    if let Err(error) = app.broker.report(&key, &app.config.instance, None, TTL).await {
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
