//! The program `tidings`: works against any Tidings service through its OpenRPC document, and knows no contract.
//!
//! What a command answers goes to standard output; notes and errors go to standard error.
//!
//! # Layout
//!
//! - [`cli`]: the arguments, and what `--help` says of them
//! - [`failure`]: why a command failed, in one line for people
//! - [`address`]: where a service answers
//! - [`connection`]: HTTP and WebSocket to that address
//! - [`document`]: the OpenRPC document, as far as the commands need it
//! - [`input`]: JSON that was given as an argument
//! - [`event`]: an event in words; [`backoff`]: how long to wait before another try
//! - [`words`]: what type a JSON Schema asks for; [`payload`]: what of a value does not fit one; [`predicate`]: the words for it
//! - [`reader`]: whether anybody reads what is printed
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
mod payload;
mod predicate;
mod publish;
mod reader;
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
        // Nobody reads any more, and wants no more.
        Ok(()) | Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            ExitCode::FAILURE
        }
    }
}
