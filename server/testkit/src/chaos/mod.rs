//! Faults of a fleet under load: what is broken, how it is mended, and what its clients saw meanwhile.
//!
//! - [`Fault`]: one thing that happens to fleets
//! - [`Pace`]: how often, and for how long
//! - [`Stage`]: a fleet, and a load to try a fault under

mod fault;
mod stage;

pub use fault::{Fault, Pace};
pub use stage::{Failure, Load, Report, Stage};
