//! How a replica leaves: the lame-duck time, then the drain.

use std::time::Duration;

use jsonrpsee::server::ServerHandle;
use tokio::time::timeout;

use crate::engine::Engine;

/// How long the drain waits for connections and handlers that were cut off.
const CUT_TIME: Duration = Duration::from_secs(2);

/// Serves on while `/readyz` answers 503, so that load balancers send new clients elsewhere before the port refuses them.
/// Ends after `time`, or when the replica is asked `again` to end.
pub(crate) async fn lame_duck(time: Duration, again: impl Future<Output = ()>) {
    if time.is_zero() {
        return;
    }
    tracing::info!(lame_duck = ?time, "not ready any more, and still serving");
    if timeout(time, again).await.is_ok() {
        tracing::info!("asked again to end: the drain begins now");
    }
}

/// Ends all subscriptions and connections: asks the clients to go elsewhere, and cuts off those that have not gone after
/// `--drain-limit`.
pub(crate) async fn drain(engine: &Engine, server: &ServerHandle) {
    engine.terms.leaving.cancel();
    engine.hub.drain();
    let drain_limit = engine.config.limits.drain_limit;
    let drained = timeout(drain_limit, async {
        engine.subscriptions.close();
        engine.subscriptions.wait().await;
        // Fails only when it has been stopped already.
        let _ = server.stop();
        engine.tasks.close();
        engine.tasks.wait().await;
    });
    if drained.await.is_ok() {
        return;
    }
    tracing::warn!(?drain_limit, "some connections did not end in time and are cut off");
    let _ = server.stop();
    engine.terms.cut.cancel();
    engine.tasks.close();
    if timeout(CUT_TIME, engine.tasks.wait()).await.is_err() {
        let tasks = engine.tasks.len();
        tracing::error!(tasks, "handlers still block their threads; the server ends without them");
    }
}
