//! Real processes for tests, benches and `make fleet`.
//!
//! Every fixture owns what it starts: dropping it, also in a panic, kills the process with its children
//! and removes its folder; and should the test itself be killed, the kernel ends the process. Nothing here
//! needs a fixed port, so everything can run at the same time.
//!
//! # Layout
//!
//! - [`Fleet`]: a Valkey, replicas, nginx and, if wanted, the publisher
//! - [`Nginx`]: the project's own nginx configuration in front of given replicas
//! - [`Front`]: one of the proxies of `nginx/proxies`, in front of two replicas
//! - [`Replica`]: one `tidings-demo serve`
//! - [`Publisher`]: one `tidings-demo background-updates`
//! - [`ValkeyProcess`]: a Valkey of one's own, also with TLS from [`Certificates`]; its [`Aof`] can be cut
//! - [`ValkeyPair`]: a primary and its replica, which can change places
//! - [`Sentinels`]: three that watch over a primary
//! - [`Link`]: a TCP connection that can be cut
//! - [`Process`]: what they have in common: start, signals, end
//! - [`Client`]: a WebSocket client that hides nothing
//! - [`Log`]: what a process wrote, bounded, to wait for and to show when something fails
//! - [`Port`]: a port that stays ours while its process restarts
//! - [`Error`]: what went wrong, with the end of the process's log
//! - [`load`]: publishers and subscribers by the thousand, and what became of each event
//! - [`chaos`]: faults of a fleet under load

pub mod chaos;
mod client;
mod configuration;
mod error;
mod fleet;
mod front;
mod link;
pub mod load;
mod log;
mod nginx;
mod port;
mod probe;
mod process;
mod publisher;
mod replica;
mod tool;
mod valkey;

pub use client::Client;
pub use error::{Error, Result};
pub use fleet::{Fleet, FleetOptions};
pub use front::{Front, Proxy};
pub use link::Link;
pub use log::Log;
pub use nginx::{Nginx, NginxOptions};
pub use port::Port;
pub use process::{Process, Signal};
pub use publisher::Publisher;
pub use replica::{Replica, ReplicaOptions};
pub use valkey::{
    Aof, Certificates, ClientCertificates, Paused, Role, Sentinels, ValkeyPair, ValkeyProcess,
};
