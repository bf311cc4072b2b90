//! The configuration: from flags, environment variables or plain structs. Checked once, at the start.
//!
//! The doc comment of each field is its `--help`.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use redis::{ConnectionInfo, IntoConnectionInfo};

use crate::{broker::Retention, error::Error};

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

/// A value that is never shown, such as an address with a password in it.
#[derive(Clone)]
pub struct Secret(String);

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Where channels live: in Valkey, or in this process.
#[derive(Clone, Debug, Args)]
pub struct BrokerConfig {
    /// The Valkey (or Redis) server that all replicas share, such as `redis://127.0.0.1:6379`.
    ///
    /// Without it, the server keeps its channels in its own memory: right for one replica, wrong for two.
    // Parsed after clap, whose errors show the value: it may hold a password.
    #[arg(long, env = "VALKEY_URL", value_name = "URL", hide_env_values = true)]
    pub valkey_url: Option<Secret>,

    /// Goes before every name in Valkey, so that several systems can share one server.
    ///
    /// Channel `acme` of the namespace `prices` is called `PREFIXprices:{acme}` there.
    #[arg(
        long,
        env = "KEY_PREFIX",
        value_name = "PREFIX",
        default_value = "",
        hide_default_value = true
    )]
    pub key_prefix: String,

    /// Events that each channel keeps, at least, for clients that come back.
    #[arg(long, env = "HISTORY_EVENTS", value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub history_events: u32,

    /// How long a channel keeps its events after the last one. All servers of a fleet must agree on this
    /// and the number.
    #[arg(long, env = "HISTORY_TIME", value_name = "TIME", default_value = "1h", value_parser = positive)]
    pub history_time: Duration,

    /// How long publishing with the same idempotency key publishes nothing.
    #[arg(long, env = "IDEMPOTENCY_TIME", value_name = "TIME", default_value = "5min", value_parser = positive)]
    pub idempotency_time: Duration,
}

impl BrokerConfig {
    /// The Valkey server, if one was given.
    ///
    /// # Errors
    ///
    /// When the address is not valid. The message does not show it.
    pub(crate) fn server(&self) -> Result<Option<ConnectionInfo>, Error> {
        // A compose file sets an empty variable for "no Valkey".
        let url = self.valkey_url.as_ref().filter(|Secret(url)| !url.is_empty());
        let Some(Secret(url)) = url else { return Ok(None) };
        let server = url.as_str().into_connection_info().map_err(|_| {
            Error::Config(
                "the Valkey URL cannot be read; it looks like redis://[user:password@]host:port[/db] \
                 (valkey:// works, too; write a `/` or `@` in a password as %2F or %40)"
                    .to_owned(),
            )
        })?;
        Ok(Some(server))
    }

    /// What a channel keeps.
    pub(crate) fn retention(&self) -> Retention {
        Retention {
            events: self.history_events,
            time: self.history_time,
            once: self.idempotency_time,
        }
    }
}

