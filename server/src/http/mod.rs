//! The HTTP side: which path leads where, and how connections come in.

mod accept;
mod gate;
mod routes;
mod rpc;

pub(crate) use accept::accept;
pub(crate) use routes::{admin, public};
