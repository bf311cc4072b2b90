//! How the process logs.
//!
//! A line has a message for people and fields for programs; a unit stands in the field's name
//! (`delay_ms`, `payload_bytes`). A fault is logged once, where it is handled. Payloads, tokens and
//! passwords are never logged.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, filter::ParseError};

use crate::config::LogFormat;

/// Sends the process's log to standard error. Call it once, first of all.
///
/// # Errors
///
/// When `filter` is no filter.
pub fn init(format: LogFormat, filter: &str) -> Result<(), ParseError> {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Text => subscriber.with_target(false).init(),
        LogFormat::Json => subscriber.json().init(),
    }
    Ok(())
}
