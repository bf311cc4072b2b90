//! Faults of a fleet under load: what is broken, how it is mended, and what its clients saw meanwhile.
//!
//! - [`Fault`]: one thing that happens to fleets
//! - [`Pace`]: how often, and for how long
//! - [`Scene`]: what the fleet is made of
//! - [`Stage`]: a fleet, and a load to try a fault under
//! - [`Channels`]: many channels through a restart of Valkey
//! - [`Transports`]: every transport while replicas end
//! - [`Told`]: how soon clients were told that events do not come

mod channels;
mod fault;
mod flood;
mod scene;
mod stage;
mod strike;
mod told;
mod transports;

use flood::flood;

pub use channels::{Channels, ChannelsReport};
pub use fault::{Fault, Pace};
pub use scene::Scene;
pub use stage::{Failure, Load, Report, Stage};
pub use told::Told;
pub use transports::{Transports, TransportsReport};
