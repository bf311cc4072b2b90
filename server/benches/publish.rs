//! What publishing costs beside the bare function in Valkey, in one run:
//!
//! - typed events in batches, beside `FCALL`s of the same payloads in pipelines of the same size;
//! - `POST /publish/{procedure}/{channel}`, beside a bare axum handler that makes the same `FCALL`.
//!
//! The rounds of each pair alternate, and the ratio is of the medians. `cargo bench -p tidings-demo --bench publish`.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "this is a program for people")]

use std::{net::SocketAddr, time::Instant};

use clap::Parser as _;
use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use tidings::axum::{self, body::Bytes, extract::State, http::StatusCode, routing::post};
use tidings::{Channel, Publisher};
use tidings_demo::ServeArgs;
use tidings_demo_contract::{OnUpdates, User};
use tidings_testkit::ValkeyProcess;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// Events in one pipeline: what `Publisher` sends together.
const PIPELINE: usize = 256;
const PIPELINES: usize = 40;
/// HTTP connections, each with one request at a time.
const CONNECTIONS: usize = 64;
const REQUESTS: usize = 200;
const ROUNDS: usize = 7;

#[tokio::main]
async fn main() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let url = valkey.url();
    let users: Vec<User> = (0..10)
        .map(|n| User { id: n.to_string(), name: format!("User {n}"), bio: Some("x".repeat(60)) })
        .collect();
    let payload = serde_json::to_string(&users).unwrap();
    let connection = redis::Client::open(&*url).unwrap();
    let connection = connection.get_multiplexed_async_connection().await.unwrap();

    // A replica loads the functions.
    let args = ["serve", "--listen", "127.0.0.1:0", "--dev", "--valkey-url", &url];
    let server = tidings_demo::server(ServeArgs::try_parse_from(args).unwrap()).unwrap();
    let monitor = server.monitor();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rest = listener.local_addr().unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(listener, async { drop(ended.await) }));
    while !monitor.is_ready() {
        tokio::task::yield_now().await;
    }
    let bare = bare(connection.clone()).await;
    let publisher = Publisher::connect(&url).await.unwrap();

    println!("payload: {} bytes", payload.len());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(pipelined(connection.clone(), &payload).await);
        ours.push(batches(&publisher, &users).await);
    }
    report("Publisher, in batches", &mut ours, "FCALL, in pipelines", &mut theirs);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(posts(bare, "/", &payload).await);
        ours.push(posts(rest, "/publish/onUpdates/rest", &payload).await);
    }
    report("REST", &mut ours, "bare axum with FCALL", &mut theirs);
    drop(end);
    serving.await.unwrap().unwrap();
}

/// Events per second, by the median of the rounds.
fn report(ours: &str, our: &mut [f64], theirs: &str, their: &mut [f64]) {
    let median = |rounds: &mut [f64]| {
        rounds.sort_by(f64::total_cmp);
        rounds[rounds.len() / 2]
    };
    let (our, their) = (median(our), median(their));
    println!("{ours}: {our:.0}/s; {theirs}: {their:.0}/s; ratio {:.2}", our / their);
}

fn fcall(channel: &str, payload: &str) -> redis::Cmd {
    let mut call = redis::cmd("FCALL");
    call.arg("tidings_publish").arg(1).arg(channel).arg(payload);
    call
}

async fn pipelined(mut connection: MultiplexedConnection, payload: &str) -> f64 {
    let begun = Instant::now();
    for _ in 0..PIPELINES {
        let mut pipeline = redis::pipe();
        for _ in 0..PIPELINE {
            pipeline.add_command(fcall("updates:{raw}", payload));
        }
        let ids: Vec<String> = pipeline.query_async(&mut connection).await.unwrap();
        assert_eq!(ids.len(), PIPELINE);
    }
    rate(PIPELINES * PIPELINE, begun)
}

async fn batches(publisher: &Publisher, users: &Vec<User>) -> f64 {
    let channel = Channel::from_parts(&["typed"]);
    let begun = Instant::now();
    for _ in 0..PIPELINES {
        let mut batch = publisher.batch();
        for _ in 0..PIPELINE {
            batch = batch.publish::<OnUpdates>(&channel, users);
        }
        let results = batch.send().await.unwrap();
        assert!(results.iter().all(Result::is_ok));
    }
    rate(PIPELINES * PIPELINE, begun)
}

/// A server that does nothing but the call.
async fn bare(connection: MultiplexedConnection) -> SocketAddr {
    let publish = async |State(mut connection): State<MultiplexedConnection>, body: Bytes| {
        let payload = std::str::from_utf8(&body).unwrap();
        let id: String =
            fcall("updates:{bare}", payload).query_async(&mut connection).await.unwrap();
        (StatusCode::OK, format!("{{\"id\":\"{id}\"}}"))
    };
    let router = axum::Router::new().route("/", post(publish)).with_state(connection);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn posts(server: SocketAddr, path: &str, payload: &str) -> f64 {
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{payload}",
        payload.len()
    );
    let begun = Instant::now();
    join_all((0..CONNECTIONS).map(|_| {
        let request = request.clone();
        // Ends when it has sent its requests; the bench waits for it.
        let client = tokio::spawn(async move {
            let mut stream = TcpStream::connect(server).await.unwrap();
            let mut answer = [0; 4096];
            for _ in 0..REQUESTS {
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut length = 0;
                // The body ends the answer, and is an object of one member.
                while !answer[..length].ends_with(b"\"}") {
                    length += match stream.read(&mut answer[length..]).await.unwrap() {
                        0 => panic!("the server closed the connection"),
                        read => read,
                    };
                }
                assert!(answer.starts_with(b"HTTP/1.1 200 "));
            }
        });
        async move { client.await.unwrap() }
    }))
    .await;
    rate(CONNECTIONS * REQUESTS, begun)
}

fn rate(events: usize, begun: Instant) -> f64 {
    events as f64 / begun.elapsed().as_secs_f64()
}
