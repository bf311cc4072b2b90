//! Lamps that change on every open page.
//!
//! - [`contract`]: the procedures with their types
//! - [`house`]: their handlers

pub mod contract;
pub mod house;

pub use house::{House, router};