/// What one client, and all clients together, may use of a replica.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Open connections, WebSocket and HTTP together. One more is answered 503.
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "N", default_value_t = 15_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// Subscriptions of one connection. One more is answered `tooManySubscriptions`.
    #[arg(long, env = "MAX_SUBSCRIPTIONS", value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_subscriptions: u32,

    /// Bytes of one request or batch. A larger one is answered `requestTooLarge`.
    #[arg(long, env = "MAX_REQUEST_BYTES", value_name = "BYTES", default_value_t = 64 * 1024, value_parser = clap::value_parser!(u32).range(256..))]
    pub max_request_bytes: u32,

    /// Bytes of one response. A larger one becomes `responseTooLarge`.
    #[arg(long, env = "MAX_RESPONSE_BYTES", value_name = "BYTES", default_value_t = 4 * 1024 * 1024, value_parser = clap::value_parser!(u32).range(256..))]
    pub max_response_bytes: u32,

    /// Calls in one batch. A longer one is answered `batchTooLarge`.
    #[arg(long, env = "MAX_BATCH", value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_batch: u32,

    /// Bytes of one event's payload. A handler that publishes a larger one gets an error; one from elsewhere reaches no client, and is logged and counted.
    #[arg(long, env = "MAX_PAYLOAD_BYTES", value_name = "BYTES", default_value_t = 1024 * 1024, value_parser = clap::value_parser!(u32).range(2..))]
    pub max_payload_bytes: u32,

    /// Calls of one connection that are not answered yet. At the limit, the server stops reading from the connection.
    #[arg(long, env = "MAX_CALLS", value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_calls: u32,

    /// Mutations that run at the same time, of all connections. One more is answered `serverBusy`.
    #[arg(long, env = "MAX_MUTATIONS", value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_mutations: u32,

    /// Bytes of events that wait for one client to read, all its subscriptions together. Above it, the one that
    /// is furthest behind is stopped (`slowConsumer`). Clients of one channel share these bytes.
    #[arg(long, env = "OUTBOX_BYTES", value_name = "BYTES", default_value_t = 2 * 1024 * 1024, value_parser = clap::value_parser!(u32).range(1024..))]
    pub outbox_bytes: u32,

    /// Bytes that the kernel keeps for one client; it doubles them for its own book-keeping.
    #[arg(long, env = "SEND_BUFFER_BYTES", value_name = "BYTES", default_value_t = 128 * 1024, value_parser = clap::value_parser!(u32).range(4096..=i64::from(i32::MAX / 2)))]
    pub send_buffer_bytes: u32,

    /// Bytes of each active channel's newest events that are kept at hand for clients that come back. At
    /// most half of `--outbox-bytes`.
    #[arg(long, env = "WINDOW_BYTES", value_name = "BYTES", default_value_t = 1024 * 1024)]
    pub window_bytes: u32,

    /// How often each connection is pinged.
    #[arg(long, env = "PING_INTERVAL", value_name = "TIME", default_value = "20s", value_parser = positive)]
    pub ping_interval: Duration,

    /// How long a peer may take nothing from its socket before it is cut off, and how long it may say
    /// nothing, pongs included.
    #[arg(long, env = "STALL_LIMIT", value_name = "TIME", default_value = "60s", value_parser = positive)]
    pub stall_limit: Duration,

    /// How long a replica that leaves may take to say goodbye.
    #[arg(long, env = "DRAIN_LIMIT", value_name = "TIME", default_value = "10s", value_parser = positive)]
    pub drain_limit: Duration,
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

    /// What the command line would refuse, for a configuration that was filled in.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Limits { ping_interval, stall_limit, drain_limit, .. } = self.limits;
        let BrokerConfig { history_time, idempotency_time, history_events, .. } = self.broker;
        let least = Duration::from_millis(1);
        for (name, time) in [
            ("ping_interval", ping_interval),
            ("stall_limit", stall_limit),
            ("drain_limit", drain_limit),
            ("history_time", history_time),
            ("idempotency_time", idempotency_time),
        ] {
            if time < least {
                return Err(Error::Config(format!("{name} is {time:?}, and must be 1 ms or more")));
            }
        }
        let Limits { max_connections, max_subscriptions, max_batch, max_calls, .. } = self.limits;
        for (name, number) in [
            ("history_events", history_events),
            ("max_connections", max_connections),
            ("max_subscriptions", max_subscriptions),
            ("max_batch", max_batch),
            ("max_calls", max_calls),
            ("max_mutations", self.limits.max_mutations),
        ] {
            if number == 0 {
                return Err(Error::Config(format!("{name} is 0, and must be 1 or more")));
            }
        }
        let page = self.static_dir.as_ref().filter(|folder| !folder.join("index.html").is_file());
        match page {
            Some(folder) => Err(Error::Config(format!(
                "static_dir is {}, and there is no index.html in it; build the page first",
                folder.display()
            ))),
            None => Ok(()),
        }
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

impl Default for Limits {
    fn default() -> Self {
        Config::default().limits
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Config::default().log
    }
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Config::default().broker
    }
}

fn host_name() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

fn address(address: &str) -> Result<SocketAddr, String> {
    address.parse().map_err(|_| {
        let example = if address.bytes().all(|b| b.is_ascii_digit()) { address } else { "3001" };
        format!("give an IP address and a port, such as 127.0.0.1:{example}")
    })
}

fn positive(time: &str) -> Result<Duration, String> {
    match humantime::parse_duration(time) {
        // Valkey and the protocol count in milliseconds.
        Ok(time) if time < Duration::from_millis(1) => Err("must be 1ms or more".to_owned()),
        Ok(time) => Ok(time),
        Err(e) => Err(format!("{e}; write it like 3s, 500ms or 2min")),
    }
}

fn folder(path: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    if path.join("index.html").is_file() {
        Ok(path)
    } else {
        Err("there is no index.html in it; build the page first".to_owned())
    }
}
