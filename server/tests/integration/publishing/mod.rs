//! Typed publishing: in a handler, and from another process.

/// Errors of connecting to Valkey.
mod connecting;
/// Publishing single events and batches.
mod events;
/// The service that is published to.
mod lines;
mod notes;
mod once;
mod rest;
