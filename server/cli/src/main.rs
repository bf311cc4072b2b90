//! The program `tidings`: works against any Tidings service through its OpenRPC document, and knows no contract.
//!
//! Results go to standard output; notes and errors go to standard error.
//!
//! # Layout
//!
//! - [`cli`]: the arguments with their `--help`
//! - [`failure`]: why a command failed
//! - [`address`]: the address of a service
//! - [`connection`]: HTTP and WebSocket to that address
//! - [`document`]: the OpenRPC document, as far as the commands need it; [`subscription`]: a subscription in it
//! - [`input`]: JSON that was given as an argument
//! - [`event`]: an event as text; [`backoff`]: how long to wait before a retry
//! - [`words`]: the type that a JSON Schema describes; [`payload`]: where a value violates one, with [`predicate`] and [`path`]
//! - [`reader`]: whether standard output still has a reader
//! - one file for each command: [`list`], [`call`], [`tail`], [`publish`], [`health`], [`new`]

mod address;
mod backoff;
mod call;
mod cli;
mod connection;
mod document;
mod event;
mod failure;
mod health;
mod input;
mod list;
mod new;
mod path;
mod payload;
mod predicate;
mod publish;
mod reader;
mod subscription;
mod tail;
mod words;

use std::process::ExitCode;

use clap::Parser as _;
use cli::{Cli, Command};
use failure::Failure;

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::List(args) => list::list(&args).await,
        Command::Call(args) => call::call(&args).await,
        Command::Tail(args) => tail::tail(args).await,
        Command::Publish(args) => publish::publish(&args).await,
        Command::Health(args) => health::health(&args).await,
        Command::New(args) => new::new(&args),
    };
    match result {
        // The reader of standard output has closed the pipe.
        Ok(()) | Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            ExitCode::FAILURE
        }
    }
}
