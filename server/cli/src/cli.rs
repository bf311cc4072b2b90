//! The arguments. The doc comment of each item is its `--help`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use tidings::Secret;

use crate::address::{Address, DEFAULT};

/// Works with any Tidings service, and creates new ones.
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
    /// Example: tidings call prices.setPrice '{"symbol":"acme","cents":1250}'
    #[command(verbatim_doc_comment)]
    Call(CallArgs),
    /// Follow a subscription
    ///
    /// Prints each event until Ctrl-C. After a lost connection, it reconnects and resumes after the last
    /// event.
    ///
    /// Example: tidings tail prices.onPrice '{"symbol":"acme"}'
    #[command(verbatim_doc_comment)]
    Tail(TailArgs),
    /// Publish an event
    ///
    /// Checks the payload against the subscription's type, publishes it through the service's Valkey, and
    /// prints the event's id. It cannot publish to a service that has no Valkey.
    ///
    /// Name the channel as the service does:
    /// - With --part, for a service that builds its channels from parts (`Channel::from_parts`), as
    ///   one from `tidings new` does. Such a service escapes some characters: ACME is `_41_43_4d_45`.
    /// - With CHANNEL, for a service that uses names as they are.
    ///
    /// Example: tidings publish prices.onPrice --part ACME '{"symbol":"ACME","cents":1250}'
    /// Example: tidings publish news.onHeadline all '{"text":"We are open."}'
    #[command(verbatim_doc_comment, allow_missing_positional = true)]
    Publish(PublishArgs),
    /// Check whether a service is ready
    ///
    /// The exit status is 0 if it is ready, else 1: for scripts and container health checks.
    ///
    /// Example: tidings health --url http://127.0.0.1:3001
    #[command(verbatim_doc_comment)]
    Health(HealthArgs),
    /// Create a service: contract, server, page, test, Dockerfile and compose file
    ///
    /// Example: tidings new my-service
    #[command(verbatim_doc_comment)]
    New(NewArgs),
}

/// Where the service is.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServiceArgs {
    /// The service's URL: http:// or ws://, with or without /rpc at the end
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
    /// The query or mutation, such as prices.setPrice
    pub(crate) procedure: String,

    /// The input: a JSON object, such as '{"symbol":"acme"}'; `-` reads it from standard input
    #[arg(value_name = "JSON", default_value = "{}", hide_default_value = true)]
    pub(crate) input: String,

    /// Where the service is.
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

/// The options of `tidings tail`.
#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    /// The subscription, such as prices.onPrice
    pub(crate) procedure: String,

    /// The input: a JSON object, such as '{"symbol":"acme"}'; `-` reads it from standard input
    #[arg(value_name = "JSON", default_value = "{}", hide_default_value = true)]
    pub(crate) input: String,

    /// Resume after the event with this id; --json shows the ids
    #[arg(long, value_name = "ID")]
    pub(crate) from: Option<String>,

    /// Print each event, of any type, as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Where the service is.
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

/// The options of `tidings publish`.
#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// The subscription, such as prices.onPrice
    pub(crate) procedure: String,

    /// The channel's name as it is; `all` for a subscription that has one channel only
    pub(crate) channel: Option<String>,

    /// The payload: JSON of the subscription's type; `-` reads it from standard input
    #[arg(value_name = "JSON")]
    pub(crate) payload: String,

    /// A part of the channel's name, any text, for a service that builds its channels from parts
    ///
    /// Repeat it for each part, in the service's order: `Channel::from_parts(&["room", "42"])` is
    /// --part room --part 42. It replaces CHANNEL.
    #[arg(long = "part", value_name = "VALUE")]
    pub(crate) parts: Vec<String>,

    /// Publish nothing if an event with this key was published lately: makes it safe to run the command again
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,

    /// The Valkey (or Redis) server that the service uses, such as redis://127.0.0.1:6379
    // Never parsed by clap, whose errors would show the password in it.
    #[arg(long, env = "VALKEY_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) valkey_url: Option<Secret>,

    /// The prefix of the service's keys in Valkey: the same as the service's KEY_PREFIX
    #[arg(
        long,
        env = "KEY_PREFIX",
        value_name = "PREFIX",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) key_prefix: String,

    /// Read the OpenRPC document from this file, not from the service
    #[arg(long, value_name = "FILE")]
    pub(crate) contract: Option<PathBuf>,

    /// Where the service is.
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

/// The options of `tidings new`.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The service's name, which is also the name of its crate and program, such as my-service
    pub(crate) name: String,

    /// The folder to create; it may exist if it is empty [default: NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,

    /// The folder with the packed crates and npm packages of Tidings, which are not in any registry yet
    ///
    /// Default: the packages that this program was built with, else the folder `packages` beside the folder of
    /// this program. `make packages` in Tidings' repository makes them.
    #[arg(long, value_name = "DIR")]
    pub(crate) packages: Option<PathBuf>,
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
