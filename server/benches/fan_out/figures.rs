//! What a run has shown.

use serde::{Deserialize, Serialize};

use crate::{
    channels::figures::{Hot, Join, Recovery, Windows},
    parts::Part,
    scenario::Scenario,
    server::Server,
};

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    pub(crate) scenario: Scenario,
    pub(crate) server: Server,
    /// The round that it belongs to: the first is 1.
    pub(crate) round: u32,
    pub(crate) fan_out: FanOut,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<Query>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stall: Option<Stall>,
    /// All came and left: once or twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) joins: Vec<Join>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) recovery: Option<Recovery>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hot: Option<Hot>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) windows: Option<Windows>,
    /// On one core, and on two.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<Part>,
}

impl Run {
    pub(crate) fn new(scenario: Scenario, server: Server, round: u32, fan_out: FanOut) -> Self {
        Self {
            scenario,
            server,
            round,
            fan_out,
            query: None,
            stall: None,
            joins: Vec::new(),
            recovery: None,
            hot: None,
            windows: None,
            parts: Vec::new(),
        }
    }
}

/// Deliveries to subscribers, and what they cost.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FanOut {
    pub(crate) subscribers: usize,
    pub(crate) events: u64,
    /// From the window's begin until the last event had come, or was not waited for any longer.
    pub(crate) seconds: f64,
    /// How long publishing took.
    pub(crate) publishing_seconds: f64,
    pub(crate) expected: u64,
    pub(crate) received: u64,
    /// Everything that came in the window, late events of the warm-up too: what the CPU time is divided by.
    pub(crate) deliveries: u64,
    /// Holes: a later event came, this one never.
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    /// Connections that the server closed.
    pub(crate) closed: u64,
    pub(crate) cpu_us: f64,
    pub(crate) valkey_cpu_us: f64,
    /// Time of the server's CPU that went to others, or was stolen.
    pub(crate) foreign_us: f64,
    pub(crate) latency_p50_us: u64,
    pub(crate) latency_p99_us: u64,
    pub(crate) latency_max_us: u64,
    /// Bytes of one WebSocket message.
    pub(crate) message_bytes: usize,
    pub(crate) memory_before_kib: u64,
    pub(crate) memory_subscribed_kib: u64,
    pub(crate) memory_after_kib: u64,
    pub(crate) valkey_connections: usize,
}

impl FanOut {
    /// CPU time per delivery: microseconds.
    pub(crate) fn cost(&self) -> f64 {
        self.cpu_us / self.deliveries.max(1) as f64
    }

    /// Valkey's CPU time per event: microseconds.
    pub(crate) fn valkey_cost(&self) -> f64 {
        self.valkey_cpu_us / self.events.max(1) as f64
    }

    /// Memory per subscriber: KiB, at the end of the window or before it, whichever is more.
    pub(crate) fn memory(&self) -> f64 {
        let peak = self.memory_after_kib.max(self.memory_subscribed_kib);
        peak.saturating_sub(self.memory_before_kib) as f64 / self.subscribers.max(1) as f64
    }

    /// What part of the expected events came: 1 when all did.
    pub(crate) fn delivered(&self) -> f64 {
        self.received as f64 / self.expected.max(1) as f64
    }

    /// What part of the server's CPU others had.
    pub(crate) fn foreign(&self) -> f64 {
        self.foreign_us / 1e6 / self.seconds
    }
}

/// Round trips of a query: microseconds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Query {
    /// While nothing is published.
    pub(crate) idle: RoundTrips,
    /// While events are delivered.
    pub(crate) busy: RoundTrips,
}

/// How long calls took: microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoundTrips {
    pub(crate) calls: u64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// What became of those who read nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stall {
    /// How many read nothing.
    pub(crate) lazy: usize,
    /// How many of them the server has cut, and how long after they had stopped reading: the first and the last.
    pub(crate) cut: usize,
    pub(crate) first_cut_seconds: Option<f64>,
    pub(crate) last_cut_seconds: Option<f64>,
    /// How many of those the server counts as cut for that reason.
    pub(crate) counted: Option<f64>,
    /// The most memory that the server had, over what it had when all were subscribed: KiB.
    pub(crate) memory_growth_kib: u64,
    /// Whether it was told to leave (SIGTERM) with those who read nothing still there.
    pub(crate) asked_to_leave: bool,
    /// How long that took.
    pub(crate) left_seconds: Option<f64>,
}
