//! What a delivery costs, side by side with other servers. See `benches/README.md`.

mod arguments;
mod broker;
mod connection;
mod crowd;
mod error;
mod figures;
mod floor;
mod frame;
mod payload;
mod protocol;
mod publisher;
mod scenario;
mod server;
mod tally;
mod usage;
mod window;

use std::process::ExitCode;

use clap::Parser as _;
use tidings_testkit::{Replica, ReplicaOptions, ValkeyProcess};

use crate::{
    arguments::{Arguments, Command},
    error::BoxError,
    figures::Run,
    window::Bench,
};

#[expect(clippy::print_stderr, reason = "this is a program for people")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Some(Command::Floor) => floor::serve(),
        None => bench(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "this is a program for people")]
fn bench(arguments: &Arguments) -> Result<(), BoxError> {
    usage::open_files()?;
    usage::stay_on(arguments.load_cpu)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let valkey = runtime.block_on(ValkeyProcess::start())?;
    // A replica leaves its functions in Valkey, and the publisher uses them whichever server runs.
    let options =
        ReplicaOptions::new(env!("CARGO_BIN_EXE_tidings"), "functions").valkey_url(valkey.url());
    runtime.block_on(async { Replica::start(options).await?.stop().await })?;
    let connection = broker::connect(&valkey)?;
    let mut bench = Bench { runtime, valkey, connection, server_cpu: arguments.server_cpu };
    let mut runs = Vec::new();
    for round in 1..=arguments.runs {
        for scenario in arguments.scenarios() {
            for server in arguments.servers(scenario) {
                let load = scenario.load(arguments.window());
                let mut stage = bench.set(server, load, 0, &[])?;
                bench.warm_up(&mut stage)?;
                let fan_out = bench.measure(&mut stage)?;
                eprintln!(
                    "{round} {} {} {:.2} {fan_out:?}",
                    scenario.name(),
                    server.name(),
                    fan_out.cost()
                );
                runs.push(Run { scenario, server, round, fan_out, query: None, stall: None });
            }
        }
    }
    Ok(())
}
