//! Every metric, in one place. The text beside a name is its help in `/metrics`.
//!
//! A server has its own registry, not the process's, so that servers in one test do not mix. The only label is the
//! procedure: none holds a channel, a client or anything else that clients can make more of.

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Gauge, Key, KeyName, Label, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

const META: Metadata<'static> = Metadata::new(module_path!(), metrics::Level::INFO, None);

/// A number that only rises.
#[derive(Debug)]
pub(crate) struct Count {
    exported: Counter,
    value: AtomicU64,
}

/// A number that rises and falls.
#[derive(Debug)]
pub(crate) struct Level {
    exported: Gauge,
    value: AtomicU64,
}

impl Count {
    fn new(exported: Counter) -> Self {
        Self { exported, value: AtomicU64::new(0) }
    }

    /// Adds to it.
    pub(crate) fn increment(&self, by: u64) {
        if by > 0 {
            self.value.fetch_add(by, Ordering::Relaxed);
            self.exported.increment(by);
        }
    }

    /// Raises it to a number that is counted elsewhere.
    pub(crate) fn raise_to(&self, to: u64) {
        let before = self.value.fetch_max(to, Ordering::Relaxed);
        self.exported.increment(to.saturating_sub(before));
    }

    /// Its value.
    pub(crate) fn get(&self) -> u64 {
        self.value.load(Ordering::Relaxed)
    }
}

impl Level {
    fn new(exported: Gauge) -> Self {
        Self { exported, value: AtomicU64::new(0) }
    }

    /// Adds one.
    pub(crate) fn rise(&self) {
        self.value.fetch_add(1, Ordering::Relaxed);
        self.exported.increment(1);
    }

    /// Takes one away.
    pub(crate) fn fall(&self) {
        self.value.fetch_sub(1, Ordering::Relaxed);
        self.exported.decrement(1);
    }

    /// Sets it to a number that is kept elsewhere.
    pub(crate) fn set(&self, to: u64) {
        self.value.store(to, Ordering::Relaxed);
        self.exported.set(to as f64);
    }

    /// Its value.
    pub(crate) fn get(&self) -> u64 {
        self.value.load(Ordering::Relaxed)
    }
}

macro_rules! metrics {
    ($($field:ident: $kind:ident $register:ident $describe:ident = $name:literal, $help:literal;)+) => {
        /// The handles that the code counts with.
        pub(crate) struct Metrics {
            $(#[doc = $help] pub $field: $kind,)+
            recorder: PrometheusRecorder,
            handle: PrometheusHandle,
        }

        impl Metrics {
            /// A registry with every metric at zero.
            pub(crate) fn new() -> Self {
                let recorder: PrometheusRecorder = PrometheusBuilder::new().build_recorder();
                $(recorder.$describe(KeyName::from_const_str($name), None, SharedString::const_str($help));)+
                recorder.describe_counter(KeyName::from_const_str(REJECTED.0), None, SharedString::const_str(REJECTED.1));
                Self {
                    $($field: $kind::new(recorder.$register(&Key::from_static_name($name), &META)),)+
                    handle: recorder.handle(),
                    recorder,
                }
            }
        }
    };
}

metrics! {
    connections: Level register_gauge describe_gauge =
        "tidings_connections", "Open connections, WebSocket and HTTP.";
    connections_refused: Count register_counter describe_counter =
        "tidings_connections_refused_total", "Connections answered 503, because there were too many.";
    subscriptions: Level register_gauge describe_gauge =
        "tidings_subscriptions", "Live subscriptions, those of event streams and of polls under way included.";
    event_streams: Level register_gauge describe_gauge =
        "tidings_event_streams", "Open streams of server-sent events.";
    polls: Count register_counter describe_counter =
        "tidings_polls_total", "Long polls that were begun.";
    channels: Level register_gauge describe_gauge =
        "tidings_channels", "Channels with at least one subscription.";
    events: Count register_counter describe_counter =
        "tidings_events_total", "Events that came from the broker and were sent on.";
    deliveries: Count register_counter describe_counter =
        "tidings_deliveries_total", "Events handed to a subscription, each subscription counted.";
    silent: Count register_counter describe_counter =
        "tidings_connections_silent_total", "Connections closed, because the client answered no ping for the stall limit.";
    stalled: Count register_counter describe_counter =
        "tidings_connections_stalled_total", "Connections cut off, by the replica or its kernel, because the client read nothing for the stall limit.";
    slow_consumers: Count register_counter describe_counter =
        "tidings_slow_consumers_total", "Subscriptions stopped, because they did not keep up.";
    gaps: Count register_counter describe_counter =
        "tidings_gaps_total", "Gaps told to subscriptions, each subscription counted.";
    resumes: Count register_counter describe_counter =
        "tidings_resumes_total", "Subscriptions that went on after the last event that the client had.";
    history_reads: Count register_counter describe_counter =
        "tidings_history_reads_total", "Times that a channel's history was asked for.";
    inbox_overflows: Count register_counter describe_counter =
        "tidings_inbox_overflows_total", "Times that too many events of a channel waited, so that some were dropped and read from the history instead.";
    plain_lost: Count register_counter describe_counter =
        "tidings_plain_publications_lost_total", "Messages published without Tidings' functions that were dropped, because too many waited: subscribers got a gap.";
    windows_bytes: Level register_gauge describe_gauge =
        "tidings_windows_bytes", "Bytes of the newest events of all channels that are kept in memory.";
    writes_refused: Count register_counter describe_counter =
        "tidings_broker_writes_refused_total", "Writes of this replica that the broker refused although it answers reads.";
    broker_losses: Count register_counter describe_counter =
        "tidings_broker_losses_total", "Times that the connection to the broker was lost.";
}

/// The metric that has a label, with its help.
const REJECTED: (&str, &str) = (
    "tidings_payloads_rejected_total",
    "Payloads that did not fit their channel's type, by procedure: subscribers of a Log feed got a gap instead.",
);

impl Metrics {
    /// Payloads of one procedure that were left out. The same counter for each call with the same name.
    pub(crate) fn payloads_rejected(&self, procedure: &'static str) -> Count {
        let label = Label::from_static_parts("procedure", procedure);
        let key = Key::from_parts(REJECTED.0, vec![label]);
        Count::new(self.recorder.register_counter(&key, &META))
    }

    /// All of them in Prometheus' text format.
    pub(crate) fn render(&self) -> String {
        self.handle.run_upkeep();
        self.handle.render()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
