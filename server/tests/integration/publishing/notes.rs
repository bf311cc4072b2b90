//! A service that lets clients publish.

use reqwest::{Method, Response, header::HeaderMap};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidings::{Channel, Context, ErrorKind, Feed, Router, RpcError, Subscription};

use super::lines::{OnHeadline, OnLine};
use crate::support::{TestBroker, TestServer};

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Note {
    pub(super) text: String,
    #[serde(default)]
    pub(super) tags: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Room {
    room: Channel,
}

/// Streams the notes of a room.
#[derive(JsonSchema)]
pub(super) struct OnNote;

impl Subscription for OnNote {
    const NAME: &'static str = "notes.onNote";
    type Input = Room;
    type Event = Note;
    const FEED: Feed = Feed::Log;

    fn channel(input: &Room) -> Channel {
        input.room.clone()
    }
}

/// Refuses strangers, and does in some rooms what hooks do.
async fn may_publish(context: Context<()>, room: Channel) -> Result<(), RpcError> {
    match room.as_str() {
        "panics" => panic!("on purpose"),
        "busy" => Err(RpcError::new(ErrorKind::SERVER_BUSY, "too many notes; wait a little")),
        _ if context.caller.headers().contains_key("x-writer") => Ok(()),
        _ => Err(RpcError::forbidden("only writers publish notes")),
    }
}

pub(super) fn router() -> Router<()> {
    Router::<()>::new("Notes", "1.0.0")
        .subscription::<OnNote>()
        .allow_publish(may_publish)
        .public()
        .subscription::<OnHeadline>()
        .allow_publish(|_: Context<()>, _: Channel| async { Ok(()) })
        .public()
        .subscription::<OnLine>()
        .public()
        .instances()
        .public()
}

pub(super) async fn serve(broker: &TestBroker, args: &[&str]) -> TestServer {
    broker.serve(args, router(), ()).await
}

/// A writer's request, and its answer.
pub(super) async fn post(
    server: &TestServer,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> Response {
    let mut request = reqwest::Client::new()
        .request(Method::POST, server.url(path))
        .header("content-type", "application/json")
        .header("x-writer", "ada")
        .body(body);
    let mut more = HeaderMap::new();
    for (name, value) in headers {
        let name: reqwest::header::HeaderName = name.parse().unwrap();
        more.insert(name, value.parse().unwrap());
    }
    request = request.headers(more);
    request.send().await.unwrap()
}

/// The status and the body of an answer. What holds for all answers is checked here.
pub(super) async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let headers = response.headers();
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["content-type"], "application/json");
    let waits = headers.get("retry-after").map(|time| time.to_str().unwrap());
    assert_eq!(waits, matches!(status, 429 | 503).then_some("1"));
    (status, response.json().await.unwrap())
}

pub(super) async fn published(
    server: &TestServer,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Value {
    let (status, body) = answer(post(server, path, headers, body.to_string()).await).await;
    assert_eq!(status, 200, "{body}");
    body
}

pub(super) fn note(text: &str) -> Value {
    json!({ "text": text, "tags": [] })
}

/// An item of a batch.
pub(super) fn item(room: &str, data: impl Into<Value>) -> Value {
    json!({ "procedure": OnNote::NAME, "channel": room, "data": data.into() })
}

/// What an error looks like.
pub(super) fn error(code: i32, name: &str, message: &str, path: Option<&str>) -> Value {
    let mut data = json!({ "name": name, "retryable": matches!(code, -32050 | -32009) });
    if let Some(path) = path {
        data["path"] = path.into();
    }
    json!({ "code": code, "message": message, "data": data })
}
