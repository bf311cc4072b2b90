//! By default, no message is larger than 1 MiB, the most that many WebSocket clients take.

use jsonrpsee::{
    core::client::{ClientT, Subscription as Events, SubscriptionClientT},
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidings::{
    Channel, Context, Event, Feed, Limits, NoInput, PublishError, Publisher, Query, Router,
    RpcError, Subscription, Target,
};

use crate::support::{TestBroker, TestServer, with_both_brokers};

/// The largest message: bytes.
const MESSAGE: u32 = 1024 * 1024;

/// The largest payload: bytes.
fn largest_payload() -> usize {
    Limits::default().max_payload_bytes as usize
}

/// The most that an event's message has beside its payload: bytes.
const ENVELOPE: usize = 2 * 1024;

/// Some text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Text {
    /// The text.
    text: String,
    /// What publishers may leave out.
    #[serde(default)]
    more: Vec<String>,
}

/// Streams texts.
#[derive(JsonSchema)]
struct OnText;
impl Subscription for OnText {
    const NAME: &'static str = "onText";
    type Input = NoInput;
    type Event = Text;
    const FEED: Feed = Feed::Log;
}

/// Streams the newest text.
#[derive(JsonSchema)]
struct OnNewest;
impl Subscription for OnNewest {
    const NAME: &'static str = "onNewest";
    type Input = NoInput;
    type Event = Text;
    const FEED: Feed = Feed::State;
}

/// How long an answer should be.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Length {
    /// Bytes.
    bytes: usize,
}

/// Answers a text of that length.
#[derive(JsonSchema)]
struct Letters;
impl Query for Letters {
    const NAME: &'static str = "letters";
    type Input = Length;
    type Output = String;
}

async fn letters(_: Context<()>, length: Length) -> Result<String, RpcError> {
    Ok("x".repeat(length.bytes))
}

async fn serve(broker: &TestBroker, args: &[&str]) -> TestServer {
    let router = Router::<()>::new("Texts", "1.0.0")
        .query::<Letters>(letters)
        .public()
        .subscription::<OnText>()
        .public()
        .subscription::<OnNewest>()
        .public();
    broker.serve(args, router, ()).await
}

/// A text whose payload has `bytes` bytes.
fn text(bytes: usize) -> Text {
    let rest = json!({ "text": "", "more": [] }).to_string().len();
    Text { text: "x".repeat(bytes - rest), more: Vec::new() }
}

/// A client that takes messages of at most 1 MiB, as many do by default.
async fn strict(server: &TestServer) -> WsClient {
    let client = WsClientBuilder::default().max_response_size(MESSAGE);
    client.build(server.ws_url()).await.unwrap()
}

async fn follow(client: &WsClient, name: &str, input: Value) -> Events<Event<Text>> {
    let unsubscribe = format!("{name}_unsubscribe");
    let events = client.subscribe(name, rpc_params![input], &unsubscribe).await;
    let mut events: Events<Event<Text>> = events.unwrap();
    assert!(matches!(events.next().await, Some(Ok(Event::Started { .. }))));
    events
}

async fn data(events: &mut Events<Event<Text>>) -> Text {
    match events.next().await {
        Some(Ok(Event::Data { data, .. })) => data,
        other => panic!("{other:?}"),
    }
}

with_both_brokers! {
    the_largest_event_reaches_a_client_that_takes_1_mib,
    one_byte_more_is_refused_by_the_publisher_and_left_out_by_replicas,
}

async fn the_largest_event_reaches_a_client_that_takes_1_mib(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let client = strict(&server).await;
    let mut live = follow(&client, "onText", json!({})).await;
    let mut live_newest = follow(&client, "onNewest", json!({})).await;
    let (all, largest) = (Channel::default(), text(largest_payload()));
    let first = server.publisher.publish::<OnText>(&all, &text(100)).await.unwrap();
    server.publisher.publish::<OnText>(&all, &largest).await.unwrap();
    server.publisher.publish::<OnNewest>(&all, &largest).await.unwrap();
    assert_eq!(data(&mut live).await, text(100));
    assert_eq!(data(&mut live).await, largest);
    assert_eq!(data(&mut live_newest).await, largest);

    // From the window, and as the newest value.
    let late = strict(&server).await;
    let mut resumed = follow(&late, "onText", json!({ "lastEventId": first.as_str() })).await;
    assert_eq!(data(&mut resumed).await, largest);
    assert_eq!(data(&mut follow(&late, "onNewest", json!({})).await).await, largest);
    drop((client, late, live, live_newest, resumed));
    server.end().await;
}

