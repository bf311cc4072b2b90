//! The scenarios with many channels.
//!
//! # Layout
//!
//! - `stage`: a server with a Valkey of its own
//! - `language`: what clients say and servers answer; `client`, `clients`: those who do; `ledger`: what has reached them
//! - `press`: who publishes
//! - `join`, `steady`, `recovery`, `hot`, `windows`: the scenarios; `quiet`, `visitor`: who is beside the hot channel
//! - `gauge`: the memory of a process; `figures`: what comes out; `table`: as text; `target`: what it should be

mod client;
mod clients;
pub(crate) mod figures;
mod gauge;
mod hot;
mod join;
mod language;
mod ledger;
mod press;
mod quiet;
mod recovery;
mod stage;
mod steady;
pub(crate) mod table;
pub(crate) mod target;
mod visitor;
mod windows;

pub(crate) use clients::{Clients, Guests};
pub(crate) use language::Language;

use crate::{
    error::BoxError,
    figures::{FanOut, Run},
    scenario::{Load, Scenario},
    server::Server,
    window::Bench,
};

impl Bench {
    /// Runs one of the scenarios with many channels.
    pub(crate) fn run_channels(
        &mut self,
        scenario: Scenario,
        server: Server,
        load: Load,
        round: u32,
    ) -> Result<Run, BoxError> {
        let mut run = Run::new(scenario, server, round, FanOut::default());
        match scenario {
            Scenario::Steady => run.fan_out = steady::measure(self, server, load)?,
            Scenario::Recovery => run.recovery = Some(recovery::measure(self, server, load)?),
            Scenario::Hot => run.hot = Some(hot::measure(self, server, load)?),
            Scenario::Windows => run.windows = Some(windows::measure(self, server, load)?),
            Scenario::Million => {
                run.joins = join::measure(self, server, load, 1)?;
                run.recovery = Some(recovery::measure(self, server, load)?);
            }
            _ => run.joins = join::measure(self, server, load, 2)?,
        }
        Ok(run)
    }
}
