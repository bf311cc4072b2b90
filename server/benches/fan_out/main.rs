//! What a delivery costs, side by side with other servers. `benches/README.md` says how to run it and how to read it.
//!
//! # Layout
//!
//! - `arguments`: what can be chosen
//! - `scenario`: what is measured; `server`: on whom; `target`: what it should be
//! - `round`: how each scenario is run once; `window`: a server with its subscribers, measured
//! - `crowd`, `connection`, `protocol`, `frame`, `receive`, `tally`: the subscribers
//! - `publisher`, `payload`, `broker`: what is published
//! - `channels`: the scenarios with many channels; `centrifugo`: a peer in them
//! - `parts`: a server in a process of the bench's own, on one core and on two
//! - `query`: calls; `watch`: a replica's metrics; `usage`: what a process uses, by the operating system's word
//! - `figures`, `summary`, `machine`, `report`, `table`, `chart`: what comes out
//! - `floor`: the bare floor, a server that does nothing but write; `bare_poll`: the same for polls

mod arguments;
mod bare_poll;
mod broker;
mod centrifugo;
mod channels;
mod chart;
mod connection;
mod crowd;
mod error;
mod figures;
mod floor;
mod frame;
mod machine;
mod parts;
mod payload;
mod protocol;
mod publisher;
mod query;
mod receive;
mod report;
mod round;
mod scenario;
mod server;
mod summary;
mod table;
mod tally;
mod target;
mod usage;
mod watch;
mod window;

use std::{fs, process::ExitCode};

use clap::Parser as _;

use crate::{
    arguments::{Arguments, Command},
    error::BoxError,
    figures::{FanOut, Run},
    machine::Machine,
    report::Report,
    window::Bench,
};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a program for people")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Some(Command::Floor) => floor::serve(),
        Some(Command::BarePoll) => bare_poll::serve(),
        Some(Command::Parts) => parts::run(),
        None => report(&arguments).and_then(|report| {
            println!("{}", table::write(&report));
            if let Some(path) = &arguments.chart {
                fs::write(path, chart::draw(&report))?;
            }
            Ok(())
        }),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures, or reads what was measured.
fn report(arguments: &Arguments) -> Result<Report, BoxError> {
    if let Some(path) = &arguments.from {
        return Report::read(path);
    }
    let mut report = Report { machine: Machine::read(&arguments.programs())?, runs: Vec::new() };
    let mut bench = Bench::start(arguments)?;
    // Round after round, so that whatever else the machine does meets all of them.
    for round in 1..=arguments.runs {
        for scenario in arguments.scenarios() {
            for server in arguments.servers(scenario) {
                let load = scenario.load().with(arguments);
                for run in bench.run(scenario, server, load, round)? {
                    progress(&run, arguments.runs);
                    report.runs.push(run);
                }
                // What was measured stays, should a later run fail.
                if let Some(path) = &arguments.json {
                    report.write(path)?;
                }
            }
        }
    }
    Ok(report)
}

#[expect(clippy::print_stderr, reason = "it takes minutes, and somebody may be watching")]
fn progress(run: &Run, rounds: u32) {
    if let Some(line) = channels::table::line(run) {
        eprintln!(
            "{}/{rounds} {:<9} {:<11} {line}",
            run.round,
            run.scenario.name(),
            run.server.name()
        );
        return;
    }
    let FanOut { subscribers, received, expected, latency_p99_us, .. } = run.fan_out;
    eprintln!(
        "{}/{rounds} {:<9} {:<11} {subscribers:>6} subscribers {:6.2} µs/delivery {received}/{expected} p99 {:.1} ms, others on its CPU {:.0} %",
        run.round,
        run.scenario.name(),
        run.server.name(),
        run.fan_out.cost(),
        latency_p99_us as f64 / 1e3,
        run.fan_out.foreign() * 100.0,
    );
}
