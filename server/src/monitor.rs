//! Watches a server from within its process.

use std::sync::Arc;

use crate::{engine::Engine, readiness::Readiness};

/// Watches a server from within its process: what `/readyz` and `/metrics` answer. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Monitor {
    readiness: Readiness,
    engine: Arc<Engine>,
}

impl Monitor {
    pub(crate) fn new(readiness: Readiness, engine: Arc<Engine>) -> Self {
        Self { readiness, engine }
    }

    /// Whether the replica should be given clients: it reaches its broker, and is not leaving.
    pub fn is_ready(&self) -> bool {
        self.readiness.check().is_ok()
    }

    /// Connections and mutations that have not ended.
    pub fn open_tasks(&self) -> usize {
        self.engine.tasks.len()
    }

    /// Subscriptions that are being sent what they missed.
    pub fn resuming(&self) -> usize {
        self.engine.subscriptions.len()
    }

    /// All metrics, in Prometheus' text format.
    pub fn metrics(&self) -> String {
        self.engine.metrics.render()
    }
}
