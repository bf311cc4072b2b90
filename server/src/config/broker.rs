//! Where channels live.

use std::time::Duration;

use clap::Args;
use redis::{ConnectionInfo, IntoConnectionInfo};

use super::{
    Config,
    value::{check_number, check_time, positive},
};
use crate::{broker::Retention, error::Error};

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

    /// Refuses what the command line would refuse.
    pub(super) fn check(&self) -> Result<(), Error> {
        check_number("history_events", self.history_events, 1)?;
        check_time("history_time", self.history_time)?;
        check_time("idempotency_time", self.idempotency_time)
    }
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Config::default().broker
    }
}
