//! What several tests need.

mod demo;
mod program;

pub(crate) use demo::{Demo, publish};
pub(crate) use program::{Tail, tidings};
