//! What the figures have to be.

use crate::{
    channels,
    figures::{FanOut, Run, Stall},
    round::{OUTBOX_BYTES, STALL_LIMIT},
    scenario::Scenario::{self, Large, Paced, Query, Saturated, Valkey, Wide},
    server::Server::{self, Bun, SocketIo, Sse, Tidings, Trpc},
    summary::{self, Spread, Summary},
};

/// A figure with its bound.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) says: String,
    /// Absent when it was not measured.
    pub(crate) figure: Option<Spread>,
    pub(crate) bound: Bound,
}

/// What a figure has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtMost(f64),
    Exactly(f64),
}

impl Target {
    pub(crate) fn met(&self) -> Option<bool> {
        let figure = self.figure?;
        Some(match self.bound {
            Bound::AtMost(bound) => figure.median <= bound,
            // Once is too often.
            Bound::Exactly(bound) => [figure.least, figure.most] == [bound, bound],
        })
    }
}

/// How long a replica may take to leave: its `--drain-limit`, and the half second in which it ends.
const LEAVE_SECONDS: f64 = 10.5;
/// How long those who read nothing may stay, beyond the stall limit: what it takes until the first write fails, and until the
/// next look is taken.
const STALL_GRACE: f64 = 2.5;
/// All of them, in the order of the issue that asks for them.
pub(crate) fn all(summary: Summary<'_>) -> Vec<Target> {
    let mut targets = Vec::new();
    let mut add = |says: &str, figure: Option<Spread>, bound| {
        targets.push(Target { says: says.to_owned(), figure, bound });
    };
    let at_most = Bound::AtMost;

    let cost = |scenario: Scenario, to: Server| {
        summary.ratio((scenario, Tidings), (scenario, to), FanOut::cost)
    };
    add("paced: CPU per delivery, of Bun's", cost(Paced, Bun), at_most(1.0));
    add("paced: CPU per delivery, of Socket.IO's", cost(Paced, SocketIo), at_most(0.5));
    add("paced: CPU per delivery, of tRPC's", cost(Paced, Trpc), at_most(0.2));
    let stream = summary.ratio((Paced, Sse), (Paced, Tidings), FanOut::cost);
    add("paced: CPU per delivery by server-sent events, of WebSocket's", stream, at_most(2.0));
    add("saturated: CPU per delivery, of Bun's", cost(Saturated, Bun), at_most(1.0));
    add("saturated: CPU per delivery, of Socket.IO's", cost(Saturated, SocketIo), at_most(0.3));
    add("saturated: CPU per delivery, of tRPC's", cost(Saturated, Trpc), at_most(0.1));
    // Measured only with `--before`. A ratio within the spread of the runs is equal.
    for (says, scenario) in [
        ("paced: CPU per delivery, of the earlier build's", Paced),
        ("saturated: CPU per delivery, of the earlier build's", Saturated),
        ("10 KB: CPU per delivery, of the earlier build's", Large),
    ] {
        if summary.runs(scenario, Server::Before).next().is_some() {
            add(says, cost(scenario, Server::Before), at_most(1.03));
        }
    }
    let missing =
        |scenario| summary.fan_out(scenario, Tidings, |f| f.expected as f64 - f.received as f64);
    add("saturated: events not delivered", missing(Saturated), Bound::Exactly(0.0));
    let own = summary.ratio((Wide, Tidings), (Paced, Tidings), FanOut::cost);
    add("wide: CPU per delivery, of its own when paced", own, at_most(1.25));
    add("wide: events not delivered", missing(Wide), Bound::Exactly(0.0));
    add("large: CPU per delivery, of Bun's", cost(Large, Bun), at_most(0.8));

    let p99 = |f: &FanOut| f.latency_p99_us as f64;
    add(
        "paced: p99 latency, of Bun's",
        summary.ratio((Paced, Tidings), (Paced, Bun), p99),
        at_most(1.0),
    );
    let queries = summary.runs(Query, Tidings).filter_map(|run| run.query.as_ref());
    let slower = Spread::of(queries.map(|q| q.busy.p99_us / q.idle.p99_us));
    add("query: p99 while events are delivered, of its own when idle", slower, at_most(5.0));
    let memory = summary.fan_out(Wide, Tidings, FanOut::memory);
    add("wide: KiB of memory per connection", memory, at_most(22.0));

    let ratio = summary::ratio(summary.stalled(true), summary.stalled(false), p99);
    add("stalled: p99 latency of the others, of that without", ratio, at_most(1.2));
    let lazy = |figure: fn(&Stall) -> Option<f64>| {
        Spread::of(summary.stalled(true).filter_map(|run| figure(run.stall.as_ref()?)))
    };
    let growth = lazy(|stall| Some(stall.memory_growth_kib as f64 / stall.lazy as f64));
    add(
        "stalled: KiB that memory grew by, per stalled connection",
        growth,
        at_most(f64::from(OUTBOX_BYTES) / 1024.0),
    );
    let left = lazy(|stall| Some(stall.lazy as f64 - stall.cut as f64));
    add("stalled: not cut of those who read nothing", left, Bound::Exactly(0.0));
    let counted = lazy(|stall| Some(stall.lazy as f64 - stall.counted?));
    add("stalled: not counted as cut for that", counted, Bound::Exactly(0.0));
    let last = lazy(|stall| Some(stall.last_cut_seconds.unwrap_or(f64::MAX)));
    add(
        "stalled: seconds until the last of them was cut",
        last,
        at_most(STALL_LIMIT.as_secs_f64() + STALL_GRACE),
    );
    let leave = |run: &Run| Some(run.stall.as_ref()?.left_seconds.unwrap_or(f64::MAX));
    let leave = Spread::of(summary.leaving().filter_map(leave));
    add("stalled: seconds from SIGTERM to the end", leave, at_most(LEAVE_SECONDS));

    let connections = summary.fan_out(Valkey, Tidings, |f| f.valkey_connections as f64);
    add("valkey: connections of a replica", connections, Bound::Exactly(2.0));
    let grows = summary::ratio(summary.valkey(true), summary.valkey(false), FanOut::valkey_cost);
    add("valkey: its CPU per event for 1,000 subscribers, of that for 10", grows, at_most(1.1));
    channels::target::add(summary, &mut targets);
    targets
}
