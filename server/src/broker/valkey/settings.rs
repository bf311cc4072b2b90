//! What replicas set for the channels of a namespace.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use redis::{Cmd, FromRedisValue, ParsingError, Value};

use super::{commands::Commands, failure::Failure, functions::milliseconds};
use crate::broker::{ChannelKey, Durability, Retention};

/// Namespaces for which settings are kept up to date. They are a service's procedures; only [`publish_raw`] can name
/// others. Those above use the library's defaults, unless another replica sets them.
///
/// [`publish_raw`]: crate::Publisher::publish_raw
const MOST_NAMESPACES: usize = 1000;

/// What holds for the channels of a namespace. Valkey keeps it as data, in one key for each namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// What a channel keeps.
    pub retention: Retention,
    /// What Valkey is known not to lose.
    pub durability: Durability,
}

/// The settings of one replica, and the namespaces for which it sets them.
pub(super) struct OwnSettings {
    commands: Commands,
    settings: Settings,
    /// Namespace, with the prefix → whether the log has said that another replica has set it differently.
    namespaces: Mutex<BTreeMap<String, bool>>,
}

impl OwnSettings {
    pub(super) fn new(commands: Commands, settings: Settings) -> Self {
        Self { commands, settings, namespaces: Mutex::default() }
    }

    /// Sets them for the namespaces of these channels that have not been seen before.
    ///
    /// Where that fails, the next [`check`](Self::check) tries again: the call that wanted it goes on.
    pub(super) async fn meet(&self, keys: &[ChannelKey]) {
        let new: Vec<_> = {
            let mut known = self.namespaces();
            let mut new = Vec::new();
            for key in keys {
                if let Some((namespace, _)) = key.as_str().rsplit_once(":{")
                    && !known.contains_key(namespace)
                    && known.len() < MOST_NAMESPACES
                {
                    known.insert(namespace.to_owned(), false);
                    new.push(namespace.to_owned());
                }
            }
            new
        };
        if let Err(failure) = self.set(&new).await {
            tracing::debug!(?failure, ?new, "settings are not set yet");
        }
    }

    /// Sets them for all namespaces. The replica that connects last wins.
    pub(super) async fn set_all(&self) -> Result<(), Failure> {
        let namespaces: Vec<_> = self.namespaces().keys().cloned().collect();
        self.set(&namespaces).await
    }

    /// Warns where Valkey is declared to be more durable than it is configured to be. Says nothing where this user may not
    /// read the configuration.
    pub(super) async fn check_durability(&self) {
        if self.settings.durability == Durability::None {
            return;
        }
        let mut get = redis::cmd("CONFIG");
        get.arg("GET").arg("append*");
        match self.commands.query::<BTreeMap<String, String>>(&get).await {
            Ok(config) => {
                let value = |name| config.get(name).map_or("unknown", String::as_str);
                let (appendonly, appendfsync) = (value("appendonly"), value("appendfsync"));
                if !keeps_everything(appendonly, appendfsync) {
                    tracing::warn!(
                        appendonly,
                        appendfsync,
                        declared = %self.settings.durability,
                        "Valkey can lose events that it has acknowledged, although it is declared durable, and clients \
                         would not be told; set `appendonly yes` and `appendfsync always`, or --valkey-durability none"
                    );
                }
            }
            Err(failure) => {
                tracing::debug!(
                    ?failure,
                    "whether Valkey is as durable as declared cannot be checked"
                );
            }
        }
    }

    /// Sets them where they are missing, and warns once for each namespace where they are not these.
    pub(super) async fn check(&self) -> Result<(), Failure> {
        let namespaces: Vec<_> = self.namespaces().keys().cloned().collect();
        if namespaces.is_empty() {
            return Ok(());
        }
        let found: Vec<Found> =
            self.commands.query(&call("FCALL_RO", "tidings_settings", &namespaces)).await?;
        let mut missing = Vec::new();
        for (namespace, Found(found)) in namespaces.into_iter().zip(found) {
            match found {
                None => missing.push(namespace),
                Some(found) if found == own(self.settings) => {}
                Some(found) => self.warn(&namespace, &found),
            }
        }
        self.set(&missing).await
    }

    fn namespaces(&self) -> MutexGuard<'_, BTreeMap<String, bool>> {
        self.namespaces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn set(&self, namespaces: &[String]) -> Result<(), Failure> {
        if namespaces.is_empty() {
            return Ok(());
        }
        let mut configure = call("FCALL", "tidings_configure", namespaces);
        let (events, history_ms, once_ms, durability) = own(self.settings);
        configure.arg(events).arg(history_ms).arg(once_ms).arg(durability);
        self.commands.query::<String>(&configure).await.map(drop)
    }

    fn warn(&self, namespace: &str, found: &Stored) {
        let warned = self.namespaces().insert(namespace.to_owned(), true);
        if warned == Some(true) {
            return;
        }
        let (events, history_ms, once_ms, durability) = found;
        tracing::warn!(
            namespace,
            events,
            history_ms,
            once_ms,
            durability,
            "another replica uses other settings for this namespace in the same Valkey, and its settings hold; \
             give all replicas the same, or different key prefixes"
        );
    }
}

/// Events, history in ms, idempotency in ms, and durability: as Valkey has them.
type Stored = (u64, u64, u64, String);

/// What `tidings_settings` answers for one namespace.
struct Found(Option<Stored>);

impl FromRedisValue for Found {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        match value {
            Value::Array(values) if values.is_empty() => Ok(Self(None)),
            value => FromRedisValue::from_redis_value(value).map(|stored| Self(Some(stored))),
        }
    }
}

fn keeps_everything(appendonly: &str, appendfsync: &str) -> bool {
    appendonly == "yes" && appendfsync == "always"
}

fn own(settings: Settings) -> Stored {
    let Settings { retention, durability } = settings;
    let durability = durability.to_string();
    (
        retention.events.into(),
        milliseconds(retention.time),
        milliseconds(retention.once),
        durability,
    )
}

fn call(command: &str, function: &str, namespaces: &[String]) -> Cmd {
    let mut call = redis::cmd(command);
    call.arg(function).arg(namespaces.len());
    for namespace in namespaces {
        call.arg(format!("{namespace}:{{tidings}}:settings"));
    }
    call
}
