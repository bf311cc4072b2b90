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
/// The input of a subscription to `list-1`, in a query.
const LIST: &str = "input=%7B%22channel%22%3A%22list-1%22%7D";
/// The payload of a large event: bytes.
const LARGE: usize = 500_000;
/// After how long without traffic a proxy closes a connection in the check of pings: seconds.
const IDLE_SECONDS: u32 = 3;
/// Pings that take more than twice as long: the replica sends two a second.
const PINGS: usize = 14;

type Check = for<'a> fn(&'a mut Stage) -> LocalBoxFuture<'a, ()>;

macro_rules! checks {
    ($($name:ident,)+) => {
        /// By their names, in the order in which they run.
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
    each_event_of_a_stream_comes_before_the_next_is_published,
    a_waiting_poll_is_answered_by_the_next_event,
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

async fn each_event_of_a_stream_comes_before_the_next_is_published(stage: &mut Stage) {
    let url = format!("{}/sse/onUpdates?{LIST}", stage.front.url());
    let mut stream = http().get(url).send().await.unwrap().error_for_status().unwrap();
    read_until(&mut stream, "started").await;
    for n in 0..5 {
        stage.publish(&format!("streamed {n}")).await;
        read_until(&mut stream, &format!("streamed {n}")).await;
    }
}

async fn a_waiting_poll_is_answered_by_the_next_event(stage: &mut Stage) {
    let poll = format!("{}/poll/onUpdates?{LIST}", stage.front.url());
    let first = json_of(format!("{poll}&waitMs=0")).await;
    let cursor = first["lastEventId"].as_str().unwrap_or_else(|| panic!("no cursor: {first}"));
    let waiting = json_of(format!("{poll}&lastEventId={cursor}"));
    let (answer, ()) = join(waiting, stage.publish("polled")).await;
    assert_eq!(answer["events"][0]["data"][0]["name"], "polled", "{answer}");
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

/// Reads a stream until it has said `text`. Where a proxy keeps it back, patience ends.
async fn read_until(stream: &mut reqwest::Response, text: &str) {
    let reading = async {
        let mut read = String::new();
        while !read.contains(text) {
            let chunk = stream.chunk().await.unwrap();
            let chunk = chunk.unwrap_or_else(|| panic!("the stream has ended after {read:?}"));
            read.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("{text:?} has not come"));
}

/// Gets an answer, on a new connection.
async fn json_of(url: String) -> Value {
    let answer = timeout(PATIENCE, http().get(url).send()).await.expect("no answer has come");
    answer.unwrap().error_for_status().unwrap().json().await.unwrap()
}

fn http() -> reqwest::Client {
    // In the server's own process it does so itself.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// Asks for a user over POST, on a new connection.
async fn query(stage: &Stage) -> reqwest::Result<Value> {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "userById", "params": { "id": "1" } });
    let post = http().post(format!("{}/rpc", stage.front.url())).json(&call);
    let mut answer: Value = post.send().await?.error_for_status()?.json().await?;
    Ok(answer["result"]["name"].take())
}
