//! What can be chosen.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, Subcommand, ValueEnum as _};

use crate::{
    scenario::Scenario,
    server::{Programs, Server},
};

/// Measures what a delivery costs, side by side with other servers.
#[derive(Debug, Parser)]
#[command(name = "fan_out", max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Which scenarios, such as `paced,saturated`. All by default.
    #[arg(long, value_enum, value_delimiter = ',')]
    scenario: Vec<Scenario>,

    /// Which servers, such as `tidings,bun`. All that belong to a scenario by default.
    #[arg(long, value_enum, value_delimiter = ',')]
    server: Vec<Server>,

    /// The program of an earlier build, such as `target/before/tidings-demo`: measured beside this one in each scenario
    /// that compares servers.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) before: Option<PathBuf>,

    /// Centrifugo 6: measured beside Tidings in the scenarios with many channels.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) centrifugo: Option<PathBuf>,

    /// How many channels, in the scenarios that have many. The scenario's own number by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub(crate) channels: Option<u32>,

    /// How many rounds: in each, every server runs once in each scenario.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,

    /// How long is measured in each run. The scenario's own time by default.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u32>,

    /// How many events are published at once, at the same rate. The scenario's own number by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) burst: Option<u32>,

    /// The CPU that the servers run on.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) server_cpu: usize,

    /// The CPU for Valkey, the publisher and the subscribers.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) load_cpu: usize,

    /// Where to write what every run has shown.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Where to draw the chart.
    #[arg(long, value_name = "FILE")]
    pub(crate) chart: Option<PathBuf>,

    /// Measure nothing: read what an earlier bench has written with `--json`.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub(crate) from: Option<PathBuf>,

    /// Cargo says this to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What else this program is.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The bare floor, which the bench starts by itself.
    #[command(hide = true)]
    Floor,
    /// A long poll of bare axum, which the bench starts by itself.
    #[command(hide = true)]
    BarePoll,
    /// A server in this process, which the bench starts by itself.
    #[command(hide = true)]
    Parts,
}

impl Arguments {
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        // It takes minutes and gigabytes.
        let unasked = |s: &Scenario| self.scenario.is_empty() && *s == Scenario::Million;
        let all = Scenario::value_variants().iter().copied();
        all.filter(|s| chosen(&self.scenario, s) && !unasked(s)).collect()
    }

    pub(crate) fn servers(&self, scenario: Scenario) -> Vec<Server> {
        let mut servers: Vec<_> = scenario
            .servers()
            .iter()
            .copied()
            .filter(|s| chosen(&self.server, s))
            .filter(|s| *s != Server::Centrifugo || self.centrifugo.is_some())
            .collect();
        let first = usize::from(servers.first() == Some(&Server::Tidings));
        let wanted = first > 0 || self.server.contains(&Server::Before);
        if self.before.is_some() && wanted && scenario.compares_servers() {
            // Right behind Tidings, so that both meet the same state of the machine.
            servers.insert(first, Server::Before);
        }
        servers
    }

    pub(crate) fn programs(&self) -> Programs {
        Programs { before: self.before.clone(), centrifugo: self.centrifugo.clone() }
    }

    pub(crate) fn window(&self) -> Option<Duration> {
        self.seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }
}

fn chosen<T: PartialEq>(list: &[T], one: &T) -> bool {
    list.is_empty() || list.contains(one)
}
