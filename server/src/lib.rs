//! Typed RPC with live subscriptions: jsonrpsee over WebSocket, fanned out from Valkey.
//!
//! [`run`] is a whole server: `main`, the tests and the benches start the same function.
//!
//! # Layout
//!
//! In the order in which a call comes by:
//!
//! - [`config`]: flags and environment
//! - [`app`]: what all parts share
//! - `http`: the accept loop, the paths, and jsonrpsee behind `/rpc`
//! - [`router`]: procedures in, methods and OpenRPC document out; `input` reads parameters
//! - [`procedures`]: what is served; [`user_directory`]: where users come from
//! - `subscription`: one subscriber's life
//! - [`resume`]: how a stream goes on where it was left
//! - [`hub`]: channel → subscribers
//! - [`broker`]: where channels live
//! - [`socket`]: a connection's subscriptions, and what waits for them to be read
//!
//! `instance` is what the replica says of itself. Leaves: [`metrics`], [`telemetry`], [`shutdown`], [`error`], `readiness`. [`commands`] are the program's other
//! commands. `ARCHITECTURE.md` has the walkthroughs and the decisions.

pub mod app;
pub mod broker;
pub mod commands;
pub mod config;
pub mod error;
mod http;
pub mod hub;
mod input;
mod instance;
pub mod metrics;
pub mod procedures;
mod readiness;
pub mod resume;
pub mod router;
mod run;
pub mod shutdown;
pub mod socket;
mod subscription;
pub mod telemetry;
pub mod user_directory;

pub use app::App;
pub use config::{Cli, Command};
pub use error::BoxError;
pub use run::{run, serve};
