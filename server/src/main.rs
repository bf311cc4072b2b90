//! The program `tidings`.

use std::process::ExitCode;

use clap::Parser;
use tidings_server::{BoxError, Cli, Command, commands, run, shutdown, telemetry};
use tokio::net::TcpListener;

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
            let listener = TcpListener::bind(config.listen)
                .await
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
