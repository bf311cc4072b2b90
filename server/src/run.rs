//! A server's life.

use std::{sync::Arc, time::Duration};

use jsonrpsee::server::stop_channel;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    app::App, broker::IncomingStream, commands::background_updates, config::ServeArgs,
    error::BoxError, http, instance, procedures, readiness::Readiness,
};

/// The time between two events of `--demo`.
const DEMO_INTERVAL: Duration = Duration::from_secs(3);

/// Serves on `listener` until `shutdown` resolves, and then leaves: not ready any more → no new
/// connections → every subscriber is told to go elsewhere → connections are closed → done, at the latest
/// after `--drain-limit`.
///
/// # Errors
///
/// When the server cannot be started with this configuration.
///
/// # Cancel safety
///
/// When dropped, tasks that serve connections stay behind. Let it end by `shutdown`.
pub async fn run(
    listener: TcpListener,
    config: ServeArgs,
    shutdown: impl Future<Output = ()>,
) -> Result<(), BoxError> {
    let (app, incoming) = App::new(config)?;
    serve(listener, app, incoming, shutdown).await
}

/// As [`run`], with the parts made by the caller: for those who want to look at them while they run.
///
/// # Errors
///
/// When an address to listen on is taken.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    incoming: IncomingStream,
    shutdown: impl Future<Output = ()>,
) -> Result<(), BoxError> {
    // Before any task is started: it may fail.
    let admin = match app.config.admin_listen {
        Some(address) => {
            let bound = TcpListener::bind(address).await;
            Some(bound.map_err(|e| format!("cannot listen on {address}: {e}"))?)
        }
        None => None,
    };
    let readiness = Readiness::new(app.broker.clone());
    let (stop, server) = stop_channel();
    let router =
        http::public(&app, procedures::routes(app.clone()), readiness.clone(), stop.clone());

    // `leave` ends what brings in more; `end` what the leaving itself needs.
    let (leave, end) = (CancellationToken::new(), app.end.clone());
    let tasks = TaskTracker::new();
    tasks.spawn(app.hub.clone().run(incoming));
    tasks.spawn(instance::report(app.clone(), leave.clone()));
    if let Some(admin) = admin {
        tracing::info!(address = %admin.local_addr()?, "serving metrics");
        let service = axum::serve(admin, http::admin(app.clone()));
        let end = end.clone().cancelled_owned();
        tasks.spawn(async move {
            if let Err(error) = service.with_graceful_shutdown(end).await {
                tracing::error!(%error, "the metrics are no longer served");
            }
        });
    }
    if app.config.demo {
        let (broker, leave) = (app.broker.clone(), leave.clone().cancelled_owned());
        let key = background_updates::demo_key(&app.config.broker.key_prefix);
        tasks.spawn(background_updates::publish(broker, key, DEMO_INTERVAL, leave));
    }
    let address = listener.local_addr()?;
    let broker = if app.config.broker.valkey_url.is_some() { "valkey" } else { "memory" };
    tracing::info!(%address, instance = app.config.instance, broker, "listening");
    tasks.spawn(http::accept(app.clone(), listener, router, stop, leave.clone()));

    shutdown.await;

    tracing::info!("leaving");
    readiness.leave();
    leave.cancel();
    app.hub.drain();
    let drained = timeout(app.config.limits.drain_limit, async {
        app.subscriptions.close();
        app.subscriptions.wait().await;
        app.terms.leaving.cancel();
        // An error says that it was stopped before.
        let _ = server.stop();
        app.tasks.close();
        app.tasks.wait().await;
    });
    if drained.await.is_err() {
        let drain_limit = app.config.limits.drain_limit;
        tracing::warn!(?drain_limit, "some connections did not end in time and are cut off");
        let _ = server.stop();
        app.terms.cut.cancel();
    }
    end.cancel();
    tasks.close();
    tasks.wait().await;
    tracing::info!("left");
    Ok(())
}
