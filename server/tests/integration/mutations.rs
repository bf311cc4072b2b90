use std::sync::Arc;

use schemars::JsonSchema;
use serde_json::json;
use tidings::{Context, Mutation, NoInput, Router, RpcError, Server};
use tokio::sync::Semaphore;

use crate::support::{TestBroker, TestServer};

/// Waits until the test lets it go on, and answers 1.
#[derive(JsonSchema)]
struct Wait;

impl Mutation for Wait {
    const NAME: &'static str = "wait";
    type Input = NoInput;
    type Output = u32;
}

async fn wait(context: Context<Arc<Semaphore>>, _: NoInput) -> Result<u32, RpcError> {
    context.state.acquire().await.unwrap().forget();
    Ok(1)
}

async fn serve(args: &[&str]) -> (TestServer, Arc<Semaphore>) {
    let releases = Arc::new(Semaphore::new(0));
    let router = Router::<Arc<Semaphore>>::new("Waits", "1.0.0").mutation::<Wait>(wait).public();
    let config = TestBroker::memory().config(args);
    let server = Server::new(config, router, releases.clone()).unwrap();
    (TestServer::serve(server, None).await, releases)
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"wait"}"#;

#[tokio::test]
async fn mutations_are_bounded_also_when_their_connections_have_closed() {
    let (server, releases) = serve(&["--max-mutations", "1"]).await;
    let mut first = server.client().await;
    first.send(CALL).await;
    // The connection and the mutation; then the mutation alone.
    server.until("it runs", |server| server.monitor.open_tasks() > 1).await;
    drop(first);
    server.until("it is alone", |server| server.metric("tidings_connections") == 0).await;

    let mut second = server.client().await;
    let refused = second.call("wait", json!({})).await;
    assert_eq!(refused["error"]["data"], json!({ "name": "serverBusy", "retryable": true }));
    releases.add_permits(1);
    server.until("it has ended", |_| releases.available_permits() == 0).await;
    releases.add_permits(1);
    // Until the place of the first one is free.
    while second.call("wait", json!({})).await["result"] != 1 {}
    drop(second);
    server.end().await;
}

#[tokio::test]
async fn a_replica_that_leaves_waits_for_mutations_until_the_drain_limit() {
    let (mut server, _releases) = serve(&["--drain-limit", "300ms"]).await;
    let mut client = server.client().await;
    client.send(CALL).await;
    server.until("it runs", |server| server.monitor.open_tasks() > 1).await;
    server.leave();
    server.ended().await;
    assert_eq!(server.monitor.open_tasks(), 0, "the mutation was left behind");
    drop(client);
}
