//! How the process logs.
//!
//! A line has a message for people and fields for programs; a unit stands in the field's name
//! (`delay_ms`, `payload_bytes`). A fault is logged once, where it is handled. Payloads, tokens and
//! passwords are never logged.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, util::SubscriberInitExt};

use crate::{
    config::{LogConfig, LogFormat},
    error::Error,
};

/// soketto warns of each message that is too large, which clients can send as quickly as they like. A filter that names
/// `soketto` comes later, and so has its way.
const QUIET: &str = "soketto=error";

/// Sends the process's log to standard error. Does nothing if the program has already set up a log.
///
/// [`crate::Server::run`] calls it; a program that wants its log before that calls it first.
///
/// # Errors
///
/// When the filter cannot be read.
pub fn init_log(config: &LogConfig) -> Result<(), Error> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", config.filter)).map_err(|e| {
        Error::Config(format!(
            "--log {:?} cannot be read: {e}; write a level, such as info",
            config.filter
        ))
    })?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    // Fails only when a log is set up already.
    let _ = match config.format {
        LogFormat::Text => subscriber.with_target(false).finish().try_init(),
        LogFormat::Json => subscriber.json().finish().try_init(),
    };
    Ok(())
}
