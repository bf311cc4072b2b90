//! The program `tidings-demo`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser;
use tidings::{Error, health, init_log, shutdown_requested};
use tidings_demo::{Cli, Command, background_updates, router, server};

/// glibc keeps the memory that a burst of subscriptions or a flood of events took. jemalloc's background threads give it
/// back to the system, also while nothing happens. It cannot be built for MSVC.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(
                clippy::print_stderr,
                reason = "the log may be filtered; why the program ended may not"
            )]
            {
                eprintln!("tidings-demo: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn start() -> Result<(), Error> {
    match Cli::parse().command {
        Command::Serve(args) => server(*args)?.run().await,
        Command::BackgroundUpdates(args) => {
            init_log(&args.log)?;
            let shutdown = shutdown_requested()?;
            background_updates(args, shutdown).await
        }
        Command::Health(args) => health(args.listen).await,
        Command::Openrpc => {
            let document = router().document()?;
            // An error says that nobody reads it, as in `tidings-demo openrpc | head`.
            let _ = writeln!(io::stdout(), "{document:#}");
            Ok(())
        }
    }
}
