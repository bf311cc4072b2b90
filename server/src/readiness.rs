//! Whether this replica should be given clients.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::broker::Broker;

/// Whether this replica should be given clients: what `/readyz` answers.
#[derive(Clone, Debug)]
pub(crate) struct Readiness {
    broker: Arc<dyn Broker>,
    leaving: Arc<AtomicBool>,
}

impl Readiness {
    pub(crate) fn new(broker: Arc<dyn Broker>) -> Self {
        Self { broker, leaving: Arc::default() }
    }

    /// From now on, not ready.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Whether it should, or why not.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.leaving.load(Ordering::Relaxed) {
            Err("leaving\n")
        } else if !self.broker.is_up() {
            Err("the broker is out of reach\n")
        } else {
            Ok(())
        }
    }
}
