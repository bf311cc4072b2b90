//! Typed RPC with live subscriptions, from a Rust backend to browsers.
//!
//! You declare a procedure once, as a Rust type ([`Query`], [`Mutation`], [`Subscription`]), and register it in a
//! [`Router`]. A [`Server`] serves it over JSON-RPC 2.0 (WebSocket and HTTP), and an OpenRPC document describes it, from which
//! TypeScript clients are generated. Every subscriber, on whichever replica, receives every event of its channel in order,
//! across reconnects, deploys and broker restarts, or a `gap`.
//!
//! ```no_run
#![doc = include_str!("../examples/prices.rs")]
//! ```
//!
//! # Layout
//!
//! What a service uses, in reading order:

/// The parts of a contract; see [`tidings_contract`].
pub use tidings_contract::{
    BrokerStatus, Channel, ErrorData, ErrorDetails, ErrorKind, Event, EventId, Feed, GapReason,
    Instance, InvalidChannel, InvalidContract, MemberList, Mutation, NoInput, OnInstances, OpenRpc,
    Query, RpcError, STATE_RETENTION, StopReason, Subscription, SubscriptionId, channel, generated,
    message, openrpc,
};

/// Answers and handlers.
mod handler;
pub use handler::{Answer, Handler};

/// The context of handlers.
mod context;
pub use context::{Caller, Context};

/// Registers procedures; builds the methods and the document.
mod router;
pub use router::{Call, Follow, Registered, Router};

/// Flags, environment, plain structs.
mod config;
pub use config::{Action, BrokerConfig, Config, Durability, Limits, LogConfig, LogFormat, Secret};

/// Starts, serves and ends a server.
mod server;
pub use server::Server;

/// Typed publishing.
mod publisher;
pub use publisher::{Batch, PublishError, Publisher, Target};

/// Asks a server whether it is ready.
mod health;
pub use health::health;

/// Readiness and metrics, for the process that runs the server.
mod monitor;
pub use monitor::Monitor;

/// Why something cannot be started.
mod error;
pub use error::Error;

/// The log.
mod telemetry;
pub use telemetry::init_log;

/// What differs between operating systems.
mod platform;
pub use platform::shutdown_requested;

/// The web framework of [`Server::routes`] and [`Server::wrap`], in the version that they take.
pub use axum;

// The engine, in the order in which a call passes through. `ARCHITECTURE.md` has the walkthroughs.

/// Where channels live.
mod broker;
/// What all parts of one server share.
mod engine;
/// Which JSON is a request.
mod envelope;
/// The accept loop, the paths, and jsonrpsee behind `/rpc`.
mod http;
/// Channel → subscribers.
mod hub;
/// Events that clients publish.
mod ingress;
/// Parameters of a call.
mod input;
/// Reports this replica to the subscribers of `onInstances`.
mod instance;
/// Where something is in a JSON document.
mod json_path;
/// How a replica leaves.
mod leaving;
/// Bounds how often lines of one kind are logged.
mod log_limit;
/// Every metric.
mod metrics;
/// Whether this replica should be given clients.
mod readiness;
/// Resuming a stream after `lastEventId`.
mod resume;
#[cfg(test)]
mod sample;
/// How procedures are called.
mod service;
/// A connection, its subscriptions, and the outbox of bytes that the client has not read yet.
mod socket;
/// One subscriber's life.
mod subscription;
