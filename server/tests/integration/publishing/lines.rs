//! A service with a feed of each kind that is published to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tidings::{Channel, Context, Feed, Mutation, NoInput, Router, RpcError, Subscription};
use tidings_testkit::Client;

use crate::support::{TestBroker, TestServer};

/// A line of text.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Line {
    pub(super) text: String,
}

/// Streams every line.
#[derive(JsonSchema)]
pub(super) struct OnLine;

impl Subscription for OnLine {
    const NAME: &'static str = "lines.onLine";
    type Input = NoInput;
    type Event = Line;
    const FEED: Feed = Feed::Log;
}

/// Streams the newest headline.
#[derive(JsonSchema)]
pub(super) struct OnHeadline;

impl Subscription for OnHeadline {
    const NAME: &'static str = "lines.onHeadline";
    type Input = NoInput;
    type Event = Line;
    const FEED: Feed = Feed::State;
}

/// Publishes a line, and answers its id.
#[derive(JsonSchema)]
pub(super) struct Write;

impl Mutation for Write {
    const NAME: &'static str = "lines.write";
    type Input = Line;
    type Output = String;
}

async fn write(context: Context<()>, line: Line) -> Result<String, RpcError> {
    let id = context.publisher.publish::<OnLine>(&Channel::default(), &line).await?;
    Ok(id.as_str().to_owned())
}

pub(super) async fn serve(broker: &TestBroker, args: &[&str]) -> TestServer {
    let router = Router::<()>::new("Lines", "1.0.0")
        .mutation::<Write>(write)
        .public()
        .subscription::<OnLine>()
        .public()
        .subscription::<OnHeadline>()
        .public();
    broker.serve(args, router, ()).await
}

pub(super) fn line(text: impl Into<String>) -> Line {
    Line { text: text.into() }
}

pub(super) async fn follow<P: Subscription>(client: &mut Client) -> u64 {
    client.subscribe(P::NAME, json!({})).await
}

pub(super) async fn text(client: &mut Client, id: u64) -> String {
    let event = client.event(id).await;
    assert_eq!(event["type"], "data", "{event}");
    event["data"]["text"].as_str().unwrap().to_owned()
}

pub(super) fn all() -> Channel {
    Channel::default()
}
