//! The `Context` of handlers: the state, a publisher, and the caller.

use std::sync::{Arc, Mutex};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidings::{
    Channel, Context, Feed, Mutation, NoInput, Query, Router, RpcError, Server, Subscription,
    axum::{self, extract::Request, middleware, response::Response},
};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{TestBroker, TestServer};

/// The parts of the `Caller` that the tests compare.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Learnt {
    connection: u64,
    address: String,
    tenant: Option<String>,
    signed_in: Option<String>,
    greeting: String,
}

/// Returns the handler's `Caller`.
#[derive(JsonSchema)]
struct WhoAmI;

impl Query for WhoAmI {
    const NAME: &'static str = "whoAmI";
    type Input = NoInput;
    type Output = Learnt;
}

/// Publishes a word.
#[derive(JsonSchema)]
struct Say;

/// A word.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Word {
    word: String,
}

impl Mutation for Say {
    const NAME: &'static str = "say";
    type Input = Word;
    type Output = String;
}

/// Streams words.
#[derive(JsonSchema)]
struct OnWord;

impl Subscription for OnWord {
    const NAME: &'static str = "onWord";
    type Input = NoInput;
    type Event = Word;
    const FEED: Feed = Feed::Log;
}

/// The service's state: a greeting, and a place where handlers can keep their `Context`.
struct Greeter {
    greeting: &'static str,
    keeps: bool,
    kept: Mutex<Vec<Context<Self>>>,
}

/// The extension that the middleware inserts.
#[derive(Clone)]
struct SignedIn(String);

fn keep(context: &Context<Greeter>) {
    if context.state.keeps {
        context.state.kept.lock().unwrap().push(context.clone());
    }
}

fn learnt(context: &Context<Greeter>) -> Learnt {
    let caller = &context.caller;
    let tenant = caller.headers().get("x-tenant").map(|t| t.to_str().unwrap().to_owned());
    let signed_in = caller.extensions().get::<SignedIn>().map(|SignedIn(name)| name.clone());
    Learnt {
        connection: caller.connection(),
        address: caller.address().to_string(),
        tenant,
        signed_in,
        greeting: context.state.greeting.to_owned(),
    }
}

async fn who_am_i(context: Context<Greeter>, _: NoInput) -> Result<Learnt, RpcError> {
    keep(&context);
    Ok(learnt(&context))
}

async fn say(context: Context<Greeter>, input: Word) -> Result<String, RpcError> {
    keep(&context);
    let id = context.publisher.publish::<OnWord>(&Channel::default(), &input).await?;
    Ok(id.as_str().to_owned())
}

async fn may_listen(context: Context<Greeter>, _: NoInput) -> Result<(), RpcError> {
    keep(&context);
    let Learnt { tenant, signed_in, .. } = learnt(&context);
    if tenant.as_deref() == Some("closed") {
        return Err(RpcError::forbidden(format!("{signed_in:?} may not listen")));
    }
    Ok(())
}

async fn serve(keeps: bool) -> (TestServer, Arc<Greeter>) {
    let state = Greeter { greeting: "hello", keeps, kept: Mutex::default() };
    let router = Router::<Greeter>::new("Words", "1.0.0")
        .query::<WhoAmI>(who_am_i)
        .public()
        .mutation::<Say>(say)
        .public()
        .subscription::<OnWord>()
        .authorize(may_listen);
    let server = Server::new(TestBroker::memory().config(&[]), router, state).unwrap();
    let state = server.state();
    let server = server.wrap(|router| router.layer(middleware::from_fn(sign_in)));
    (TestServer::serve(server, None).await, state)
}

/// Takes `authorization` for the caller's name.
async fn sign_in(mut request: Request, next: middleware::Next) -> Response {
    if let Some(name) = request.headers().get(axum::http::header::AUTHORIZATION) {
        let name = SignedIn(name.to_str().unwrap().to_owned());
        request.extensions_mut().insert(name);
    }
    next.run(request).await
}

async fn post(server: &TestServer, http: &reqwest::Client, headers: &[(&str, &str)]) -> Value {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "whoAmI" });
    let mut request = http.post(server.url("/rpc")).json(&call);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().json::<Value>().await.unwrap()["result"].take()
}

