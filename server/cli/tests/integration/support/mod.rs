//! Helpers for the tests.

mod demo;
mod program;

pub(crate) use demo::{Demo, publish};
pub(crate) use program::{Tail, tidings};
