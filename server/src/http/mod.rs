//! The HTTP side: which path leads where, and how connections come in.

mod accept;
mod body;
mod follow;
mod gate;
mod poll;
mod post;
mod publish;
mod refusal;
mod routes;
mod rpc;
mod sse;
mod upgrade;

pub(crate) use accept::accept;
pub(crate) use routes::{admin, public};