/// A WebSocket whose handshake has these headers.
async fn connect(server: &TestServer, headers: &[(&'static str, &str)]) -> tidings_testkit::Client {
    let mut request = server.ws_url().into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    tidings_testkit::Client::connect_with(request).await
}

#[tokio::test]
async fn a_handler_has_the_state_and_can_publish() {
    let (server, _) = serve(false).await;
    let mut client = server.client().await;
    assert_eq!(client.call("whoAmI", json!({})).await["result"]["greeting"], "hello");
    let id = client.subscribe("onWord", json!({})).await;
    let published = client.call("say", json!({ "word": "tidings" })).await["result"].take();
    let event = client.event(id).await;
    assert_eq!((&event["id"], &event["data"]["word"]), (&published, &json!("tidings")));
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_connection_has_one_id_and_no_other_connection_has_it() {
    let (server, _) = serve(false).await;
    let (mut one, mut two) = (server.client().await, server.client().await);
    let first = one.call("whoAmI", json!({})).await["result"].take();
    let second = two.call("whoAmI", json!({})).await["result"].take();
    assert_ne!(first["connection"], second["connection"]);
    assert_eq!(one.call("whoAmI", json!({})).await["result"], first);
    assert_eq!(first["address"], one.local_address().to_string());
    assert_eq!(second["address"], two.local_address().to_string());

    // One client of HTTP keeps its connection from one POST to the next.
    let http = reqwest::Client::new();
    let third = post(&server, &http, &[]).await;
    assert_eq!(post(&server, &http, &[]).await, third);
    let fourth = post(&server, &reqwest::Client::new(), &[]).await;
    let ids = [&first, &second, &third, &fourth].map(|learnt| learnt["connection"].as_u64());
    let different: std::collections::BTreeSet<_> = ids.into_iter().collect();
    assert_eq!(different.len(), 4, "{ids:?}");
    drop((one, two, http));
    server.end().await;
}

#[tokio::test]
async fn headers_and_what_middleware_found_reach_every_handler() {
    let (server, _) = serve(false).await;
    let headers = [("x-tenant", "acme"), ("authorization", "Ada")];
    let mut client = connect(&server, &headers).await;
    let learnt = client.call("whoAmI", json!({})).await["result"].take();
    assert_eq!((&learnt["tenant"], &learnt["signedIn"]), (&json!("acme"), &json!("Ada")));
    client.subscribe("onWord", json!({})).await;
    let mut other = connect(&server, &[("x-tenant", "closed"), ("authorization", "Eve")]).await;
    let refused = other.call("onWord", json!({})).await;
    assert_eq!(refused["error"]["message"], "Some(\"Eve\") may not listen");
    let mut plain = server.client().await;
    let learnt = plain.call("whoAmI", json!({})).await["result"].take();
    assert_eq!((&learnt["tenant"], &learnt["signedIn"]), (&json!(null), &json!(null)));

    // Those of each POST, on one connection.
    let http = reqwest::Client::new();
    let learnt = post(&server, &http, &headers).await;
    assert_eq!((&learnt["tenant"], &learnt["signedIn"]), (&json!("acme"), &json!("Ada")));
    let learnt = post(&server, &http, &[]).await;
    assert_eq!((&learnt["tenant"], &learnt["signedIn"]), (&json!(null), &json!(null)));
    drop((client, other, plain, http));
    server.end().await;
}

#[tokio::test]
async fn headers_beyond_their_bound_are_refused() {
    let (server, _) = serve(false).await;
    let http = reqwest::Client::new();
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "whoAmI" });
    let large = "x".repeat(16 * 1024);
    let refused = http.post(server.url("/rpc")).json(&call).header("x-tenant", &large);
    let refused = refused.send().await.unwrap();
    assert_eq!(refused.status(), 431);
    let fault = "the headers of a request may have 16384 bytes in all\n";
    assert_eq!(refused.text().await.unwrap(), fault);

    let upgrade = http.get(server.url("/rpc"));
    let upgrade = upgrade.header("connection", "upgrade").header("upgrade", "websocket");
    let upgrade = upgrade.header("sec-websocket-version", "13").header("x-tenant", &large);
    let upgrade = upgrade.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(upgrade.send().await.unwrap().status(), 431);

    // Below it they are taken, and nothing is left of those that were refused.
    let learnt = post(&server, &http, &[("x-tenant", &large[..12 * 1024])]).await;
    assert_eq!(learnt["tenant"].as_str().unwrap().len(), 12 * 1024);
    drop(http);
    server.until("it is gone", |server| server.metric("tidings_connections") == 0).await;
    server.end().await;
}

#[tokio::test]
async fn a_handler_that_keeps_what_it_received_keeps_no_connection_open() {
    let (server, state) = serve(true).await;
    let mut client = connect(&server, &[("x-tenant", "acme")]).await;
    client.call("whoAmI", json!({})).await;
    client.call("say", json!({ "word": "tidings" })).await;
    client.subscribe("onWord", json!({})).await;
    let http = reqwest::Client::new();
    post(&server, &http, &[("x-tenant", "acme")]).await;
    drop((client, http));
    server.until("they are gone", |server| server.monitor.open_tasks() == 0).await;
    assert_eq!(server.metric("tidings_connections"), 0);
    let kept = std::mem::take(&mut *state.kept.lock().unwrap());
    assert_eq!(kept.len(), 4);
    for context in &kept {
        assert_eq!(context.caller.headers()["x-tenant"], "acme", "it can still be read");
        assert!(!format!("{context:?}").contains("acme"), "headers may hold secrets");
    }
    server.end().await;
}
