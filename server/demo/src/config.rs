//! The command line of the demo. The doc comment of each field is its `--help`.

use std::{net::SocketAddr, time::Duration};

use clap::{Args, Parser, Subcommand};
use tidings::{BrokerConfig, Channel, Config, LogConfig};

/// The demo service of Tidings: user lists that change, and bios that can be edited.
///
/// Try it: `tidings-demo serve --demo`, and in a second terminal
/// `tidings tail onUpdates '{"channel":"list-1"}' --url http://127.0.0.1:3000`.
#[derive(Debug, Parser)]
#[command(name = "tidings-demo", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve procedures and live updates.
    Serve(Box<ServeArgs>),
    /// Publish one of two user lists, picked at random, at once and then at an interval.
    BackgroundUpdates(BackgroundUpdatesArgs),
    /// Print the OpenRPC document, from which clients are generated.
    Openrpc,
    /// Exit with 0 when a replica is ready, else with 1: for container health checks.
    Health(HealthArgs),
}

/// The options of `tidings-demo health`.
#[derive(Clone, Debug, Args)]
pub struct HealthArgs {
    /// Where the replica listens.
    #[arg(long, env = "LISTEN", value_name = "ADDR", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
}

/// The options of `tidings-demo serve`.
#[derive(Clone, Debug, Parser)]
pub struct ServeArgs {
    /// The framework's options.
    #[command(flatten)]
    pub tidings: Config,

    /// Also publish demo updates to `list-1`, as `background-updates` does.
    #[arg(long, env = "DEMO", value_parser = clap::builder::FalseyValueParser::new())]
    pub demo: bool,

    /// Where users come from.
    #[command(flatten)]
    pub users: UsersArgs,
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
    #[arg(long, env = "USERS_TIMEOUT", value_name = "TIME", default_value = "3s", value_parser = humantime::parse_duration)]
    pub users_timeout: Duration,

    /// How long an answer of that service, or its failure, is kept.
    #[arg(long, env = "USERS_TTL", value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub users_ttl: Duration,
}

/// The options of `tidings-demo background-updates`.
#[derive(Clone, Debug, Args)]
pub struct BackgroundUpdatesArgs {
    /// The channel to publish to.
    #[arg(long, env = "CHANNEL", default_value = "list-1")]
    pub channel: Channel,

    /// The time between two events.
    #[arg(long, env = "INTERVAL", value_name = "TIME", default_value = "3s", value_parser = interval)]
    pub interval: Duration,

    /// Where channels live.
    #[command(flatten)]
    pub broker: BrokerConfig,

    /// How the program logs.
    #[command(flatten)]
    pub log: LogConfig,
}

fn interval(time: &str) -> Result<Duration, String> {
    match humantime::parse_duration(time) {
        Ok(Duration::ZERO) => Err("must be 1ms or more".to_owned()),
        Ok(time) => Ok(time),
        Err(e) => Err(format!("{e}; write it like 3s, 500ms or 2min")),
    }
}
