//! `fleet`: what `compose.yaml` describes, as plain processes of this machine.

mod logs;
mod summary;

use std::{io, path::PathBuf, process::ExitCode, thread};

use clap::Parser;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tidings_testkit::{Fleet, FleetOptions, NginxOptions, Result};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// Runs Valkey, replicas of `tidings-demo serve`, nginx and the publisher until Ctrl-C.
///
/// Only warnings of their logs are shown. Nothing is left behind: every process and file ends with this one.
#[derive(Debug, Parser)]
#[command(name = "fleet", version)]
struct Arguments {
    /// Where nginx listens on 127.0.0.1; 0 takes a free port
    #[arg(long, default_value_t = 3001)]
    port: u16,
    /// How many replicas
    #[arg(long, default_value_t = 3)]
    replicas: usize,
    /// Where Valkey listens on 127.0.0.1; a free port by default
    #[arg(long, value_name = "PORT")]
    valkey_port: Option<u16>,
    /// Leave out `tidings-demo background-updates`, which changes list-1 every 3 s
    #[arg(long)]
    no_publisher: bool,
    /// The built page for `/`
    #[arg(long, value_name = "DIR")]
    static_dir: Option<PathBuf>,
    /// Show the whole logs
    #[arg(long)]
    verbose: bool,
    /// For programs: one line of JSON when ready, and an end also when standard input closes
    #[arg(long)]
    json: bool,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "an error of a command goes to standard error")]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fleet: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let mut told_to_end = Box::pin(told_to_end(arguments.json));
    let options = options(arguments);
    let fleet = tokio::select! {
        fleet = Fleet::start(&options) => fleet?,
        () = &mut told_to_end => return Ok(()),
    };
    let logs = fleet.processes().map(|process| logs::show(process, arguments.verbose));
    let logs = logs.collect::<Vec<_>>();
    if arguments.json {
        summary::print_json(&fleet);
    } else {
        summary::print(&fleet);
    }
    tokio::select! {
        () = told_to_end => {}
        () = tell_of_ends(&fleet) => {}
    }
    // What they write while they end as told is no news.
    if !arguments.verbose {
        for log in logs {
            log.abort();
        }
    }
    fleet.stop().await
}

fn options(arguments: &Arguments) -> FleetOptions {
    FleetOptions {
        replicas: arguments.replicas,
        publisher: !arguments.no_publisher,
        valkey_port: arguments.valkey_port,
        // As compose.yaml has it: an event is on disk before it is acknowledged, and the replicas may know.
        valkey_arguments: ["--appendonly", "yes", "--appendfsync", "always"]
            .map(str::to_owned)
            .into(),
        // Development mode: whoever reaches this machine's loopback may publish.
        replica_environment: [("VALKEY_DURABILITY", "restart"), ("TIDINGS_DEV", "true")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        nginx: NginxOptions {
            port: (arguments.port != 0).then_some(arguments.port),
            static_dir: arguments.static_dir.clone(),
            ..NginxOptions::default()
        },
        ..FleetOptions::new(beside_this("tidings-demo"))
    }
}

/// The binary of that name that was built together with this one.
fn beside_this(name: &str) -> PathBuf {
    std::env::current_exe().unwrap_or_default().with_file_name(name)
}

/// Ends on SIGINT, SIGTERM, SIGHUP and, if wanted, the end of standard input.
#[expect(clippy::disallowed_methods, reason = "the test kit runs on Linux only")]
async fn told_to_end(with_stdin: bool) {
    let listen = |kind| signal(kind).expect("a handler can be set");
    let mut interrupt = listen(SignalKind::interrupt());
    let mut terminate = listen(SignalKind::terminate());
    let mut hangup = listen(SignalKind::hangup());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
        () = stdin_closed(), if with_stdin => {}
    }
}

/// Reads standard input to its end.
async fn stdin_closed() {
    let (at_end, end) = oneshot::channel::<()>();
    // A thread of its own, because a read that is not over would keep tokio's runtime from ending.
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        drop(at_end);
    });
    let _ = end.await;
}

/// Says of each process that it ended, as long as there is one. The others go on: how they do is what a
/// fleet is for.
#[expect(clippy::print_stderr, reason = "this is news for the person or test that runs the fleet")]
async fn tell_of_ends(fleet: &Fleet) {
    let mut ends = fleet
        .processes()
        .map(|process| {
            let (name, pid, ended) = (process.name().to_owned(), process.pid(), process.ended());
            async move { (name, pid, ended.await) }
        })
        .collect::<FuturesUnordered<_>>();
    while let Some((name, pid, status)) = ends.next().await {
        eprintln!("fleet: {name} (pid {pid}) ended: {status}; the others go on");
    }
}