async fn one_byte_more_is_refused_by_the_publisher_and_left_out_by_replicas(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let client = strict(&server).await;
    let mut events = follow(&client, "onText", json!({})).await;
    let most = largest_payload();
    let (all, too_large) = (Channel::default(), text(most + 1));
    let error = server.publisher.publish::<OnText>(&all, &too_large).await.unwrap_err();
    assert_eq!(error, PublishError::TooLarge { bytes: most + 1, max: most });

    // Past the publisher's check: too large itself, and too large with what its type adds.
    let target = Target {
        namespace: OnText::NAMESPACE.to_owned(),
        channel: all.clone(),
        state_retention: None,
    };
    let short = json!({ "text": too_large.text }).to_string();
    assert!(short.len() < most);
    for payload in [serde_json::to_string(&too_large).unwrap(), short] {
        server.publisher.publish_raw(&target, payload, None).await.unwrap();
        let gap = serde_json::to_value(events.next().await.unwrap().unwrap()).unwrap();
        assert_eq!((&gap["type"], &gap["reason"]), (&json!("gap"), &json!("payloadRejected")));
    }
    drop((client, events));
    server.end().await;
}

#[tokio::test]
async fn a_publisher_in_another_process_knows_the_limit_too() {
    let mut broker = TestBroker::valkey().await;
    let publisher = Publisher::connect(&broker.process().url()).await.unwrap();
    let most = largest_payload();
    let (all, too_large) = (Channel::default(), text(most + 1));
    let error = publisher.publish::<OnText>(&all, &too_large).await.unwrap_err();
    assert_eq!(error, PublishError::TooLarge { bytes: most + 1, max: most });
    let publisher = publisher.with_max_payload_bytes(1024 * 1024);
    publisher.publish::<OnText>(&all, &too_large).await.unwrap();
}

/// JSON writes each byte of this instance's name as six.
#[tokio::test]
async fn an_event_has_at_most_2_kib_beside_its_payload() {
    let broker = TestBroker::memory();
    let instance = "\u{1}".repeat(255);
    let server = serve(&broker, &["--instance", &instance]).await;
    let mut client = server.client().await;
    client.subscribe(OnText::NAME, json!({})).await;
    let all = Channel::default();
    server.publisher.publish::<OnText>(&all, &text(100)).await.unwrap();
    let beside = client.message().await.to_string().len() - 100;
    assert!(beside > 255 * 6, "{beside}");
    // What the longest procedure name, offset, subscription id and time would add.
    assert!(beside + 100 + 20 + 20 + 20 <= ENVELOPE, "{beside}");
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn an_answer_has_at_most_1_mib_alone_and_in_a_batch() {
    let broker = TestBroker::memory();
    let server = serve(&broker, &[]).await;
    let client = strict(&server).await;
    let letters = async |bytes: usize| {
        client.request::<String, _>("letters", rpc_params![json!({ "bytes": bytes })]).await
    };
    let most = MESSAGE as usize - 100;
    assert_eq!(letters(most).await.unwrap().len(), most);
    let error = letters(MESSAGE as usize).await.unwrap_err().to_string();
    assert!(error.contains("-32008") || error.contains("too big"), "{error}");

    let mut client = server.client().await;
    let call = |id| json!({ "jsonrpc": "2.0", "id": id, "method": "letters", "params": { "bytes": MESSAGE / 2 } });
    client.send(json!([call(1), call(2)]).to_string()).await;
    let answer = client.message().await;
    assert_eq!(answer["error"]["code"], -32011, "it is not {}", answer.to_string().len());
    drop(client);
    server.end().await;
}
