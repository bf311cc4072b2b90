//! The contract of Tidings: what a client may call, what it gets back, and how that looks on the wire.
//!
//! A procedure is a type that implements [`Query`], [`Mutation`] or [`Subscription`]. The server serves
//! it, [`contract`] puts it into `openrpc.json`, and the TypeScript client is generated from there. This
//! crate only describes: it opens no socket and holds no state.
//!
//! Changing the contract: change the Rust types, run `cargo run -p tidings-schema -- generate`, then
//! `npm run generate` in `client-ts/`, and commit what changed. Add, do not retype: clients of the last
//! release are connected while a new one rolls out.
//!
//! # Layout
//!
//! - [`procedure`]: the traits, and what a subscription's [`Feed`] promises
//! - [`users`]: the users domain; [`instances`]: the replicas
//! - [`channel`]: the name that events are published to
//! - [`event`]: what a subscription sends
//! - [`message`]: the JSON-RPC frames around all of it
//! - [`error`]: every error code a client can meet
//! - [`openrpc`]: the OpenRPC document, made from the types
//! - [`examples`]: one message of each kind

pub mod channel;
pub mod error;
pub mod event;
pub mod examples;
pub mod generated;
pub mod instances;
pub mod message;
pub mod openrpc;
pub mod procedure;
pub mod users;

pub use channel::{Channel, InvalidChannel};
pub use error::{ErrorCode, ErrorData, RpcError};
pub use event::{BrokerStatus, Event, EventId, GapReason, StopReason};
pub use instances::{Instance, OnInstances};
pub use message::{Notification, Request, Response, SubscriptionId};
pub use openrpc::OpenRpc;
pub use procedure::{Feed, Mutation, NoInput, Query, Subscription};
pub use users::{AllUsers, OnUpdates, User, UserById};

/// The whole contract: every procedure that a Tidings server serves.
pub fn contract() -> OpenRpc {
    OpenRpc::new()
        .query::<AllUsers>()
        .query::<UserById>()
        .subscription::<OnUpdates>()
        .subscription::<OnInstances>()
}
