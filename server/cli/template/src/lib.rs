//! Lamps that everyone who has the page open sees change.
//!
//! - [`contract`]: what clients can call, with which types
//! - [`house`]: what happens then

pub mod contract;
pub mod house;

pub use house::{House, router};
