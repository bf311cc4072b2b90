//! `/rpc` as HTTP clients and proxies see it: statuses, headers, bodies that are too large.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::TestServer;

/// Bytes that a request may have.
const LIMIT: usize = 65536;

/// An answer, as far as it is looked at.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    fn error(&self) -> Value {
        let answer: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(answer["id"], Value::Null);
        answer["error"].clone()
    }
}

/// One connection.
struct Http(TcpStream);

impl Http {
    async fn connect(server: &TestServer) -> Self {
        Self(TcpStream::connect(server.address).await.unwrap())
    }

    /// Sends all of these bytes before it reads anything, as simple clients and proxies do.
    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("the server takes all of it");
    }

    async fn request(&mut self, line: &str, headers: &str, body: &[u8]) {
        let head = format!("{line} HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        self.send(&[head.as_bytes(), body].concat()).await;
    }

    async fn post(&mut self, headers: &str, body: &[u8]) {
        let headers = format!("content-type: application/json\r\n{headers}");
        self.request("POST /rpc", &headers, body).await;
    }

    async fn answer(&mut self) -> Answer {
        let read = async {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(self.0.read_u8().await.expect("an answer"));
            }
            let head = String::from_utf8(head).unwrap();
            let status = head[9..12].parse().unwrap();
            let mut answer = Answer { status, head, body: String::new() };
            let length =
                answer.header("content-length").map_or(0, |length| length.parse().unwrap());
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).await.unwrap();
            answer.body = String::from_utf8(body).unwrap();
            answer
        };
        timeout(Duration::from_secs(30), read).await.expect("no answer came")
    }

    /// Asks something more on the same connection.
    async fn goes_on(&mut self) {
        self.request("GET /healthz", "", b"").await;
        assert_eq!(self.answer().await.status, 200, "the connection goes on");
    }
}

fn too_large() -> Value {
    json!({
        "code": -32007,
        "message": "a request may have 65536 bytes, and this one has more",
        "data": { "name": "requestTooLarge", "retryable": false },
    })
}

fn length(bytes: usize) -> String {
    format!("content-length: {bytes}\r\n")
}

#[tokio::test]
async fn a_request_of_a_known_length_that_is_too_large_is_read_and_refused() {
    let server = TestServer::on_memory(&[]).await;
    let mut http = Http::connect(&server).await;
    // More than the kernel would keep for a server that does not read.
    for bytes in [LIMIT + 1, 20_000_000] {
        http.post(&length(bytes), &vec![b'{'; bytes]).await;
        let answer = http.answer().await;
        assert_eq!((answer.status, answer.error()), (413, too_large()));
        http.goes_on().await;
    }
    drop(http);
    server.end().await;
}

#[tokio::test]
async fn a_chunked_request_that_is_too_large_is_read_and_refused() {
    let server = TestServer::on_memory(&[]).await;
    let mut http = Http::connect(&server).await;
    let chunk = [b"10000\r\n", &[b'{'; 0x10000][..], b"\r\n"].concat();
    for chunks in [2, 300] {
        let body = [chunk.repeat(chunks), b"0\r\n\r\n".to_vec()].concat();
        http.post("transfer-encoding: chunked\r\n", &body).await;
        let answer = http.answer().await;
        assert_eq!((answer.status, answer.error()), (413, too_large()));
        http.goes_on().await;
    }
    drop(http);
    server.end().await;
}

/// Such a client sends nothing before it is asked to.
#[tokio::test]
async fn a_client_that_asks_first_is_refused_before_it_sends() {
    let server = TestServer::on_memory(&[]).await;
    let mut http = Http::connect(&server).await;
    http.post(&format!("expect: 100-continue\r\n{}", length(3_000_000)), b"").await;
    let answer = http.answer().await;
    assert_eq!((answer.status, answer.error()), (413, too_large()));
    assert_eq!(answer.header("connection"), Some("close"));
    drop(http);
    server.end().await;
}

#[tokio::test]
async fn a_request_that_ends_too_early_is_the_clients_fault() {
    let server = TestServer::on_memory(&[]).await;
    let mut http = Http::connect(&server).await;
    http.post("transfer-encoding: chunked\r\n", b"no chunk\r\n").await;
    let answer = http.answer().await;
    assert_eq!((answer.status, &answer.error()["code"]), (400, &json!(-32700)));
    drop(http);
    server.end().await;
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let server = TestServer::on_memory(&[]).await;
    let mut http = Http::connect(&server).await;
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}"#;
    let headers = format!("content-type: text/plain\r\n{}", length(body.len()));
    http.request("POST /rpc", &headers, body).await;
    let answer = http.answer().await;
    assert_eq!(answer.status, 415);
    assert!(answer.body.contains("application/json"), "{}", answer.body);
    http.goes_on().await;
    drop(http);
    server.end().await;
}

