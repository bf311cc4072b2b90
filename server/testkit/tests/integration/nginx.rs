use std::{
    collections::BTreeSet, fs, net::SocketAddr, path::Path, process::Command, time::Duration,
};

use tidings_testkit::{Nginx, NginxOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    request::{get, post, send},
    stub::{Manner, Stub},
};

/// Runs out only when something is broken.
const PATIENCE: Duration = Duration::from_secs(60);

async fn front(replicas: &[&Stub]) -> Nginx {
    let addresses = replicas.iter().map(|replica| replica.address()).collect::<Vec<_>>();
    Nginx::start(&addresses, &NginxOptions::default()).await.unwrap()
}

/// The first line of an answer: the replica's name.
async fn answered_by(front: SocketAddr) -> String {
    let response = post(front, "/rpc", "{}").await;
    assert_eq!(response.status, 200, "{}", response.text());
    response.text().lines().next().unwrap().to_owned()
}

/// A connection that has been upgraded.
async fn websocket(front: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(front).await.unwrap();
    socket
        .write_all(b"GET /rpc HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n")
        .await
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    socket
}

#[tokio::test]
async fn serves_the_page_to_be_asked_for_anew_and_its_assets_to_be_kept() {
    let page = tempfile::tempdir().unwrap();
    fs::create_dir(page.path().join("assets")).unwrap();
    fs::write(page.path().join("index.html"), "<!doctype html>").unwrap();
    fs::write(page.path().join("assets/index-4f2a.js"), "let a = 1;\n".repeat(500)).unwrap();
    let options = NginxOptions { static_dir: Some(page.path().into()), ..NginxOptions::default() };
    let nginx = Nginx::start(&[([127, 0, 0, 1], 9).into()], &options).await.unwrap();

    let index = get(nginx.address(), "/").await;
    assert_eq!((index.status, index.text()), (200, "<!doctype html>"));
    assert_eq!(index.header("content-type"), Some("text/html"));
    assert_eq!(index.header("cache-control"), Some("no-cache"));
    assert_eq!(index.header("x-content-type-options"), Some("nosniff"));
    assert!(index.header("content-security-policy").unwrap().starts_with("default-src 'self';"));
    assert_eq!(index.header("server"), Some("nginx"));

    let script = send(
        nginx.address(),
        "GET /assets/index-4f2a.js HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n",
    )
    .await;
    assert_eq!(script.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(script.header("content-type"), Some("text/javascript"));
    assert_eq!(script.header("content-encoding"), Some("gzip"));
    assert_eq!(script.header("vary"), Some("Accept-Encoding"));

    // A file of the release before this one: its absence is not to be kept.
    let missing = get(nginx.address(), "/assets/index-0000.js").await;
    assert_eq!((missing.status, missing.header("cache-control")), (404, None));
}

#[tokio::test]
async fn tells_the_replica_who_asked() {
    let replica = Stub::start("a", Manner::Answer).await;
    let nginx = front(&[&replica]).await;
    for path in ["/rpc", "/sse/onUpdates", "/poll/a.b", "/openrpc.json", "/healthz", "/readyz"] {
        let response = get(nginx.address(), path).await;
        for header in [
            &format!("GET {path} HTTP/1.1"),
            "Host: front:81",
            "X-Real-IP: 127.0.0.1",
            "X-Forwarded-For: 127.0.0.1",
            "X-Forwarded-Proto: http",
        ] {
            assert!(response.text().lines().any(|line| line == header), "{header}: {response:?}");
        }
        assert!(!response.text().contains("Connection: close"), "{response:?}");
    }
    // The metrics of a replica are not for everyone, nor is anything else of it.
    assert_eq!(get(nginx.address(), "/metrics").await.status, 404);
    assert_eq!(get(nginx.address(), "/rpc/").await.status, 404);
}

#[tokio::test]
async fn carries_a_websocket_both_ways() {
    let replica = Stub::start("a", Manner::Answer).await;
    let nginx = front(&[&replica]).await;
    let mut socket = websocket(nginx.address()).await;
    for _ in 0..3 {
        socket.write_all(b"there and back").await.unwrap();
        let mut back = [0; 14];
        timeout(PATIENCE, socket.read_exact(&mut back)).await.expect("an echo").unwrap();
        assert_eq!(&back, b"there and back");
    }
}

#[tokio::test]
async fn a_killed_replica_costs_no_call_and_is_used_again_when_it_is_back() {
    let mut replicas = [
        Stub::start("a", Manner::Answer).await,
        Stub::start("b", Manner::Answer).await,
        Stub::start("c", Manner::Answer).await,
    ];
    let nginx = front(&replicas.each_ref()).await;
    let all = BTreeSet::from(["a", "b", "c"].map(str::to_owned));
    let everyone_answers = async || {
        let mut seen = BTreeSet::new();
        while seen != all {
            seen.insert(answered_by(nginx.address()).await);
        }
    };
    timeout(PATIENCE, everyone_answers()).await.expect("every replica answers");

    replicas[1].kill().await;
    for _ in 0..100 {
        assert_ne!(answered_by(nginx.address()).await, "b");
    }

    replicas[1].restart().await;
    timeout(PATIENCE, everyone_answers()).await.expect("the restarted replica answers, too");
}

/// Found by `make chaos`: they were let in at one a second.
#[tokio::test]
async fn every_websocket_is_let_in_although_each_replica_has_been_away() {
    let mut replicas =
        [Stub::start("a", Manner::Answer).await, Stub::start("b", Manner::Answer).await];
    let nginx = front(&replicas.each_ref()).await;
    for replica in &mut replicas {
        replica.kill().await;
    }
    assert_eq!(post(nginx.address(), "/rpc", "{}").await.status, 502);
    for replica in &mut replicas {
        replica.restart().await;
    }
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(websocket(nginx.address()).await);
    }
}

