//! Every metric, in one place. The text beside a name is its help in `/metrics`.
//!
//! A server has its own registry, not the process's, so that servers in one test do not mix. No label
//! holds a channel, a client or anything else that clients can make more of.

use metrics::{Counter, Gauge, Key, KeyName, Level, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

const META: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

macro_rules! metrics {
    ($($field:ident: $kind:ident $register:ident $describe:ident = $name:literal, $help:literal;)+) => {
        /// The handles that the code counts with.
        pub struct Metrics {
            $(#[doc = $help] pub $field: $kind,)+
            handle: PrometheusHandle,
        }

        impl Metrics {
            /// A registry with every metric at zero.
            pub fn new() -> Self {
                let recorder: PrometheusRecorder = PrometheusBuilder::new().build_recorder();
                $(recorder.$describe(KeyName::from_const_str($name), None, SharedString::const_str($help));)+
                Self {
                    $($field: recorder.$register(&Key::from_static_name($name), &META),)+
                    handle: recorder.handle(),
                }
            }
        }
    };
}

metrics! {
    connections: Gauge register_gauge describe_gauge =
        "tidings_connections", "Open connections, WebSocket and HTTP.";
    connections_refused: Counter register_counter describe_counter =
        "tidings_connections_refused_total", "Connections answered 503, because there were too many.";
    subscriptions: Gauge register_gauge describe_gauge =
        "tidings_subscriptions", "Live subscriptions.";
    channels: Gauge register_gauge describe_gauge =
        "tidings_channels", "Channels with at least one subscription.";
    events: Counter register_counter describe_counter =
        "tidings_events_total", "Events that came from the broker and were sent on.";
    deliveries: Counter register_counter describe_counter =
        "tidings_deliveries_total", "Events handed to a subscription, each subscription counted.";
    payloads_rejected: Counter register_counter describe_counter =
        "tidings_payloads_rejected_total", "Payloads that did not fit their channel's type and reached no client.";
    slow_consumers: Counter register_counter describe_counter =
        "tidings_slow_consumers_total", "Subscriptions stopped, because they did not keep up.";
    gaps: Counter register_counter describe_counter =
        "tidings_gaps_total", "Gaps told to subscriptions, each subscription counted.";
    broker_losses: Counter register_counter describe_counter =
        "tidings_broker_losses_total", "Times that the connection to the broker was lost.";
}

impl Metrics {
    /// All of them in Prometheus' text format.
    pub fn render(&self) -> String {
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
