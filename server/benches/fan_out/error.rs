//! What ends the bench.

/// Any error: the bench prints it and gives up.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
