//! The HTTP side: which path leads where, and how connections come in.

mod accept;
mod follow;
mod gate;
mod poll;
mod refusal;
mod routes;
mod rpc;
mod sse;

pub(crate) use accept::accept;
pub(crate) use routes::{admin, public};
