//! What can be configured, by flag or by environment variable, and checked once at the start.
//!
//! The doc comment of each field is its `--help`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use redis::{ConnectionInfo, IntoConnectionInfo};
use tidings_schema::Channel;

use crate::{broker::Retention, error::BoxError};

/// Live, typed updates from a Rust backend to browsers.
///
/// Try it: `tidings serve --demo`, and in a second terminal `tidings tail list-1`.
#[derive(Debug, Parser)]
#[command(name = "tidings", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// How log lines look. They go to standard error.
    #[arg(long, env = "LOG_FORMAT", global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// What is logged: a level, or levels by module, such as `info,tidings_server::broker=debug`.
    #[arg(long, env = "LOG_FILTER", global = true, default_value = "info", value_name = "FILTER")]
    pub log: String,
}

/// The commands of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve procedures and live updates.
    Serve(Box<ServeArgs>),
    /// Publish one of two fixed user lists, picked at random, at once and then at an interval.
    BackgroundUpdates(BackgroundUpdatesArgs),
    /// Publish one event.
    Publish(PublishArgs),
    /// Print the events of a channel as they come: the quickest way to see something.
    Tail(TailArgs),
    /// Exit with 0 when a replica is ready, else with 1 (for container health checks).
    Health(HealthArgs),
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A value that is not shown.
#[derive(Clone)]
pub struct Secret(String);

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Where events come from and go to.
#[derive(Clone, Debug, Args)]
pub struct BrokerArgs {
    /// The Valkey (or Redis) server that all replicas share, such as `redis://127.0.0.1:6379`.
    ///
    /// Without it, `serve` keeps its channels in memory: right for one replica, wrong for two.
    // Parsed after clap, whose errors show the value: it may hold a password.
    #[arg(long, env = "VALKEY_URL", value_name = "URL", hide_env_values = true)]
    pub valkey_url: Option<Secret>,

    /// Goes before every name in Valkey, so that several systems can share one server.
    ///
    /// Channel `list-1` is called `PREFIXupdates:{list-1}` there.
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

impl BrokerArgs {
    /// The Valkey server, if one was given.
    ///
    /// # Errors
    ///
    /// When the address cannot be one. The message does not show it.
    pub fn server(&self) -> Result<Option<ConnectionInfo>, BoxError> {
        let Some(Secret(url)) = &self.valkey_url else { return Ok(None) };
        let server = url.as_str().into_connection_info().map_err(|_| {
            "the Valkey URL cannot be read; it looks like redis://[user:password@]host:port[/db] \
             (valkey:// works, too; write a `/` or `@` in a password as %2F or %40)"
        })?;
        Ok(Some(server))
    }

    /// What a channel keeps.
    pub fn retention(&self) -> Retention {
        Retention {
            events: self.history_events,
            time: self.history_time,
            once: self.idempotency_time,
        }
    }
}

/// The options of `tidings serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// The address to listen on. Port 0 takes a free one; the log says which.
    #[arg(long, env = "LISTEN", value_name = "ADDR", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,

    /// The address of the metrics (`/metrics`, for Prometheus), apart from what clients can reach.
    /// Without it there are none.
    #[arg(long, env = "ADMIN_LISTEN", value_name = "ADDR")]
    pub admin_listen: Option<SocketAddr>,

    /// What this replica is called on the wire and in the log.
    #[arg(long, env = "INSTANCE", value_name = "NAME", default_value_t = host_name(), hide_default_value = true)]
    #[arg(
        help = "What this replica is called on the wire and in the log [default: the host name]"
    )]
    pub instance: String,

    /// Where channels live.
    #[command(flatten)]
    pub broker: BrokerArgs,

    /// A folder to serve at `/`: the built page. Without it, `/` answers 404.
    #[arg(long, env = "STATIC_DIR", value_name = "DIR", value_parser = folder)]
    pub static_dir: Option<PathBuf>,

    /// Also publish demo updates to `list-1`, as `background-updates` does.
    #[arg(long, env = "DEMO", value_parser = clap::builder::FalseyValueParser::new())]
    pub demo: bool,

    /// Where users come from.
    #[command(flatten)]
    pub users: UsersArgs,

    /// What one client and all of them may use.
    #[command(flatten)]
    pub limits: Limits,
}

