//! The program `tidings`.

use std::{io, net::SocketAddr, process::ExitCode};

use clap::Parser;
use tidings_server::{BoxError, Cli, Command, commands, run, shutdown, telemetry};
use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be accepted; the kernel makes it no more than `net.core.somaxconn`. One that finds no
/// room tries again after 1 s, 3 s, 7 s: so there should be room for a fleet's clients when all come back at once.
const ACCEPT_QUEUE: u32 = 65_535;

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(
                clippy::print_stderr,
                reason = "the log may be filtered; why it ended may not"
            )]
            {
                eprintln!("tidings: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn start() -> Result<(), BoxError> {
    let cli = Cli::parse();
    telemetry::init(cli.log_format, &cli.log)?;
    let shutdown = shutdown::requested()?;
    match cli.command {
        Command::Serve(config) => {
            let listener = listen(config.listen)
                .map_err(|e| format!("cannot listen on {}: {e}", config.listen))?;
            run(listener, *config, shutdown).await
        }
        Command::BackgroundUpdates(args) => {
            commands::background_updates::background_updates(args, shutdown).await
        }
        Command::Publish(args) => commands::publish(args).await,
        Command::Tail(args) => commands::tail(args, shutdown).await,
        Command::Health(args) => commands::health(args).await,
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restarted server gets its port back, although connections of the old one linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(ACCEPT_QUEUE)
}
