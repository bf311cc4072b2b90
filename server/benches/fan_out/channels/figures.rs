//! What a run with many channels has shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Connections with many subscriptions each, from the first subscribe until all have left.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Join {
    pub(crate) connections: usize,
    /// One for each subscription.
    pub(crate) channels: u32,
    pub(crate) live: u64,
    pub(crate) refused: u64,
    /// How many were refused, by the server's word for the reason.
    pub(crate) refusals: BTreeMap<String, u64>,
    /// From the first subscribe until each was live or refused, or nothing more came.
    pub(crate) seconds: f64,
    /// The server's CPU time in these seconds.
    pub(crate) joining_cpu_seconds: f64,
    /// The same until the events had been delivered as well.
    pub(crate) cpu_seconds: f64,
    pub(crate) valkey_cpu_seconds: f64,
    /// Each to a channel of its own.
    pub(crate) events: u64,
    pub(crate) received: u64,
    pub(crate) latency_p99_us: u64,
    /// Memory before the first connection.
    pub(crate) idle_kib: u64,
    /// With all connections and no subscription.
    pub(crate) connected_kib: u64,
    /// The most while they subscribed.
    pub(crate) peak_kib: u64,
    /// With all live, and the events delivered.
    pub(crate) live_kib: u64,
    /// After all have left.
    pub(crate) left_kib: u64,
    /// The server's connections to Valkey: before, the most meanwhile, and after.
    pub(crate) valkey_before: usize,
    pub(crate) valkey_most: usize,
    pub(crate) valkey_after: usize,
}

impl Join {
    /// Memory for each channel: KiB. Right for the first ones that come: later ones find what an allocator has kept.
    pub(crate) fn memory(&self) -> f64 {
        let grown = self.live_kib.saturating_sub(self.connected_kib);
        grown as f64 / f64::from(self.channels.max(1))
    }

    /// What is kept after all have left, of what there was before they came.
    pub(crate) fn kept(&self) -> f64 {
        self.left_kib as f64 / self.idle_kib.max(1) as f64
    }

    /// How many are not live.
    pub(crate) fn missing(&self) -> f64 {
        f64::from(self.channels) - self.live as f64
    }
}

/// Valkey was killed and came back empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recovery {
    pub(crate) channels: u32,
    /// How many were live before.
    pub(crate) live: u64,
    /// How many channels were asked again and again, from Valkey's return on, by publishing to them.
    pub(crate) sample: usize,
    /// From when Valkey accepts connections until each of the sample had got an event. Absent when some never did.
    pub(crate) sample_seconds: Option<f64>,
    /// The same until each channel had got one; they were published when the sample was live.
    pub(crate) all_seconds: Option<f64>,
    /// How many channels had got one by the end.
    pub(crate) came_back: u64,
    /// `status` messages: that Valkey is gone, that it is back, and when the last of these came.
    pub(crate) told_down: u64,
    pub(crate) told_up: u64,
    pub(crate) told_up_seconds: Option<f64>,
    pub(crate) gaps: u64,
    /// Subscriptions that the server ended, and those that it refused.
    pub(crate) ended: u64,
    pub(crate) refused: u64,
    /// Connections that the server closed.
    pub(crate) closed: u64,
    pub(crate) cpu_seconds: f64,
    /// The longest command of the server in the Valkey that came back: milliseconds, and its name. Absent when none took
    /// a millisecond.
    pub(crate) longest_command_ms: f64,
    pub(crate) longest_command: String,
    pub(crate) peak_kib: u64,
}

/// A hot channel beside a quiet one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hot {
    pub(crate) subscribers: usize,
    pub(crate) bytes: usize,
    /// Events of the hot channel that the server can carry in a second.
    pub(crate) capacity: f64,
    /// The server's CPU time while that was found out: with less than three seconds, Valkey was the limit.
    pub(crate) flood_cpu_seconds: f64,
    /// Events that were published to it in a second.
    pub(crate) rate: f64,
    pub(crate) seconds: f64,
    pub(crate) published: u64,
    /// By the hot channel's subscribers together.
    pub(crate) received: u64,
    pub(crate) gaps: u64,
    pub(crate) ended: u64,
    /// Connections that the server closed; their clients came back.
    pub(crate) closed: u64,
    /// The quiet channel's latencies without the hot one, and beside it.
    pub(crate) alone: Latencies,
    pub(crate) beside: Latencies,
    /// Subscribes to further channels meanwhile.
    pub(crate) visits: u64,
    pub(crate) visits_refused: u64,
    pub(crate) slowest_visit_ms: f64,
    pub(crate) memory_before_kib: u64,
    pub(crate) peak_kib: u64,
    /// `status` messages that Valkey is out of reach, and connections to it that the server has lost.
    pub(crate) told_down: u64,
    pub(crate) broker_losses: f64,
}

/// How long events were on their way.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Latencies {
    pub(crate) published: u64,
    pub(crate) received: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

/// Many events in many channels.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Windows {
    pub(crate) channels: u32,
    pub(crate) events: u64,
    pub(crate) bytes: usize,
    pub(crate) received: u64,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    /// Memory before the first connection.
    pub(crate) idle_kib: u64,
    /// With all subscribed, and before the first event.
    pub(crate) live_kib: u64,
    pub(crate) full_kib: u64,
    pub(crate) left_kib: u64,
}
