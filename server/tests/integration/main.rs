//! A real server on a port of its own, real sockets, and a real Valkey where one is needed: one binary, so
//! that it is linked once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

/// Wrong input of every kind, and the exact answer to it.
mod bad_input;
/// Valkey goes away and comes back.
mod broker_outage;
/// Whatever a client does to its connection.
mod connections;
/// The document is the contract, and the server serves just that.
mod discover;
/// Everything published arrives, once and in order.
mod fan_out;
/// `onInstances`: who lives, and who has died.
mod instances;
/// jsonrpsee's own Rust client.
mod jsonrpsee_client;
/// Which file may use which.
mod layering;
/// Bounds: connections, subscriptions, sizes, readers that do not read.
mod limits;
/// Coming back: what was missed, or a gap.
mod resume;
/// Each procedure: call, subscribe, receive, unsubscribe.
mod round_trip;
/// How a replica leaves.
mod shutdown;
mod support;
/// Where users come from.
mod users_source;
