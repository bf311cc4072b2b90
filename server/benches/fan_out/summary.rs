//! Medians of many runs.

use std::collections::BTreeMap;

use crate::{
    figures::{FanOut, Run},
    scenario::Scenario,
    server::Server,
};

/// All runs of a bench.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary<'a>(pub(crate) &'a [Run]);

/// The middle one of several figures, and the outer ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of no figures there is none.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures = figures.into_iter().filter(|f| f.is_finite()).collect::<Vec<_>>();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        let median = match figures.len() {
            0 => return None,
            even if even % 2 == 0 => f64::midpoint(figures[middle - 1], figures[middle]),
            _ => figures[middle],
        };
        Some(Self { least: figures[0], median, most: figures[figures.len() - 1] })
    }
}

impl<'a> Summary<'a> {
    /// The runs of a server in a scenario.
    pub(crate) fn runs(self, scenario: Scenario, server: Server) -> impl Iterator<Item = &'a Run> {
        self.0.iter().filter(move |run| (run.scenario, run.server) == (scenario, server))
    }

    pub(crate) fn rounds(self) -> u32 {
        self.0.iter().map(|run| run.round).max().unwrap_or_default()
    }

    /// A figure of a server's fan-out.
    pub(crate) fn fan_out(
        self,
        scenario: Scenario,
        server: Server,
        figure: impl Fn(&FanOut) -> f64,
    ) -> Option<Spread> {
        Spread::of(self.runs(scenario, server).map(|run| figure(&run.fan_out)))
    }

    /// CPU time per delivery: microseconds.
    pub(crate) fn cost(self, scenario: Scenario, server: Server) -> Option<Spread> {
        self.fan_out(scenario, server, FanOut::cost)
    }

    /// A figure divided by that of another server, or of the same one in another scenario.
    pub(crate) fn ratio(
        self,
        of: (Scenario, Server),
        to: (Scenario, Server),
        figure: impl Fn(&FanOut) -> f64 + Copy,
    ) -> Option<Spread> {
        ratio(self.runs(of.0, of.1), self.runs(to.0, to.1), figure)
    }

    /// The runs of `valkey` with many subscribers, or with few.
    pub(crate) fn valkey(self, many: bool) -> impl Iterator<Item = &'a Run> {
        let runs = self.runs(Scenario::Valkey, Server::Tidings);
        runs.filter(move |run| (run.fan_out.subscribers > 100) == many)
    }

    /// The runs of `stalled` in which some read nothing and are cut, or in which all read.
    pub(crate) fn stalled(self, lazy: bool) -> impl Iterator<Item = &'a Run> {
        self.runs(Scenario::Stalled, Server::Tidings).filter(move |run| {
            let stall = run.stall.as_ref();
            stall.is_some_and(|s| !s.asked_to_leave && (s.lazy > 0) == lazy)
        })
    }

    /// The runs of `stalled` in which the replica leaves.
    pub(crate) fn leaving(self) -> impl Iterator<Item = &'a Run> {
        self.runs(Scenario::Stalled, Server::Tidings)
            .filter(|run| run.stall.as_ref().is_some_and(|stall| stall.asked_to_leave))
    }
}

/// One figure of many runs divided by that of others: the ratio of the medians, and the least and the greatest ratio that any
/// round had.
pub(crate) fn ratio<'a>(
    of: impl Iterator<Item = &'a Run>,
    to: impl Iterator<Item = &'a Run>,
    figure: impl Fn(&FanOut) -> f64,
) -> Option<Spread> {
    let by_round = |run: &Run| (run.round, figure(&run.fan_out));
    let of = of.map(by_round).collect::<Vec<_>>();
    let to = to.map(by_round).collect::<BTreeMap<_, _>>();
    let pairs = of.iter().filter_map(|(round, figure)| Some(figure / to.get(round)?));
    let outer = Spread::of(pairs)?;
    let median = |figures: &mut dyn Iterator<Item = f64>| Some(Spread::of(figures)?.median);
    let median = median(&mut of.iter().map(|(_, f)| *f))? / median(&mut to.values().copied())?;
    Some(Spread { median, ..outer })
}
