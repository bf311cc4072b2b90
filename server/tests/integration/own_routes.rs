//! A service's own paths on the same port, and the files of `--static-dir`.

use std::{fs, net::SocketAddr};

use tidings::{
    Router, Server,
    axum::{
        self,
        extract::ConnectInfo,
        http::{StatusCode, Uri},
        routing::{any, get, post},
    },
};

use crate::support::{TestBroker, TestServer};

async fn serve(args: &[&str], own: axum::Router) -> TestServer {
    let router = Router::<()>::new("Paths", "1.0.0");
    let server = Server::new(TestBroker::memory().config(args), router, ()).unwrap();
    TestServer::serve(server.routes(own), None).await
}

async fn fetch(server: &TestServer, path: &str) -> (u16, String) {
    let answer = reqwest::get(server.url(path)).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The service's own 404 page.
async fn not_found(uri: Uri) -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, format!("there is no {uri} here"))
}

fn own() -> axum::Router {
    axum::Router::new().route("/version", get("7")).route("/orders", post("ordered")).route(
        "/peer",
        get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()),
    )
}

/// A folder with a page in it.
fn page() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("index.html"), "the page").unwrap();
    fs::write(folder.path().join("version"), "a file that is hidden by a path").unwrap();
    fs::write(folder.path().join("healthz"), "a file that is hidden by Tidings").unwrap();
    folder
}

#[tokio::test]
async fn own_paths_are_served_beside_those_of_tidings() {
    let server = serve(&[], own()).await;
    assert_eq!(fetch(&server, "/version").await, (200, "7".to_owned()));
    assert_eq!(fetch(&server, "/peer").await, (200, "127.0.0.1".to_owned()));
    assert_eq!(fetch(&server, "/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(fetch(&server, "/readyz").await, (200, "ready\n".to_owned()));
    assert_eq!(fetch(&server, "/orders").await.0, 405);
    assert_eq!(fetch(&server, "/nowhere").await, (404, String::new()));
    let mut client = server.client().await;
    assert_eq!(client.call("rpc.ping", serde_json::json!({})).await["result"], true);
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn paths_of_tidings_go_first() {
    let mut own = axum::Router::new();
    for path in ["/rpc", "/openrpc.json", "/healthz", "/readyz"] {
        own = own.route(path, any("not this one"));
    }
    let server = serve(&[], own).await;
    for path in ["/rpc", "/openrpc.json", "/healthz", "/readyz"] {
        assert!(!fetch(&server, path).await.1.contains("not this one"), "{path}");
    }
    server.end().await;
}

#[tokio::test]
async fn several_routers_are_put_together() {
    let router = Router::<()>::new("Paths", "1.0.0");
    let server = Server::new(TestBroker::memory().config(&[]), router, ()).unwrap();
    let more = axum::Router::new().route("/more", get("more"));
    let server = TestServer::serve(server.routes(own()).routes(more), None).await;
    assert_eq!(fetch(&server, "/version").await.1, "7");
    assert_eq!(fetch(&server, "/more").await.1, "more");
    server.end().await;
}

#[tokio::test]
async fn a_fallback_of_ones_own_answers_what_nothing_else_does() {
    let server = serve(&[], own().fallback(not_found)).await;
    assert_eq!(fetch(&server, "/version").await.1, "7");
    assert_eq!(fetch(&server, "/nowhere").await, (404, "there is no /nowhere here".to_owned()));
    assert_eq!(fetch(&server, "/healthz").await.1, "ok\n");
    server.end().await;
}

#[tokio::test]
async fn files_come_after_all_paths() {
    let page = page();
    let folder = page.path().to_str().unwrap();
    let server = serve(&["--static-dir", folder], own()).await;
    assert_eq!(fetch(&server, "/").await, (200, "the page".to_owned()));
    assert_eq!(fetch(&server, "/version").await.1, "7");
    assert_eq!(fetch(&server, "/healthz").await.1, "ok\n");
    assert_eq!(fetch(&server, "/nowhere").await.0, 404);
    server.end().await;
}

/// The service's fallback answers paths that are no file either.
#[tokio::test]
async fn a_fallback_of_ones_own_comes_after_the_files() {
    let page = page();
    let folder = page.path().to_str().unwrap();
    let server = serve(&["--static-dir", folder], own().fallback(not_found)).await;
    assert_eq!(fetch(&server, "/").await, (200, "the page".to_owned()));
    assert_eq!(fetch(&server, "/version").await.1, "7");
    assert_eq!(fetch(&server, "/nowhere").await, (404, "there is no /nowhere here".to_owned()));
    let posted = reqwest::Client::new().post(server.url("/nowhere")).send().await.unwrap();
    assert_eq!(posted.text().await.unwrap(), "there is no /nowhere here");
    server.end().await;
}
