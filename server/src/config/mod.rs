//! The configuration: from flags, environment variables or plain structs. Checked once, at the start.
//!
//! The doc comment of each field is its `--help`.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

mod broker;
mod limits;
mod value;

pub use crate::broker::Durability;
pub use broker::{BrokerConfig, Secret};
pub use limits::Limits;
pub(crate) use limits::MAX_PAYLOAD_BYTES;

use crate::error::Error;
use value::{address, folder};

/// The longest name of an instance, which is part of every event: bytes. A host name has at most 253.
const MAX_INSTANCE_BYTES: usize = 255;

/// The options of a service.
///
/// Flatten it into the command line of your own program, call [`Config::parse`] if it has no other options, or
/// fill in the struct: the default equals a command line without arguments.
///
/// ```
/// # use tidings::Config;
/// let config = Config { instance: "blue".to_owned(), ..Config::default() };
/// assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
/// ```
///
/// ```
/// # use clap::Parser;
/// # use tidings::Config;
/// #[derive(Parser)]
/// struct Arguments {
///     #[command(flatten)]
///     tidings: Config,
///     /// Where orders are kept.
///     #[arg(long)]
///     database: Option<String>,
/// }
/// let arguments = Arguments::parse_from(["shop", "--listen", "127.0.0.1:0", "--database", "orders"]);
/// assert_eq!(arguments.tidings.listen.port(), 0);
/// ```
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// The address to listen on. Port 0 takes a free one; the log says which.
    #[arg(long, env = "LISTEN", value_name = "ADDR", default_value = "127.0.0.1:3000", value_parser = address)]
    pub listen: SocketAddr,

    /// The address of the metrics (`/metrics`, for Prometheus), apart from what clients can reach.
    /// Without it there are none.
    #[arg(long, env = "ADMIN_LISTEN", value_name = "ADDR", value_parser = address)]
    pub admin_listen: Option<SocketAddr>,

    /// What this replica is called on the wire and in the log.
    #[arg(long, env = "INSTANCE", value_name = "NAME", default_value_t = host_name(), hide_default_value = true)]
    #[arg(
        help = "What this replica is called on the wire and in the log [default: the host name]"
    )]
    pub instance: String,

    /// Development mode, on loopback only: serves procedures with neither `.public()` nor `.authorize(…)`.
    #[arg(long, env = "TIDINGS_DEV", value_parser = clap::builder::FalseyValueParser::new())]
    pub dev: bool,

    /// Where channels live.
    #[command(flatten)]
    pub broker: BrokerConfig,

    /// A folder to serve at `/`: the built page. Without it, `/` answers 404.
    #[arg(long, env = "STATIC_DIR", value_name = "DIR", value_parser = folder)]
    pub static_dir: Option<PathBuf>,

    /// How the server logs.
    #[command(flatten)]
    pub log: LogConfig,

    /// What one client and all of them may use.
    #[command(flatten)]
    pub limits: Limits,

    /// What [`crate::Server::run`] does. [`Config::parse`] reads it from the command.
    #[arg(skip)]
    pub action: Action,
}

/// What [`crate::Server::run`] does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Serves, until the process is asked to end.
    #[default]
    Serve,
    /// Prints the OpenRPC document: the command `openrpc`.
    PrintDocument,
    /// Asks the server on `--listen` whether it is ready: the command `health`.
    CheckHealth,
}

/// How the server logs, to standard error.
#[derive(Clone, Debug, Args)]
pub struct LogConfig {
    /// How log lines look.
    #[arg(long = "log-format", env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub format: LogFormat,

    /// What is logged: a level, or levels by module, such as `info,tidings::broker=debug`.
    #[arg(long = "log", env = "LOG_FILTER", default_value = "info", value_name = "FILTER")]
    pub filter: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The command line that [`Config::parse`] reads.
#[derive(Debug, Parser)]
#[command(max_term_width = 100, about = None, long_about = None)]
struct Program {
    #[command(subcommand)]
    command: Option<ProgramCommand>,
    #[command(flatten)]
    config: Config,
}

#[derive(Debug, Subcommand)]
enum ProgramCommand {
    /// Print the OpenRPC document, from which clients are generated, and exit
    Openrpc,
    /// Exit with 0 when the server on `--listen` is ready, else with 1: for container health checks
    Health,
}

impl From<Option<ProgramCommand>> for Action {
    fn from(command: Option<ProgramCommand>) -> Self {
        match command {
            None => Self::Serve,
            Some(ProgramCommand::Openrpc) => Self::PrintDocument,
            Some(ProgramCommand::Health) => Self::CheckHealth,
        }
    }
}

impl Config {
    /// Reads the process's command line and environment. Prints help or the error, and exits, when there is nothing to
    /// start.
    ///
    /// The command `openrpc` makes [`crate::Server::run`] print the document instead of serving, and `health` asks a running
    /// server whether it is ready. Options go before the command.
    #[must_use]
    pub fn parse() -> Self {
        let Program { command, config } = Program::parse();
        Self { action: command.into(), ..config }
    }

    /// Refuses what the command line would refuse, for a configuration that a program filled in.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.broker.check()?;
        self.limits.check()?;
        if self.instance.len() > MAX_INSTANCE_BYTES {
            return Err(Error::Config(format!(
                "the name of the instance has {} bytes and may have {MAX_INSTANCE_BYTES}",
                self.instance.len()
            )));
        }
        if let Some(page) = &self.static_dir {
            folder(&page.to_string_lossy()).map_err(|fault| {
                Error::Config(format!("static_dir is {}: {fault}", page.display()))
            })?;
        }
        Ok(())
    }

    /// Reads a command line (the program's name first) and the environment.
    ///
    /// # Errors
    ///
    /// What the command line would say.
    pub fn try_parse_from<T: Into<OsString> + Clone>(
        arguments: impl IntoIterator<Item = T>,
    ) -> Result<Self, clap::Error> {
        let Program { command, config } = Program::try_parse_from(arguments)?;
        Ok(Self { action: command.into(), ..config })
    }
}

/// The configuration of a command line without arguments. Ignores the environment.
impl Default for Config {
    fn default() -> Self {
        let command = Program::command().mut_args(|argument| argument.env(None::<&'static str>));
        let program = command
            .try_get_matches_from(["tidings"])
            .and_then(|matches| Program::from_arg_matches(&matches));
        program.expect("every option has a default").config
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Config::default().log
    }
}

fn host_name() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}
