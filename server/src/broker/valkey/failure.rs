//! Why Valkey did not do what it was asked.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::broker::{BrokerUnavailable, Unpublished};

/// Why Valkey did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The node is no primary: it was demoted, or it never was one.
    ReadOnly,
    /// The node answers reads and refuses writes: too few replicas, a full memory, a disk that cannot be written.
    WritesRefused(String),
    /// The idempotency key was used with another payload before.
    KeyReused,
    /// Valkey does not have the function.
    Missing,
    /// The server has no functions at all: it is older than Redis 7, or a proxy.
    NoFunctions,
    /// Anything else.
    Other(String),
}

impl Failure {
    pub(super) fn of(error: &RedisError) -> Self {
        let detail = error.detail().unwrap_or_default();
        match (error.kind(), error.code()) {
            (ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown), _) => {
                Self::ReadOnly
            }
            (_, Some("NOREPLICAS")) => Self::WritesRefused(
                "it refuses writes, because too few replicas are connected to it (NOREPLICAS)"
                    .to_owned(),
            ),
            (_, Some("MISCONF")) => Self::WritesRefused(format!(
                "it refuses writes, because it cannot save them (MISCONF): {detail}"
            )),
            (_, Some("OOM")) => Self::WritesRefused(
                "it refuses writes, because its memory is used up (OOM, maxmemory)".to_owned(),
            ),
            (_, Some("KEYREUSED")) => Self::KeyReused,
            // These have no error code of their own.
            (ErrorKind::Server(ServerErrorKind::ResponseError), _)
                if detail.contains("Function not found") =>
            {
                Self::Missing
            }
            (ErrorKind::Server(ServerErrorKind::ResponseError), _)
                if is_unknown_command(detail) =>
            {
                Self::NoFunctions
            }
            (ErrorKind::RESP3NotSupported, _) => Self::NoFunctions,
            _ => Self::Other(describe(error)),
        }
    }

    /// No answer came within this time.
    pub(super) fn late(limit: std::time::Duration) -> Self {
        Self::Other(format!("no answer within {limit:?}"))
    }
}

/// Redis 6, and proxies, do not know the commands FCALL and FUNCTION.
fn is_unknown_command(detail: &str) -> bool {
    let detail = detail.to_ascii_lowercase();
    let asked = detail.contains("fcall") || detail.contains("function");
    asked && (detail.contains("unknown command") || detail.contains("unsupported command"))
}

impl From<Failure> for BrokerUnavailable {
    fn from(failure: Failure) -> Self {
        Self(match failure {
            Failure::ReadOnly => {
                "the node is a replica, and Tidings needs the primary; give the primary's address, or let Sentinel \
                 name it (valkey+sentinel://)"
                    .to_owned()
            }
            Failure::KeyReused => "the idempotency key was used with another payload".to_owned(),
            Failure::Missing => "the functions of Tidings do not stay loaded".to_owned(),
            Failure::NoFunctions => {
                "it has no functions: Tidings needs Valkey, or Redis 7 or newer, and no proxy that hides FCALL and \
                 FUNCTION"
                    .to_owned()
            }
            Failure::WritesRefused(reason) | Failure::Other(reason) => reason,
        })
    }
}

impl From<Failure> for Unpublished {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::KeyReused => Self::KeyReused,
            failure => Self::Unavailable(failure.into()),
        }
    }
}

/// What went wrong, for operators. redis-rs names its own error classes, which say less.
fn describe(error: &RedisError) -> String {
    match error.kind() {
        ErrorKind::AuthenticationFailed => {
            "it refuses the user or the password of the Valkey URL".to_owned()
        }
        // redis-rs has no kind for these two.
        _ if error.code() == Some("WRONGPASS") => {
            "it refuses the user or the password of the Valkey URL".to_owned()
        }
        _ if error.code() == Some("NOAUTH") => {
            "it asks for a password; put it into the Valkey URL".to_owned()
        }
        ErrorKind::Server(ServerErrorKind::NoPerm) => format!(
            "its ACL does not let this user do what Tidings needs: {}",
            error.detail().unwrap_or_default()
        ),
        _ => {
            let text = error.to_string();
            if text.contains("UnknownIssuer") || text.contains("BadSignature") {
                "nobody whom this system trusts has signed its certificate; name the file of your certificate \
                 authority in the Valkey URL, with ?ca=/path.pem"
                    .to_owned()
            } else {
                text
            }
        }
    }
}
