//! Why a server or a publisher cannot be started.
//!
//! Clients receive [`tidings_contract::RpcError`], publishers [`crate::PublishError`].

use std::{fmt, io, net::SocketAddr};

use tidings_contract::InvalidContract;

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
