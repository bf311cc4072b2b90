//! Reads readiness and metrics of a server from within its process.

use std::sync::Arc;

use crate::{engine::Engine, readiness::Readiness};

/// Reads readiness and metrics of a server from within its process, as `/readyz` and `/metrics` do. Cloning shares it.
///
/// ```no_run
/// # use std::time::Duration;
/// use tidings::{Config, Router, Server};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tidings::Error> {
/// # let router = Router::<()>::new("Shop", "1.0.0");
/// let server = Server::new(Config::parse(), router, ())?;
/// let monitor = server.monitor();
/// let watching = async move {
///     loop {
///         tokio::time::sleep(Duration::from_secs(10)).await;
///         println!("ready: {}, resuming: {}", monitor.is_ready(), monitor.resuming());
///     }
/// };
/// server.background(watching).run().await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Monitor {
    readiness: Readiness,
    engine: Arc<Engine>,
}

impl Monitor {
    pub(crate) fn new(readiness: Readiness, engine: Arc<Engine>) -> Self {
        Self { readiness, engine }
    }

    /// Whether the replica reaches its broker and is not leaving.
    pub fn is_ready(&self) -> bool {
        self.readiness.check().is_ok()
    }

    /// Open connections and running mutations.
    pub fn open_tasks(&self) -> usize {
        self.engine.tasks.len()
    }

    /// Subscriptions that are being sent the events that they missed.
    pub fn resuming(&self) -> usize {
        self.engine.subscriptions.len()
    }

    /// All metrics, in Prometheus' text format.
    pub fn metrics(&self) -> String {
        self.engine.render_metrics()
    }
}
