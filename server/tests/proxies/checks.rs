//! What every proxy has to do.

use std::fmt::Display;

use futures_util::{
    FutureExt as _,
    future::{LocalBoxFuture, join},
};
use serde_json::{Value, json};
use tidings_testkit::Client;
use tokio::time::timeout;

use crate::{
    Skip,
    stage::{MAX_CONNECTIONS, PATIENCE, Stage},
};

/// How many clients come while a replica is away.
const NEWCOMERS: usize = 40;
/// The payload of a large event: bytes.
const LARGE: usize = 500_000;
/// After how long without traffic a proxy closes a connection in the check of pings: seconds.
const IDLE_SECONDS: u32 = 3;
/// Pings that take more than twice as long: the replica sends two a second.
const PINGS: usize = 14;

type Check = for<'a> fn(&'a mut Stage) -> LocalBoxFuture<'a, ()>;

macro_rules! checks {
    ($($name:ident,)+) => {
        /// By their names, in the order in which they run. SSE and long poll are to be added here.
        pub(crate) const CHECKS: &[(&str, Check)] =
            &[$((stringify!($name), |stage| $name(stage).boxed_local())),+];
    };
}

checks! {
    a_websocket_is_opened_and_answers,
    twenty_events_come_in_order,
    a_large_event_comes_whole,
    pings_keep_an_idle_connection_open,
    a_query_is_answered_over_post,
    a_replica_that_leaves_says_so_and_its_client_resumes,
    the_client_of_a_killed_replica_resumes,
    new_clients_are_served_while_a_replica_is_dead,
    calls_over_post_are_answered_while_a_replica_is_dead,
    new_clients_are_served_while_a_replica_is_full,
}

async fn a_websocket_is_opened_and_answers(stage: &mut Stage) {
    let mut client = Client::connect(&stage.front.ws_url()).await;
    let answer = client.call("userById", json!({ "id": "1" })).await;
    assert_eq!(answer["result"]["name"], "Leanne Graham");
}

async fn twenty_events_come_in_order(stage: &mut Stage) {
    let mut follower = stage.follow().await;
    for n in 0..20 {
        stage.publish(&n.to_string()).await;
    }
    for n in 0..20 {
        assert_eq!(follower.name().await, n.to_string());
    }
}

async fn a_large_event_comes_whole(stage: &mut Stage) {
    let mut follower = stage.follow().await;
    let around = json!([{ "id": "1", "name": "" }]).to_string().len();
    let name = "x".repeat(LARGE - around);
    stage.publish(&name).await;
    stage.publish("next").await;
    assert!(follower.name().await == name, "another event");
    assert_eq!(follower.name().await, "next");
}

async fn pings_keep_an_idle_connection_open(stage: &mut Stage) {
    let front = stage.front_that_closes_after(IDLE_SECONDS).await;
    let mut client = Client::connect(&front.ws_url()).await;
    client.pings(PINGS).await;
    let answer = client.call("userById", json!({ "id": "1" })).await;
    assert_eq!(answer["result"]["name"], "Leanne Graham");
}

async fn a_query_is_answered_over_post(stage: &mut Stage) {
    assert_eq!(query(stage).await.unwrap(), "Leanne Graham");
}

async fn a_replica_that_leaves_says_so_and_its_client_resumes(stage: &mut Stage) {
    let mut follower = stage.follow().await;
    stage.publish("before").await;
    assert_eq!(follower.name().await, "before");
    let leaving = follower.replica;
    let (left, close) = join(stage.replicas[leaving].stop(), follower.client.closed()).await;
    left.unwrap();
    let close = close.expect("a close frame, not a connection that just ended");
    assert_eq!(u16::from(close.code), 1012, "{close:?}");
    stage.publish("while away").await;
    stage.reconnect(&mut follower).await;
    assert_ne!(follower.replica, leaving);
    stage.publish("after").await;
    assert_eq!(follower.name().await, "while away");
    assert_eq!(follower.name().await, "after");
}

async fn the_client_of_a_killed_replica_resumes(stage: &mut Stage) {
    let mut follower = stage.follow().await;
    stage.publish("before").await;
    assert_eq!(follower.name().await, "before");
    let killed = follower.replica;
    stage.replicas[killed].kill();
    follower.client.closed().await;
    stage.publish("while away").await;
    stage.reconnect(&mut follower).await;
    assert_ne!(follower.replica, killed);
    stage.publish("after").await;
    assert_eq!(follower.name().await, "while away");
    assert_eq!(follower.name().await, "after");
}

async fn new_clients_are_served_while_a_replica_is_dead(stage: &mut Stage) {
    stage.replicas[0].kill();
    newcomers(stage.skips.dead, async || websocket(stage).await).await;
}

async fn calls_over_post_are_answered_while_a_replica_is_dead(stage: &mut Stage) {
    stage.replicas[0].kill();
    newcomers(stage.skips.dead_post, async || query(stage).await.map(drop)).await;
}

/// A replica that has all the connections that it may have answers 503. Only WebSockets: a proxy cannot know that a POST
/// had no effect.
async fn new_clients_are_served_while_a_replica_is_full(stage: &mut Stage) {
    let url = stage.replicas[0].ws_url();
    let mut crowd = Vec::new();
    // How many there is room for depends on the connections that the proxy keeps.
    while let Ok(client) = Client::try_connect(&url).await {
        crowd.push(client);
        assert!(crowd.len() <= MAX_CONNECTIONS);
    }
    newcomers(stage.skips.full, async || websocket(stage).await).await;
}

/// Lets clients come one after the other. `serve` answers what the proxy says to one of them.
async fn newcomers<E: Display>(skip: Skip, serve: impl AsyncFn() -> Result<(), E>) {
    let refused = async || {
        let mut refused = Vec::new();
        for _ in 0..NEWCOMERS {
            if let Err(error) = serve().await {
                refused.push(error.to_string());
            }
        }
        refused
    };
    let outcome = async {
        match skip {
            Skip::AtOnce => assert_eq!(refused().await, [""; 0], "of {NEWCOMERS}"),
            Skip::Soon => while !refused().await.is_empty() {},
            Skip::ByRetry => {
                for _ in 0..NEWCOMERS {
                    while serve().await.is_err() {}
                }
            }
        }
    };
    timeout(PATIENCE, outcome).await.expect("clients are still refused");
}

async fn websocket(stage: &Stage) -> Result<(), impl Display> {
    Client::try_connect(&stage.front.ws_url()).await.map(drop)
}

/// Asks for a user over POST, on a new connection.
async fn query(stage: &Stage) -> reqwest::Result<Value> {
    // In the server's own process it does so itself.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "userById", "params": { "id": "1" } });
    let post = reqwest::Client::new().post(format!("{}/rpc", stage.front.url())).json(&call);
    let mut answer: Value = post.send().await?.error_for_status()?.json().await?;
    Ok(answer["result"]["name"].take())
}
