//! `chaos`: breaks a fleet under load, and says what its clients lost by it.

mod channels;
mod faults;
mod jitter;
mod row;
mod storm;
mod transports;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, ValueEnum};
use tidings_testkit::chaos::{Failure, Fault};

/// Breaks a fleet of plain processes under load, prints tables in Markdown, and fails when clients lost what they
/// were promised.
#[derive(Debug, Parser)]
#[command(name = "chaos", version)]
struct Arguments {
    /// What to run; everything by default
    parts: Vec<Part>,
    /// Only the faults of these names, such as `kill-replica`; all by default
    #[arg(long = "fault", value_name = "NAME", value_parser = fault)]
    faults: Vec<Fault>,
    /// Clients of the fleet that is broken
    #[arg(long, value_name = "N", default_value_t = 500)]
    clients: usize,
    /// Channels of the fleet that has many
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    channels: usize,
    /// A `tidings-demo` from before, for the fault `upgrade`: half of the replicas run it. Without it, that is left out
    #[arg(long, value_name = "PROGRAM")]
    before: Option<PathBuf>,
}

/// The programs of replicas.
#[derive(Debug)]
struct Programs {
    tidings: PathBuf,
    before: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Every fault in turn, 50 events/s through nginx over three replicas; and the replicas' memory
    Faults,
    /// Many channels, a hundred for each connection, through a restart of Valkey
    Channels,
    /// 300 subscribers of 20 channels, a third each on WebSocket, server-sent events and long polls, while replicas end
    Transports,
    /// 2,000 clients on two replicas, each cut off every 15 s for 2 s
    Jitter,
    /// 5,000 clients that come back to one fresh replica at once, and have missed 100 events each
    Storm,
}

/// What was promised and not kept, in words. Empty when all was.
type Broken = Vec<String>;

#[tokio::main]
#[expect(clippy::print_stderr, reason = "what went wrong goes to standard error")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let broken = tokio::select! {
        broken = run(&arguments) => broken.unwrap_or_else(|failure| vec![failure.to_string()]),
        _ = tokio::signal::ctrl_c() => vec!["interrupted".to_owned()],
    };
    for broken in &broken {
        eprintln!("chaos: {broken}");
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(arguments: &Arguments) -> Result<Broken, Failure> {
    let tidings = beside_this("tidings-demo");
    let wanted = |part| arguments.parts.is_empty() || arguments.parts.contains(&part);
    let mut broken = Broken::new();
    if wanted(Part::Faults) {
        let programs = Programs { tidings: tidings.clone(), before: arguments.before.clone() };
        broken.extend(faults::run(&programs, arguments.clients, &arguments.faults).await?);
    }
    if wanted(Part::Channels) {
        broken.extend(channels::run(&tidings, arguments.channels).await?);
    }
    if wanted(Part::Transports) {
        broken.extend(transports::run(&tidings).await?);
    }
    if wanted(Part::Jitter) {
        broken.extend(jitter::run(&tidings).await?);
    }
    if wanted(Part::Storm) {
        broken.extend(storm::run(&tidings).await?);
    }
    Ok(broken)
}

fn fault(name: &str) -> Result<Fault, String> {
    let known = || Fault::ALL.map(Fault::name).join(", ");
    let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name);
    fault.ok_or_else(|| format!("the faults are {}", known()))
}

/// The binary of that name that was built together with this one.
fn beside_this(name: &str) -> PathBuf {
    std::env::current_exe().unwrap_or_default().with_file_name(Path::new(name))
}
