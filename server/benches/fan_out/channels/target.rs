//! What the figures of the scenarios with many channels have to be.

use crate::{
    channels::figures::{Hot, Join, Recovery, Windows},
    figures::{FanOut, Run},
    scenario::Scenario::{self, Channels, Million, Steady},
    server::Server::Tidings,
    summary::{Spread, Summary},
    target::{Bound, Target},
};

/// What a replica keeps of the windows of all channels by default, and of its connections beside: MiB.
const WINDOW_BUDGET: f64 = 256.0;
/// What a replica may need beside a hot channel: MiB more than before.
const HOT_BUDGET: f64 = 256.0;
/// The quiet channel's p99 is good enough below this, whatever it is alone: milliseconds.
const QUIET_MS: f64 = 10.0;

/// Adds all of them.
pub(crate) fn add(summary: Summary<'_>, targets: &mut Vec<Target>) {
    let mut add = |says: &str, figure: Option<Spread>, bound| {
        targets.push(Target { says: says.to_owned(), figure, bound });
    };
    let (at_most, none) = (Bound::AtMost, Bound::Exactly(0.0));

    let first =
        |figure: fn(&Join) -> f64| spread(summary, Channels, |run| run.joins.first().map(figure));
    let last =
        |figure: fn(&Join) -> f64| spread(summary, Channels, |run| run.joins.last().map(figure));
    let refused = spread(summary, Channels, |run| {
        (!run.joins.is_empty()).then(|| run.joins.iter().map(Join::missing).sum())
    });
    add("channels: subscribes at once that did not become live", refused, none);
    add(
        "channels: CPU seconds until 8,000 events were delivered",
        first(|j| j.cpu_seconds),
        at_most(5.0),
    );
    add("channels: events not delivered", first(|j| j.events as f64 - j.received as f64), none);
    add("channels: KiB of memory per quiet channel", first(Join::memory), at_most(1.5));
    add("channels: memory after all have left, of that before", last(Join::kept), at_most(1.2));
    let more = |j: &Join| j.valkey_most.max(j.valkey_after) as f64 - j.valkey_before as f64;
    add("channels: more connections to Valkey than before", last(more), none);

    let cost = summary.fan_out(Steady, Tidings, FanOut::cost);
    add("steady: µs of CPU per delivery", cost, at_most(18.0));
    let missing = summary.fan_out(Steady, Tidings, |f| f.expected as f64 - f.received as f64);
    add("steady: events not delivered", missing, none);

    let recovery = |figure: fn(&Recovery) -> f64| {
        spread(summary, Scenario::Recovery, |run| run.recovery.as_ref().map(figure))
    };
    let sample = |r: &Recovery| r.sample_seconds.unwrap_or(f64::MAX);
    add("recovery: seconds until all are live", recovery(sample), at_most(5.0));
    let lost = |r: &Recovery| f64::from(r.channels) - r.came_back as f64;
    add("recovery: channels that did not come back", recovery(lost), none);
    add(
        "recovery: ms of our longest command in Valkey",
        recovery(|r| r.longest_command_ms),
        at_most(10.0),
    );

    let hot = |figure: fn(&Hot) -> f64| {
        spread(summary, Scenario::Hot, |run| run.hot.as_ref().map(figure))
    };
    let quiet = |h: &Hot| h.beside.p99_ms / (h.alone.p99_ms * 2.0).max(QUIET_MS);
    add("hot: quiet p99, of the greater of 10 ms and twice that alone", hot(quiet), at_most(1.0));
    let missing = |h: &Hot| h.beside.published as f64 - h.beside.received as f64;
    add("hot: quiet events not delivered", hot(missing), none);
    add("hot: cold subscribes refused", hot(|h| h.visits_refused as f64), none);
    add(
        "hot: times that Valkey was called out of reach",
        hot(|h| h.told_down as f64 + h.broker_losses),
        none,
    );
    let grown = |h: &Hot| (h.peak_kib as f64 - h.memory_before_kib as f64) / 1024.0;
    add("hot: MiB that memory grew by", hot(grown), at_most(HOT_BUDGET));

    let windows = |figure: fn(&Windows) -> f64| {
        spread(summary, Scenario::Windows, |run| run.windows.as_ref().map(figure))
    };
    let grown = |w: &Windows| (w.full_kib as f64 - w.live_kib as f64) / 1024.0;
    add("windows: MiB that events added", windows(grown), at_most(WINDOW_BUDGET));
    let kept = |w: &Windows| {
        (w.left_kib as f64 - w.idle_kib as f64) / (w.full_kib as f64 - w.idle_kib as f64).max(1.0)
    };
    add("windows: what is kept of it after all have left", windows(kept), at_most(0.5));
    add("windows: events not delivered", windows(|w| w.events as f64 - w.received as f64), none);

    let faster = spread(summary, Scenario::Parts, |run| {
        let [one, two] = run.parts[..] else { return None };
        Some(two.seconds / one.seconds)
    });
    // 1.7 times as fast.
    add("parts: time on two cores, of that on one", faster, at_most(1.0 / 1.7));

    let missing = spread(summary, Million, |run| run.joins.first().map(Join::missing));
    add("million: subscribes at once that did not become live", missing, none);
    let lost = spread(summary, Million, |run| run.recovery.as_ref().map(lost));
    add("million: channels that did not come back", lost, none);
}

fn spread(
    summary: Summary<'_>,
    scenario: Scenario,
    figure: impl Fn(&Run) -> Option<f64>,
) -> Option<Spread> {
    Spread::of(summary.runs(scenario, Tidings).filter_map(figure))
}