/// Where users come from.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Users")]
pub struct UsersArgs {
    /// An HTTP service that answers users in the shape of JSONPlaceholder's `/users`.
    ///
    /// Without it, and while it fails, ten built-in users are served; the log says which.
    #[arg(long, env = "USERS_URL", value_name = "URL", hide_env_values = true)]
    pub users_url: Option<reqwest::Url>,

    /// How long that service may take.
    #[arg(long, env = "USERS_TIMEOUT", value_name = "TIME", default_value = "3s", value_parser = positive)]
    pub users_timeout: Duration,

    /// How long an answer of that service, or its failure, is kept.
    #[arg(long, env = "USERS_TTL", value_name = "TIME", default_value = "5s", value_parser = positive)]
    pub users_ttl: Duration,
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

    /// Bytes of one event's payload. A larger one reaches no client; it is logged and counted.
    #[arg(long, env = "MAX_PAYLOAD_BYTES", value_name = "BYTES", default_value_t = 1024 * 1024, value_parser = clap::value_parser!(u32).range(2..))]
    pub max_payload_bytes: u32,

    /// Calls of one connection that are not answered yet. When there are so many, nothing more is read from it.
    #[arg(long, env = "MAX_CALLS", value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_calls: u32,

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

/// The options of `tidings background-updates`.
#[derive(Clone, Debug, Args)]
pub struct BackgroundUpdatesArgs {
    /// The channel to publish to.
    #[arg(long, env = "CHANNEL", default_value = "list-1")]
    pub channel: Channel,

    /// The time between two events.
    #[arg(long, env = "INTERVAL", value_name = "TIME", default_value = "3s", value_parser = positive)]
    pub interval: Duration,

    /// Where channels live.
    #[command(flatten)]
    pub broker: BrokerArgs,
}

/// The options of `tidings publish`.
#[derive(Clone, Debug, Args)]
pub struct PublishArgs {
    /// The channel to publish to, such as `list-1`.
    pub channel: Channel,

    /// Publish nothing if an event with this key was published lately: for scripts that try again.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,

    /// The payload. It must fit the channel's type: for a user list,
    /// `[{"id":"1","name":"Leanne Graham","bio":"optional"}]`.
    pub json: String,

    /// Where channels live.
    #[command(flatten)]
    pub broker: BrokerArgs,
}

/// The options of `tidings tail`.
#[derive(Clone, Debug, Args)]
pub struct TailArgs {
    /// The channel to follow, such as `list-1`.
    pub channel: Channel,

    /// The replica, or the proxy in front of several.
    #[arg(
        long,
        env = "TIDINGS_URL",
        value_name = "URL",
        default_value = "ws://127.0.0.1:3000/rpc",
        value_parser = ws_url
    )]
    pub url: String,

    /// Print each event as one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// The options of `tidings health`.
#[derive(Clone, Debug, Args)]
pub struct HealthArgs {
    /// What to ask.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000/readyz")]
    pub url: reqwest::Url,
}

impl Cli {
    /// `tidings serve` with these arguments and nothing else from the environment: what tests and
    /// benches configure a server with.
    ///
    /// # Errors
    ///
    /// What the command line would say.
    pub fn serve_args<'a>(
        args: impl IntoIterator<Item = &'a str>,
    ) -> Result<ServeArgs, clap::Error> {
        let args = ["tidings", "serve"].into_iter().chain(args);
        match Self::try_parse_from(args)?.command {
            Command::Serve(serve) => Ok(*serve),
            _ => unreachable!("the first argument names the command"),
        }
    }
}

fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::env::var("HOSTNAME").map_err(std::io::Error::other))
        .map(|name| name.trim().to_owned())
        .unwrap_or_default()
}

fn ws_url(url: &str) -> Result<String, String> {
    match reqwest::Url::parse(url) {
        Ok(parsed) if parsed.scheme() == "ws" => Ok(url.to_owned()),
        _ => Err("it looks like ws://host:port/rpc (wss is for a proxy in front)".to_owned()),
    }
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
        Err("there is no index.html in it; for the demo page run `make page`".to_owned())
    }
}
