//! Typed publishing: in a handler, and from another process.

/// What goes wrong with Valkey, and who is told.
mod connecting;
/// What is published, one by one and in batches.
mod events;
/// The service that is published to.
mod lines;
