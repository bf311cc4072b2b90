//! Errors that no code acts on.
//!
//! Where a caller acts on an error it has a type of its own, beside what can fail; what a client sees is
//! [`tidings_schema::RpcError`].

/// What goes wrong before or beside serving: shown to whoever runs the program, never to a client.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
