use std::sync::{Arc, Mutex};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tidings::{Context, Mutation, NoInput, Query, Router, RpcError, Server};
use tokio::sync::Semaphore;

use crate::support::{RawClient, TestBroker, TestServer, call, list, masked, name};

/// Writes down its number.
#[derive(JsonSchema)]
struct Note;

/// Writes down its number, too.
#[derive(JsonSchema)]
struct Change;

/// Waits until the test lets it go on.
#[derive(JsonSchema)]
struct Wait;

#[derive(Deserialize, JsonSchema)]
struct Number {
    number: usize,
}

impl Query for Note {
    const NAME: &'static str = "note";
    type Input = Number;
    type Output = bool;
}

impl Mutation for Change {
    const NAME: &'static str = "change";
    type Input = Number;
    type Output = bool;
}

impl Query for Wait {
    const NAME: &'static str = "wait";
    type Input = NoInput;
    type Output = bool;
}

struct Book {
    numbers: Mutex<Vec<usize>>,
    releases: Semaphore,
}

async fn note(context: Context<Arc<Book>>, input: Number) -> Result<bool, RpcError> {
    context.state.numbers.lock().unwrap().push(input.number);
    // So that it does not end where it begins.
    tokio::task::yield_now().await;
    Ok(true)
}

async fn wait(context: Context<Arc<Book>>, _: NoInput) -> Result<bool, RpcError> {
    context.state.releases.acquire().await.unwrap().forget();
    Ok(true)
}

async fn serve(args: &[&str]) -> (TestServer, Arc<Book>) {
    let book = Book { numbers: Mutex::default(), releases: Semaphore::new(0) };
    let book = Arc::new(book);
    let router = Router::<Arc<Book>>::new("Notes", "1.0.0")
        .query::<Note>(note)
        .public()
        .mutation::<Change>(note)
        .public()
        .query::<Wait>(wait)
        .public();
    let server = Server::new(TestBroker::memory().config(args), router, book.clone()).unwrap();
    (TestServer::serve(server, None).await, book)
}

