//! What can be chosen.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, Subcommand, ValueEnum as _};

use crate::{scenario::Scenario, server::Server};

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
}

impl Arguments {
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        Scenario::value_variants().iter().copied().filter(|s| chosen(&self.scenario, s)).collect()
    }

    pub(crate) fn servers(&self, scenario: Scenario) -> Vec<Server> {
        let mut servers: Vec<_> =
            scenario.servers().iter().copied().filter(|s| chosen(&self.server, s)).collect();
        // Right behind Tidings, so that both meet the same state of the machine.
        let compared = servers.contains(&Server::Tidings) && scenario.compares_servers();
        if self.before.is_some() && compared {
            servers.insert(1, Server::Before);
        }
        servers
    }

    pub(crate) fn window(&self) -> Option<Duration> {
        self.seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }
}

fn chosen<T: PartialEq>(list: &[T], one: &T) -> bool {
    list.is_empty() || list.contains(one)
}
