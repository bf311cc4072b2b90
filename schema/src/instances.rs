//! The instances domain: the replicas of the fleet, and what each is doing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Channel, ErrorCode, Feed, NoInput, Subscription};

/// What one replica says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Its name, as in every event that it sends.
    pub name: String,
    /// The version of the server.
    pub version: String,
    /// How long it has been running: milliseconds.
    pub uptime_ms: u64,
    /// Its open connections.
    pub connections: u64,
    /// Its live subscriptions.
    pub subscriptions: u64,
    /// Events that came from the broker, per second, since it last said so.
    pub events_per_second: f64,
    /// Events handed to a subscription, per second, since it last said so.
    pub deliveries_per_second: f64,
}

/// Streams the replicas of the fleet: each event is the list of all that live, by name. A replica that has
/// died is in it for at most another seven seconds.
#[derive(Debug, JsonSchema)]
pub struct OnInstances;

impl Subscription for OnInstances {
    const NAME: &'static str = "onInstances";
    const NAMESPACE: &'static str = "instances";
    type Input = NoInput;
    type Event = Vec<Instance>;
    const FEED: Feed = Feed::State;
    const ERRORS: &'static [ErrorCode] =
        &[ErrorCode::BrokerUnavailable, ErrorCode::TooManySubscriptions];

    fn channel(_: &Self::Input) -> Channel {
        Channel::try_from("all".to_owned()).expect("it is a channel name")
    }
}