#[tokio::test]
async fn a_call_that_a_replica_has_seen_is_not_made_again() {
    let replicas = [Stub::start("a", Manner::HangUp).await, Stub::start("b", Manner::HangUp).await];
    let nginx = front(&replicas.each_ref()).await;
    assert_eq!(post(nginx.address(), "/rpc", "{}").await.status, 502);
    assert_eq!(replicas.iter().map(Stub::requests).sum::<usize>(), 1);
}

#[tokio::test]
async fn a_replica_that_is_full_costs_no_websocket_and_a_refused_call_is_not_made_again() {
    let replicas = [Stub::start("a", Manner::Refuse).await, Stub::start("b", Manner::Answer).await];
    let nginx = front(&replicas.each_ref()).await;
    let mut open = Vec::new();
    while replicas[0].requests() < 10 {
        open.push(websocket(nginx.address()).await);
    }
    // The one with nothing open is the less busy.
    let seen = replicas[1].requests();
    assert_eq!(post(nginx.address(), "/rpc", "{}").await.status, 503);
    assert_eq!(replicas[1].requests(), seen);
}

#[tokio::test]
async fn a_request_over_64_kib_does_not_reach_a_replica() {
    let replica = Stub::start("a", Manner::Answer).await;
    let nginx = front(&[&replica]).await;
    let largest = " ".repeat(64 * 1024);
    assert_eq!(post(nginx.address(), "/rpc", &largest).await.status, 200);
    assert_eq!(post(nginx.address(), "/rpc", &(largest + " ")).await.status, 413);
    assert_eq!(replica.requests(), 1);
}

#[tokio::test]
async fn a_reload_puts_it_in_front_of_other_replicas() {
    let replicas = [Stub::start("a", Manner::Answer).await, Stub::start("b", Manner::Answer).await];
    let mut nginx = front(&[&replicas[0]]).await;
    assert_eq!(answered_by(nginx.address()).await, "a");
    nginx.reload(&[replicas[1].address()]).await.unwrap();
    let other_answers = async { while answered_by(nginx.address()).await != "b" {} };
    timeout(PATIENCE, other_answers).await.expect("the other replica answers");
    nginx.restart().await.unwrap();
    assert_eq!(answered_by(nginx.address()).await, "b");
}

#[test]
fn the_containers_configuration_is_valid() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../nginx");
    let folder = tempfile::tempdir().unwrap();
    let copy = |from, to| fs::copy(shipped.join(from), folder.path().join(to)).unwrap();
    copy("nginx.conf", "nginx.conf");
    copy("site.conf", "site.conf");
    copy("replicas/by-name.conf", "replicas.conf");
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
    let output = Command::new("nginx")
        .env("PATH", path)
        .args(["-t", "-e", "stderr", "-c", "nginx.conf", "-p"])
        .arg(folder.path())
        .output()
        .expect("nginx is not installed; run: .ci/install");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