#[tokio::test]
async fn a_notification_is_answered_with_nothing() {
    let server = TestServer::on_memory(&[]).await;
    let mut http = Http::connect(&server).await;
    let notification = r#"{"jsonrpc":"2.0","method":"rpc.ping"}"#;
    for body in [notification.to_owned(), format!("[{notification},{notification}]")] {
        http.post(&length(body.len()), body.as_bytes()).await;
        let answer = http.answer().await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{body}");
        assert_eq!(answer.header("content-type"), None);
        http.goes_on().await;
    }
    let too_many = format!("[{}]", vec![notification; 33].join(","));
    http.post(&length(too_many.len()), too_many.as_bytes()).await;
    assert_eq!(http.answer().await.error()["code"], -32010);
    drop(http);
    server.end().await;
}

#[tokio::test]
async fn nothing_that_is_live_is_kept_by_a_cache() {
    let server = TestServer::on_memory(&[]).await;
    let mut http = Http::connect(&server).await;
    let no_store = [("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/rpc"), ("PUT", "/rpc")];
    for (method, path) in no_store {
        http.request(&format!("{method} {path}"), "", b"").await;
        assert_eq!(http.answer().await.header("cache-control"), Some("no-store"), "{path}");
    }
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}"#;
    http.post(&length(body.len()), body.as_bytes()).await;
    assert_eq!(http.answer().await.header("cache-control"), Some("no-store"));
    http.request("GET /openrpc.json", "", b"").await;
    assert_eq!(http.answer().await.header("cache-control"), Some("no-cache"));
    drop(http);
    server.end().await;
}

#[tokio::test]
async fn a_method_that_is_not_there_is_told_which_are() {
    let server = TestServer::on_memory(&[]).await;
    let mut http = Http::connect(&server).await;
    for method in ["PUT", "DELETE", "OPTIONS"] {
        http.request(&format!("{method} /rpc"), "", b"").await;
        let answer = http.answer().await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, POST")), "{method}");
    }
    drop(http);
    server.end().await;
}

#[tokio::test]
async fn a_get_without_an_upgrade_is_told_which_header_is_missing() {
    let server = TestServer::on_memory(&[]).await;
    let mut http = Http::connect(&server).await;
    for (headers, missing) in [
        ("", "`Upgrade: websocket`"),
        ("connection: upgrade\r\n", "`Upgrade: websocket`"),
        ("upgrade: websocket\r\n", "`Connection: Upgrade`"),
    ] {
        http.request("GET /rpc", headers, b"").await;
        let answer = http.answer().await;
        assert_eq!(answer.status, 426);
        assert_eq!(answer.header("upgrade"), Some("websocket"));
        assert_eq!(answer.header("connection"), Some("upgrade"));
        assert!(answer.body.contains(&format!("has no {missing}")), "{}", answer.body);
        http.goes_on().await;
    }
    drop(http);
    server.end().await;
}

const UPGRADE: &str = "connection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[tokio::test]
async fn another_version_of_the_websocket_is_told_the_right_one() {
    let server = TestServer::on_memory(&[]).await;
    let mut http = Http::connect(&server).await;
    for version in ["", "sec-websocket-version: 8\r\n"] {
        http.request("GET /rpc", &format!("{UPGRADE}{version}"), b"").await;
        let answer = http.answer().await;
        assert_eq!(answer.status, 426);
        assert_eq!(answer.header("sec-websocket-version"), Some("13"));
        assert_eq!(answer.header("upgrade"), Some("websocket"));
        http.goes_on().await;
    }
    drop(http);
    server.end().await;
}

/// Browsers close a connection where the server has taken none of the subprotocols that they offered.
#[tokio::test]
async fn the_subprotocol_of_tidings_is_taken() {
    let server = TestServer::on_memory(&[]).await;
    for (offered, taken) in [
        ("", None),
        ("sec-websocket-protocol: tidings.v1\r\n", Some("tidings.v1")),
        ("sec-websocket-protocol: json, tidings.v1\r\n", Some("tidings.v1")),
        (
            "sec-websocket-protocol: json\r\nsec-websocket-protocol:tidings.v1\r\n",
            Some("tidings.v1"),
        ),
        ("sec-websocket-protocol: json, tidings.v2\r\n", None),
    ] {
        let mut http = Http::connect(&server).await;
        let headers = format!("{UPGRADE}sec-websocket-version: 13\r\n{offered}");
        http.request("GET /rpc", &headers, b"").await;
        let answer = http.answer().await;
        assert_eq!((answer.status, answer.header("sec-websocket-protocol")), (101, taken));
    }
    server.end().await;
}
