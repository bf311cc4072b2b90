//! The built program against a real server, and a real Valkey where one is needed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

/// Queries, mutations, and what their errors look like.
mod call;
/// A service that is ready, one that is not, and none.
mod health;
/// The list of procedures.
mod list;
/// A new project.
mod new;
/// Publishing through Valkey, and what is refused.
mod publish;
mod support;
/// Following a subscription, through lost connections.
mod tail;
