//! Everybody with the page open sees each lamp change.
//!
//! - [`contract`]: the procedures with their types
//! - [`house`]: their handlers

pub mod contract;
pub mod house;

pub use house::{House, router};
