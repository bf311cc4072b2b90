//! The HTTP routes.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse,
    routing::{any, get, post},
};
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use super::{
    follow::Follower,
    poll::poll,
    publish::{PublishEndpoint, publish_batch, publish_one},
    rpc::{RpcEndpoint, rpc},
    sse::sse,
};
use crate::{engine::Engine, readiness::Readiness, router::Routes};

/// The router for clients: the framework's paths, then the service's routes, files, and the service's fallback.
pub(crate) fn public(
    engine: &Arc<Engine>,
    routes: Routes,
    own: Router,
    readiness: Readiness,
    stop: jsonrpsee::server::StopHandle,
) -> Router {
    let (document, openapi) = (routes.document.clone(), routes.openapi.clone());
    let follower = Follower::new(engine, &routes);
    let publish = PublishEndpoint::new(routes.ingress.clone(), &engine.config.limits);
    let router = Router::new()
        .route("/sse", any(sse).with_state(follower.clone()))
        .route("/sse/{procedure}", any(sse).with_state(follower.clone()))
        .route("/poll", any(poll).with_state(follower.clone()))
        .route("/poll/{procedure}", any(poll).with_state(follower))
        .route(
            "/rpc",
            any(rpc).with_state(RpcEndpoint::new(&engine.config.limits, routes.methods, stop)),
        )
        .route("/publish", post(publish_batch).with_state(publish.clone()))
        .route("/publish/{procedure}/{channel}", post(publish_one).with_state(publish))
        .route("/healthz", get("ok\n"))
        .route("/readyz", get(ready).with_state(readiness))
        // A cache that answers for a server would also answer for a dead one.
        .layer(cache_control("no-store"))
        .route("/openrpc.json", get(async move || json(document.to_string())))
        .route("/openapi.json", get(async move || json(openapi.to_string())));
    match &engine.config.static_dir {
        Some(folder) => {
            // Order: the service's routes, files, the service's fallback.
            let files = ServeDir::new(folder).call_fallback_on_method_not_allowed(true);
            router.fallback_service(own.clone().fallback_service(files.fallback(own)))
        }
        None => router.fallback_service(own),
    }
}

/// The router for operators, on `--admin-listen`.
pub(crate) fn admin(engine: Arc<Engine>) -> Router {
    let metrics = async move || {
        let version = "text/plain; version=0.0.4; charset=utf-8";
        ([(header::CONTENT_TYPE, version)], engine.render_metrics())
    };
    Router::new().route("/metrics", get(metrics))
}

async fn ready(State(readiness): State<Readiness>) -> impl IntoResponse {
    match readiness.check() {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason),
    }
}

/// A document of the service. A deploy may change it, so a cache has to ask each time.
fn json(body: String) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], body)
}

fn cache_control(value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static(value))
}
