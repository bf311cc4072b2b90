//! `/sse`: subscriptions as server-sent events.
//!
//! The handler answers with a head. Its body takes the place of the handler's when all middleware has seen that, right before
//! hyper writes it: what the hub sends goes past every body, so none may be wrapped around it.

use std::{
    convert::Infallible,
    future::ready,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt, StreamExt};
use serde_json::json;
use tokio::time::{Instant, interval_at};

use super::follow::{Followed, Follower};
use crate::{
    log_limit::bounded,
    socket::{Exchange, Transport},
    subscription::Opened,
};

/// When a browser connects again after a stream has ended: milliseconds, at random, so that not all come at once.
const RETRY_MS: std::ops::Range<u32> = 1000..3000;

/// A comment, so that proxies see that the stream is alive.
const PING: &str = ": ping\n\n";

pub(super) async fn sse(
    State(follower): State<Follower>,
    procedure: Option<Path<String>>,
    request: Request,
) -> Response {
    match follower.follow(procedure, request, Transport::EventStream).await {
        Ok(followed) => answer(followed, follower.engine().config.limits.ping_interval),
        Err(refusal) => refusal.into_response(),
    }
}

fn answer(followed: Followed, ping_interval: Duration) -> Response {
    let Followed { subscriptions, exchange, .. } = followed;
    let ids: Vec<_> = subscriptions.iter().map(Opened::id).collect();
    let (ids, retry) = (json!({ "subscriptions": ids }), rand::random_range(RETRY_MS));
    exchange.say(&format!("retry: {retry}\nevent: subscriptions\ndata: {ids}\n\n"));
    subscriptions.into_iter().for_each(Opened::begin);
    let body = EventStream(Arc::new(Mutex::new(Some(body(exchange, ping_interval)))));
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/event-stream"),
        (header::CACHE_CONTROL.as_str(), "no-store"),
        // For nginx.
        ("x-accel-buffering", "no"),
    ];
    let mut response = headers.into_response();
    response.extensions_mut().insert(body);
    response
}

/// A body without data of its own, that ends with the last subscription.
fn body(exchange: Exchange, ping_interval: Duration) -> Body {
    let over = async move {
        // hyper asks for the body when it has the head.
        exchange.begin_body();
        let mut pings = interval_at(Instant::now() + ping_interval, ping_interval);
        loop {
            tokio::select! {
                () = exchange.ended() => return,
                _ = pings.tick() => exchange.say_if_idle(PING),
            }
        }
    };
    Body::from_stream(over.into_stream().filter_map(|()| ready(None::<Result<Bytes, Infallible>>)))
}

/// The body of an event stream, on its way past all middleware in the response's extensions. Where a middleware drops it, the
/// subscriptions end.
#[derive(Clone)]
struct EventStream(Arc<Mutex<Option<Body>>>);

/// Gives an event stream its body. Other responses stay as they are.
pub(super) fn with_body(mut response: Response) -> Response {
    let Some(EventStream(body)) = response.extensions_mut().remove() else { return response };
    if let Some(encoding) = response.headers().get(header::CONTENT_ENCODING) {
        bounded!(error, ?encoding, "a middleware encodes event streams, which cannot be");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    response.headers_mut().remove(header::CONTENT_LENGTH);
    if let Some(body) = body.lock().unwrap_or_else(PoisonError::into_inner).take() {
        *response.body_mut() = body;
    }
    response
}
