//! Which path leads where.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{any, get},
};
use tower_http::services::ServeDir;

use super::rpc::{RpcEndpoint, rpc};
use crate::{app::App, readiness::Readiness, router::Routes};

/// What clients reach.
pub(crate) fn public(
    app: &Arc<App>,
    routes: Routes,
    readiness: Readiness,
    stop: jsonrpsee::server::StopHandle,
) -> Router {
    let document = routes.document.clone();
    let router = Router::new()
        .route(
            "/rpc",
            any(rpc).with_state(RpcEndpoint::new(&app.config.limits, routes.methods, stop)),
        )
        .route("/openrpc.json", get(async move || json(document.to_string())))
        .route("/healthz", get("ok\n"))
        .route("/readyz", get(ready).with_state(readiness));
    match &app.config.static_dir {
        Some(folder) => router.fallback_service(ServeDir::new(folder)),
        None => router,
    }
}

/// What only operators reach.
pub(crate) fn admin(app: Arc<App>) -> Router {
    let metrics = async move || {
        let version = "text/plain; version=0.0.4; charset=utf-8";
        ([(header::CONTENT_TYPE, version)], app.metrics.render())
    };
    Router::new().route("/metrics", get(metrics))
}

async fn ready(State(readiness): State<Readiness>) -> impl IntoResponse {
    match readiness.check() {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason),
    }
}

fn json(body: String) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], body)
}
