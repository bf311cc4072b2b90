//! The fixtures with the real Valkey and nginx. What needs replicas as well is tested with the server.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

/// An append-only file that is cut.
mod aof;
/// A link that is cut and restored.
mod link;
/// nginx's configuration, in front of replicas that only say what they were asked.
mod nginx;
/// Two Valkeys that change places.
mod pair;
/// A Valkey that refuses commands.
mod refusal;
/// A bare HTTP client, to see exactly what nginx answers.
mod request;
/// Sentinels that promote a replica.
mod sentinels;
/// A replica that only says what it was asked.
mod stub;
/// A Valkey with TLS.
mod tls;
/// Valkey's life, and that nothing is left behind.
mod valkey;
