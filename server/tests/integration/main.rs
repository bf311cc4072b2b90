//! A real server on a port of its own, real sockets, and a real Valkey where one is needed: one binary, so
//! that it is linked once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

/// Access to procedures.
mod authorize;
/// Wrong input of every kind, and the exact answer to it.
mod bad_input;
/// The demo's mutation, on one replica and on several.
mod bios;
/// Valkey goes away and comes back.
mod broker_outage;
/// Calls that come in one write.
mod call_order;
/// Whatever a client does to its connection.
mod connections;
/// The `Context` of handlers.
mod context;
/// Mistakes in a contract.
mod contract_faults;
/// The document is the contract, and the server serves just that.
mod discover;
/// Names such as `prices.onPrice`.
mod dotted_names;
/// Everything published arrives, once and in order.
mod fan_out;
/// No name of the demo in the framework.
mod framework_names;
/// The command `health`, for containers.
mod health;
/// `/rpc` as HTTP clients and proxies see it.
mod http_edge;
/// `onInstances`: the list of live replicas.
mod instances;
/// jsonrpsee's own Rust client.
mod jsonrpsee_client;
/// Which file may use which.
mod layering;
/// Bounds: connections, subscriptions, sizes, readers that do not read.
mod limits;
/// Subscriptions for clients that can only ask.
mod long_poll;
/// `Feed::Members`: a list that its members put together.
mod members_feed;
/// The largest messages that clients get.
mod message_size;
/// Mutations outlive their connections, within bounds.
mod mutations;
/// A service's own paths beside those of Tidings.
mod own_routes;
/// The README's first service, as a program.
mod prices_example;
/// Typed publishing, in a handler and from elsewhere.
mod publishing;
/// Coming back: what was missed, or a gap.
mod resume;
/// Each procedure: call, subscribe, receive, unsubscribe.
mod round_trip;
/// How a replica leaves.
mod shutdown;
/// The examples of the JSON-RPC 2.0 specification.
mod specification;
/// Server-sent events, single and many on one stream.
mod sse;
/// `Feed::State`: only the newest value counts.
mod state_feed;
/// Which ids subscriptions get, and when again.
mod subscription_ids;
mod support;
/// Where users come from.
mod users_source;
