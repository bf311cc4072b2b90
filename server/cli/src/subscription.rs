//! What a service's document says of a subscription.

use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The `x-subscription` member of a method.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscription {
    /// The delivery policy.
    pub(crate) feed: Feed,
    /// Whether it can resume after an event id.
    #[serde(default)]
    resumable: Option<bool>,
    /// The namespace of its channels.
    #[serde(default)]
    pub(crate) namespace: Option<String>,
    /// The schema of a channel's name.
    #[serde(default)]
    pub(crate) channel: Value,
    /// The schema of a payload.
    #[serde(default)]
    pub(crate) data: Value,
    /// How long the newest event is kept, for a state feed.
    #[serde(default)]
    pub(crate) state_retention_ms: Option<u64>,
}

impl Subscription {
    /// Whether it can resume after an event id.
    pub(crate) fn resumable(&self) -> bool {
        self.resumable.unwrap_or(self.feed == Feed::Log)
    }
}

/// A delivery policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Feed {
    Log,
    State,
    Members,
    /// Of a newer service.
    Other(String),
}

impl<'de> Deserialize<'de> for Feed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(match String::deserialize(deserializer)?.as_str() {
            "log" => Self::Log,
            "state" => Self::State,
            "members" => Self::Members,
            other => Self::Other(other.to_owned()),
        })
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Log => "log",
            Self::State => "state",
            Self::Members => "members",
            Self::Other(name) => name,
        })
    }
}
