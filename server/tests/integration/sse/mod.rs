//! Server-sent events: the same events, bounds and errors as by WebSocket.

/// How streams end, and what the connection is good for afterwards.
mod ends;
/// What comes, and in what form.
mod events;
/// Requests that are refused, and the exact answers.
mod refusals;
/// Streams that go on after the last event that the client had.
mod resume;

use serde_json::json;

use crate::support::in_query;

/// The path of a stream of a list.
fn list_path(channel: &str) -> String {
    format!("/sse/onUpdates?input={}", in_query(&json!({ "channel": channel })))
}
