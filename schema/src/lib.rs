//! What a Tidings service offers, as Rust types.
//!
//! A procedure is a type that implements [`Query`], [`Mutation`] or [`Subscription`]. The server serves it, the OpenRPC
//! document describes it, and the TypeScript client is generated from that document. This crate only describes: it opens
//! no socket and holds no state, so a publisher or a test can use a contract without a server.
//!
//! ```
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//! use tidings_contract::{Channel, ErrorKind, Feed, Query, Subscription};
//!
//! /// Names what is traded.
//! #[derive(Deserialize, JsonSchema)]
//! struct Symbol {
//!     /// Such as `ACME`.
//!     symbol: String,
//! }
//!
//! /// A price, in cents.
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! struct Price {
//!     cents: u64,
//! }
//!
//! /// Answers the price of one symbol.
//! #[derive(JsonSchema)]
//! struct GetPrice;
//!
//! impl Query for GetPrice {
//!     const NAME: &'static str = "prices.getPrice";
//!     type Input = Symbol;
//!     type Output = Price;
//!     const ERRORS: &'static [ErrorKind] = &[ErrorKind::NOT_FOUND];
//! }
//!
//! /// Streams the price of one symbol.
//! #[derive(JsonSchema)]
//! struct OnPrice;
//!
//! impl Subscription for OnPrice {
//!     const NAME: &'static str = "prices.onPrice";
//!     type Input = Symbol;
//!     type Event = Price;
//!     const FEED: Feed = Feed::State;
//!
//!     fn channel(input: &Symbol) -> Channel {
//!         Channel::from_parts(&[&input.symbol])
//!     }
//! }
//! ```
//!
//! To change a contract that clients already use, add: do not rename, retype or remove. Clients of the last release are
//! connected while a new one rolls out.
//!
//! # Layout, in reading order

/// The procedure traits, and what each [`Feed`] promises.
mod procedure;
pub use procedure::{Feed, MemberList, Mutation, NoInput, Query, STATE_RETENTION, Subscription};

/// The name that events are published to.
pub mod channel;
pub use channel::{Channel, InvalidChannel};

/// What a subscription sends.
pub mod event;
pub use event::{BrokerStatus, Event, EventId, GapReason, StopReason};

/// What can go wrong, for clients.
pub mod error;
pub use error::{ErrorData, ErrorDetails, ErrorKind, RpcError};

/// The JSON-RPC frames around all of it.
pub mod message;
pub use message::{Notification, Request, Response, SubscriptionId};

/// The OpenRPC document, made from the types.
pub mod openrpc;
pub use openrpc::{InvalidContract, OpenRpc};

/// The OpenAPI document, made from the OpenRPC document.
pub mod openapi;

/// The replicas of a service, and what each is doing.
mod instances;
pub use instances::{Instance, OnInstances};

/// Brings generated files up to date.
pub mod generated;