fn number(number: usize) -> Value {
    json!({ "number": number })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_one_write_start_in_the_order_in_which_they_stand() {
    const CALLS: usize = 500;
    // Also where most of them have to wait for room.
    for max_calls in ["7", "1000"] {
        let (server, book) = serve(&["--max-calls", max_calls]).await;
        let mut client = RawClient::connect(&server).await;
        let calls = (0..CALLS).map(|n| call(n, ["note", "change"][n % 2], number(n)));
        client.send_together(&calls.collect::<Vec<_>>()).await;
        for _ in 0..CALLS {
            assert_eq!(client.answer().await["result"], true);
        }
        assert_eq!(*book.numbers.lock().unwrap(), (0..CALLS).collect::<Vec<_>>());
        drop(client);
        server.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_call_does_not_delay_the_next() {
    let (server, book) = serve(&[]).await;
    let mut client = RawClient::connect(&server).await;
    let wait = call("slow", "wait", json!({}));
    client.send_together(&[wait.clone(), call("quick", "note", number(0)), wait]).await;
    assert_eq!(client.answer().await["id"], "quick");
    book.releases.add_permits(2);
    for _ in 0..2 {
        assert_eq!(client.answer().await["id"], "slow");
    }
    drop(client);
    server.end().await;
}

/// Whatever stands between them: everything that jsonrpsee answers by itself, or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_call_holds_up_no_call() {
    let text = |text: &str| masked(0x81, text.as_bytes());
    let batch = |calls: &[Value]| text(&json!(calls).to_string());
    let notification = json!({ "jsonrpc": "2.0", "method": "note", "params": number(9) });
    let between = [
        text("garbage"),
        text(""),
        text("   "),
        text(&" ".repeat(200)),
        text("{"),
        text("{}"),
        text(r#"{"id":21}"#),
        text("[]"),
        text("[1,2]"),
        text("[{"),
        text("\"a string\""),
        masked(0x81, b"\xff\xfe"),
        masked(0x82, b"binary"),
        text(&notification.to_string()),
        batch(&[notification.clone(), notification]),
        text(&call(1.5, "note", number(9)).to_string()),
        text(&call(json!({}), "note", number(9)).to_string()),
        text(&call(1, "nothing", json!({})).to_string()),
        text(&call(1, "note", json!([1, 2, 3])).to_string()),
        text(&call(1, "note_unsubscribe", json!([7])).to_string()),
        batch(&vec![call(1, "rpc.ping", json!({})); 33]),
        batch(&[call(1, "rpc.ping", json!({})), json!(3)]),
        // Larger than a request may be.
        text(&"x".repeat(60_000)),
        masked(0x89, b"ping"),
        masked(0x8a, b"pong"),
        [masked(0x01, b"gar"), masked(0x8a, b"pong"), masked(0x89, b"ping"), masked(0x80, b"bage")]
            .concat(),
    ];
    let (server, book) = serve(&["--max-request-bytes", "50000", "--max-calls", "20"]).await;
    let mut client = RawClient::connect(&server).await;
    let mut calls = 0;
    let mut bytes = Vec::new();
    for message in between.iter().chain(&between) {
        bytes
            .extend(text(&call(json!(format!("good {calls}")), "note", number(calls)).to_string()));
        bytes.extend(message);
        calls += 1;
    }
    bytes.extend(text(&call("good", "note", number(calls)).to_string()));
    let sending = client.send(&bytes);
    // The kernels take all of it.
    sending.await;
    let mut answered = 0;
    while answered <= calls {
        let Some(frame) = client.frame().await else { panic!("the connection has ended") };
        let Ok(answer) = serde_json::from_slice::<Value>(&frame.payload) else { continue };
        let is_good = answer["id"].as_str().is_some_and(|id| id.starts_with("good"));
        answered += usize::from(is_good);
    }
    assert_eq!(*book.numbers.lock().unwrap(), (0..=calls).collect::<Vec<_>>());
    drop(client);
    server.end().await;
}

fn subscribe(id: usize, channel: usize) -> Value {
    call(id, "onUpdates", json!({ "channel": format!("list-{channel}") }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_limit_the_first_calls_of_a_write_get_the_places() {
    let server = TestServer::on_memory(&["--max-subscriptions", "3"]).await;
    for _ in 0..10 {
        let mut client = RawClient::connect(&server).await;
        let calls = (0..50).map(|n| subscribe(n, n));
        client.send_together(&calls.collect::<Vec<_>>()).await;
        let mut subscribed = Vec::new();
        for _ in 0..50 {
            let answer = client.answer().await;
            match answer.get("result") {
                Some(_) => subscribed.push(answer["id"].as_u64().unwrap()),
                None => assert_eq!(answer["error"]["data"]["name"], "tooManySubscriptions"),
            }
        }
        subscribed.sort_unstable();
        assert_eq!(subscribed, [0, 1, 2]);
    }
    server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_limit_an_unsubscribe_call_makes_room_for_the_next_call() {
    const SUBSCRIPTIONS: usize = 25;
    let limit = SUBSCRIPTIONS.to_string();
    let server = TestServer::on_memory(&["--max-subscriptions", &limit]).await;
    let mut client = RawClient::connect(&server).await;
    let mut ids = Vec::new();
    for n in 0..SUBSCRIPTIONS {
        client.send_together(&[subscribe(n, n)]).await;
        ids.push(client.answer().await["result"].take());
    }
    let moves = ids.into_iter().enumerate().flat_map(|(n, id)| {
        let leave = call("leave", "onUpdates_unsubscribe", json!([id]));
        [leave, subscribe(n, SUBSCRIPTIONS + n)]
    });
    client.send_together(&moves.collect::<Vec<_>>()).await;
    let mut joined = Vec::new();
    for _ in 0..2 * SUBSCRIPTIONS {
        let mut answer = client.answer().await;
        assert!(answer["error"].is_null(), "{answer}");
        match answer["id"] == "leave" {
            true => assert_eq!(answer["result"], true),
            false => joined.push((answer["id"].as_u64().unwrap(), answer["result"].take())),
        }
    }
    for (n, id) in joined {
        let channel = format!("list-{}", SUBSCRIPTIONS as u64 + n);
        server.publish(&channel, list(&channel)).await;
        let event = loop {
            let event = client.event(&id).await;
            if event["type"] == "data" {
                break event;
            }
        };
        assert_eq!(name(&event), channel);
    }
    drop(client);
    server.end().await;
}
