//! Where channels live.

use std::time::Duration;

use clap::Args;

use super::{
    Config,
    value::{check_number, check_time, positive},
};
use crate::{
    broker::{Durability, InvalidUrl, Retention, Server},
    error::Error,
};

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
    /// With TLS it is `rediss://host:6379?ca=/ca.pem&cert=/client.pem&key=/client-key.pem`; without `ca`, those are trusted
    /// whom the system trusts. With Sentinel it is `valkey+sentinel://host:26379,host:26379/name-of-the-primary`.
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

    /// What Valkey never loses of what it has acknowledged. Declare no more than holds: a loss would go unnoticed.
    #[arg(long, env = "VALKEY_DURABILITY", value_enum, default_value_t = Durability::None)]
    pub valkey_durability: Durability,
}

impl BrokerConfig {
    /// The Valkey server, if one was given.
    ///
    /// # Errors
    ///
    /// When the address is not valid, or a file that it names cannot be read. The message shows no password.
    pub(crate) fn server(&self) -> Result<Option<Server>, Error> {
        // A compose file sets an empty variable for "no Valkey".
        let url = self.valkey_url.as_ref().filter(|Secret(url)| !url.is_empty());
        let Some(Secret(url)) = url else { return Ok(None) };
        url.parse().map(Some).map_err(|error: InvalidUrl| Error::Config(error.to_string()))
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
        check_prefix(&self.key_prefix)?;
        check_number("history_events", self.history_events, 1)?;
        check_time("history_time", self.history_time)?;
        check_time("idempotency_time", self.idempotency_time)
    }
}

/// Refuses what would change the meaning of names in Valkey.
fn check_prefix(prefix: &str) -> Result<(), Error> {
    let is_wrong = |c: char| matches!(c, '{' | '}') || c.is_whitespace() || c.is_control();
    if !prefix.contains(is_wrong) {
        return Ok(());
    }
    Err(Error::Config(
        "key_prefix must not contain braces, spaces or control characters: the braces around a channel's name are what keeps \
         all its keys together in Valkey, and a space cannot be written in an ACL"
            .to_owned(),
    ))
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Config::default().broker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What runs inside Valkey.
    const LIBRARY: &str = include_str!("../broker/valkey/functions.lua");

    #[test]
    fn a_prefix_that_changes_the_meaning_of_names_is_refused() {
        let check = |prefix: &str| {
            BrokerConfig { key_prefix: prefix.to_owned(), ..BrokerConfig::default() }.check()
        };
        for prefix in ["", "shop:", "shop-2/"] {
            assert!(check(prefix).is_ok(), "{prefix:?}");
        }
        for prefix in ["{shop}:", "shop}", "my shop:", "shop\n"] {
            let reason = check(prefix).unwrap_err().to_string();
            assert!(reason.contains("key_prefix must not contain braces"), "{reason}");
        }
    }

    #[test]
    fn a_namespace_that_nobody_configured_has_the_defaults_of_the_command_line() {
        let retention = BrokerConfig::default().retention();
        assert!(LIBRARY.contains(&format!("\nlocal HISTORY_EVENTS = {}\n", retention.events)));
        assert_eq!(retention.time.as_secs(), 60 * 60);
        assert!(LIBRARY.contains("\nlocal HISTORY_MS = 60 * 60 * 1000\n"));
        assert_eq!(retention.once.as_secs(), 5 * 60);
        assert!(LIBRARY.contains("\nlocal ONCE_MS = 5 * 60 * 1000\n"));
    }
}
