//! The built program against a real server, and a real Valkey where one is needed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

/// Queries, mutations, and what their errors look like.
mod call;
/// Ready, not ready, nobody there.
mod health;
/// What a service has.
mod list;
/// A new project.
mod new;
/// Through Valkey, checked before.
mod publish;
mod support;
/// Events, as they come and as they are missed.
mod tail;
