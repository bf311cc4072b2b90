//! The program's commands besides `serve`.
//!
//! What they print is their answer and goes to standard output; the log goes to standard error.

use std::sync::Arc;

use crate::{
    broker::{Broker, ValkeyBroker},
    config::BrokerArgs,
    error::BoxError,
};

pub mod background_updates;
mod health;
mod publish;
mod tail;

pub use health::health;
pub use publish::publish;
pub use tail::tail;

/// The broker to publish to from outside of any server.
fn valkey(args: &BrokerArgs) -> Result<Arc<dyn Broker>, BoxError> {
    let server = args.server()?.ok_or(
        "there is no Valkey to publish to: give --valkey-url or set VALKEY_URL \
         (a server without one keeps its channels in its own memory)",
    )?;
    // The stream of what comes in is for servers.
    let (broker, _) = ValkeyBroker::new(server, args.retention())?;
    Ok(broker)
}
