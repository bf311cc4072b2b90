//! Why a server or a publisher cannot be started, and the errors that clients receive from several rooms.
//!
//! Clients receive [`tidings_contract::RpcError`], publishers [`crate::PublishError`].

use std::{fmt, io, net::SocketAddr};

use tidings_contract::{ErrorKind, InvalidContract, RpcError};

/// Why a server or a publisher cannot be started. The message says what to change.
///
/// `Debug` prints the message, too, so that `fn main() -> Result<(), tidings::Error>` ends with a sentence.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot work.
    #[error("{0}")]
    Config(String),
    /// The router's contract is not valid.
    #[error(transparent)]
    Contract(#[from] InvalidContract),
    /// Some procedures have neither `.public()` nor `.authorize(…)`, and the server is not in development mode.
    #[error(
        "who may call {}? Add .public() or .authorize(handler) to each in the router, or start with --dev (TIDINGS_DEV=1) on \
         loopback while you develop",
        .0.join(", ")
    )]
    Undeclared(Vec<&'static str>),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The command `health` found the server not ready, or got no answer.
    #[error("{address} is not ready: {reason}")]
    Health {
        /// The address of that server.
        address: SocketAddr,
        /// Its answer, or why there was none.
        reason: String,
    },
    /// Valkey cannot be reached, or refuses this client.
    #[error("{0}")]
    Broker(String),
    /// The operating system refuses something that every server needs.
    #[error("the operating system refuses: {0}")]
    System(#[from] io::Error),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The client's error for a failure whose cause stays in the server's log.
pub(crate) fn internal_error() -> RpcError {
    RpcError::new(ErrorKind::INTERNAL_ERROR, "the server failed; its log says why")
}

/// The client's error while the broker does not answer.
pub(crate) fn broker_unavailable() -> RpcError {
    let message = "the broker is out of reach at the moment; try again in a few seconds";
    RpcError::new(ErrorKind::BROKER_UNAVAILABLE, message)
}
