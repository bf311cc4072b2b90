//! The replicas of a service, and what each is doing. A service opts in with `Router::instances`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Feed, NoInput, Subscription};

/// What one replica reports of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Its name, as in every event that it sends.
    pub name: String,
    /// The version of the service.
    pub version: String,
    /// How long it has been running: milliseconds.
    pub uptime_ms: u64,
    /// Its open connections.
    pub connections: u64,
    /// Its live subscriptions.
    pub subscriptions: u64,
    /// Events that came from the broker, per second, since the last report.
    pub events_per_second: f64,
    /// Events handed to a subscription, per second, since the last report.
    pub deliveries_per_second: f64,
}

/// Streams the replicas of the fleet: each event is the list of all live replicas, by name. A replica that has died is
/// listed for at most ten more seconds, or seven while another replica reports.
#[derive(Debug, JsonSchema)]
pub struct OnInstances;

impl Subscription for OnInstances {
    const NAME: &'static str = "onInstances";
    const NAMESPACE: &'static str = "instances";
    type Input = NoInput;
    type Event = Vec<Instance>;
    const FEED: Feed = Feed::Members;
    const MEMBER_TTL: Duration = Duration::from_secs(5);
}
