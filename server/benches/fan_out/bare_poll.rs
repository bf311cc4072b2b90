//! A long poll of bare axum: one Valkey subscription, and each poll waits for the next message. No subscriptions, no checks,
//! and of the history only the newest event.

use std::env;

use axum::{
    Router,
    extract::{RawQuery, State},
    http::header::CONTENT_TYPE,
    response::IntoResponse,
    routing::get,
};
use futures_util::StreamExt as _;
use tokio::{net::TcpListener, sync::watch};

use crate::{broker::CHANNEL, error::BoxError, floor};

/// The newest event's id, and the answer that has it.
type Newest = (String, String);

/// Serves until it is killed, on `PORT`, with Valkey on `VALKEY_PORT`.
pub(crate) fn serve() -> Result<(), BoxError> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Result<(), BoxError> {
    let valkey = redis::Client::open(format!("redis://127.0.0.1:{}", env::var("VALKEY_PORT")?))?;
    let mut messages = valkey.get_async_pubsub().await?;
    messages.subscribe(CHANNEL).await?;
    let (publish, newest) = watch::channel(Newest::default());
    tokio::spawn(async move {
        let mut messages = messages.into_on_message();
        while let Some(message) = messages.next().await {
            if let Some((id, event)) = event(message.get_payload_bytes()) {
                let answer = format!(r#"{{"lastEventId":"{id}","events":[{event}]}}"#);
                publish.send_replace((id, answer));
            }
        }
    });
    let app = Router::new().route("/poll/onUpdates", get(poll)).with_state(newest);
    let listener = TcpListener::bind(format!("127.0.0.1:{}", env::var("PORT")?)).await?;
    floor::announce();
    Ok(axum::serve(listener, app).await?)
}

async fn poll(
    State(mut newest): State<watch::Receiver<Newest>>,
    RawQuery(query): RawQuery,
) -> impl IntoResponse {
    let cursor = query.as_deref().and_then(|query| query.split_once("lastEventId="));
    let answer = match cursor {
        Some((_, cursor)) => match newest.wait_for(|(id, _)| id != cursor).await {
            Ok(newest) => newest.1.clone(),
            Err(_) => String::new(),
        },
        None => format!(r#"{{"lastEventId":"{}","events":[]}}"#, newest.borrow().0),
    };
    ([(CONTENT_TYPE, "application/json")], answer)
}

/// An event's id, and the event as Tidings writes it.
fn event(message: &[u8]) -> Option<(String, String)> {
    let (header, data) = floor::header(message)?;
    let id = header.split('"').nth(3)?.to_owned();
    let data = std::str::from_utf8(data).ok()?;
    Some((id, format!(r#"{{"type":"data",{header},"instance":"bench","data":{data}}}"#)))
}
