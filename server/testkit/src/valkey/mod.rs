//! Valkey in every form that a fleet meets.
//!
//! - [`ValkeyProcess`]: one server, and its life
//! - [`Certificates`]: what a server with TLS and its clients need
//! - [`ValkeyPair`]: a primary and its replica, which can change places
//! - [`Sentinels`]: three that watch over a primary
//! - [`Aof`]: an append-only file whose end can be cut off
//! - `refusal`: reasons for which a Valkey refuses commands

mod aof;
mod cli;
mod pair;
mod refusal;
mod replication;
mod sentinels;
mod server;
mod tls;

pub use aof::Aof;
pub use pair::ValkeyPair;
pub(crate) use pair::hand_over;
pub use refusal::Paused;
pub use replication::Role;
pub use sentinels::Sentinels;
pub use server::ValkeyProcess;
pub use tls::{Certificates, ClientCertificates};
