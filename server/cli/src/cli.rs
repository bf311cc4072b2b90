//! The arguments. The doc comment of each item is its `--help`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::address::{Address, DEFAULT};

/// Works against any Tidings service, and begins new ones.
///
/// Each command reads the service's OpenRPC document first, so it knows every procedure by name.
/// `tidings COMMAND --help` shows an example of each.
#[derive(Debug, Parser)]
#[command(name = "tidings", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the procedures of a service
    ///
    /// Shows each procedure with its description and the members of its input.
    ///
    /// Example: tidings list --url http://127.0.0.1:3001
    #[command(verbatim_doc_comment)]
    List(ListArgs),
    /// Call a query or a mutation
    ///
    /// Prints the result as JSON. An error goes to standard error, and the exit status is 1.
    ///
    /// Example: tidings call userById '{"id":"1"}'
    #[command(verbatim_doc_comment)]
    Call(CallArgs),
    /// Follow a subscription
    ///
    /// Prints each event as it comes, until Ctrl-C. When the connection is lost, it connects again and
    /// goes on after the last event.
    ///
    /// Example: tidings tail onUpdates '{"channel":"list-1"}'
    #[command(verbatim_doc_comment)]
    Tail(TailArgs),
    /// Check whether a service is ready
    ///
    /// The exit status is 0 when it is, else 1: for scripts and container health checks.
    ///
    /// Example: tidings health --url http://127.0.0.1:3001
    #[command(verbatim_doc_comment)]
    Health(HealthArgs),
}

/// Where the service is.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServiceArgs {
    /// The service: http:// or ws://, with or without /rpc at the end
    #[arg(long, env = "TIDINGS_URL", value_name = "URL", default_value = DEFAULT)]
    pub(crate) url: Address,
}

/// The options of `tidings list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Where the service is.
    #[command(flatten)]
    pub(crate) service: ServiceArgs,

    /// Read the OpenRPC document from this file, not from the service
    #[arg(long, value_name = "FILE")]
    pub(crate) contract: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `tidings call`.
#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// The query or mutation, such as userById
    pub(crate) procedure: String,

    /// The input: a JSON object, such as '{"id":"1"}'; `-` reads it from standard input
    #[arg(value_name = "JSON", default_value = "{}", hide_default_value = true)]
    pub(crate) input: String,

    /// Where the service is.
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

/// The options of `tidings tail`.
#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    /// The subscription, such as onUpdates
    pub(crate) procedure: String,

    /// The input: a JSON object, such as '{"channel":"list-1"}'; `-` reads it from standard input
    #[arg(value_name = "JSON", default_value = "{}", hide_default_value = true)]
    pub(crate) input: String,

    /// Begin after the event of this id; --json shows the ids
    #[arg(long, value_name = "ID")]
    pub(crate) from: Option<String>,

    /// Print each event, of any type, as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Where the service is.
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

/// The options of `tidings health`.
#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// Where the service is.
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.clone().render_long_help().to_string();
            assert!(help.contains("Example: tidings "), "{}", command.get_name());
        }
    }
}
