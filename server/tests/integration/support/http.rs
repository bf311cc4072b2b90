//! An HTTP/1.1 client that does just what a test says, one request after the other on one connection.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::TestServer;

/// How long anything may take before the test has failed. Far more than it ever takes.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct HttpClient(BufReader<TcpStream>);

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    headers: HashMap<String, String>,
}

/// A server-sent event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) data: Value,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

impl HttpClient {
    pub(crate) async fn connect(server: &TestServer) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // What the kernel takes for a client that does not read would be megabytes.
        socket.set_recv_buffer_size(4096).unwrap();
        Self(BufReader::new(socket.connect(server.address).await.unwrap()))
    }

    pub(crate) async fn send(&mut self, request: &str) {
        self.0.get_mut().write_all(request.as_bytes()).await.unwrap();
    }

    /// Asks, and waits for nothing.
    pub(crate) async fn get(&mut self, path: &str) {
        self.get_with(path, "").await;
    }

    /// Asks with further headers, each with its end of line.
    pub(crate) async fn get_with(&mut self, path: &str, headers: &str) {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n")).await;
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) {
        self.post_text(path, &body.to_string()).await;
    }

    pub(crate) async fn post_text(&mut self, path: &str, body: &str) {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        self.send(&format!("{head}{body}")).await;
    }

    /// The head of the next answer.
    pub(crate) async fn head(&mut self) -> Head {
        let first = self.line().await.expect("the connection has ended");
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HashMap::new();
        loop {
            let line = self.line().await.unwrap();
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        Head { status, headers }
    }

    /// The next answer, with a body of a known length.
    pub(crate) async fn answer(&mut self) -> (Head, String) {
        let head = self.head().await;
        let length = head.header("content-length").unwrap_or_else(|| panic!("{head:?}"));
        let mut body = vec![0; length.parse().unwrap()];
        timeout(PATIENCE, self.0.read_exact(&mut body)).await.expect("no body came").unwrap();
        (head, String::from_utf8(body).unwrap())
    }

    /// The next answer, which is JSON.
    pub(crate) async fn json(&mut self) -> (u16, Value) {
        let (head, body) = self.answer().await;
        assert_eq!(head.header("content-type"), Some("application/json"), "{body}");
        assert_eq!(head.header("cache-control"), Some("no-store"), "{body}");
        (head.status, serde_json::from_str(&body).unwrap())
    }

    /// The head of an event stream, and the ids of its subscriptions.
    pub(crate) async fn stream(&mut self) -> Vec<u64> {
        let head = self.head().await;
        assert_eq!(head.status, 200, "{head:?}");
        assert_eq!(head.header("content-type"), Some("text/event-stream"));
        let first = self.sent().await.unwrap();
        assert_eq!((first.id, first.name.as_deref()), (None, Some("subscriptions")));
        serde_json::from_value(first.data["subscriptions"].clone()).unwrap()
    }

    /// The text of the next chunk; nothing at the end of the body.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        let length = self.line().await.expect("the connection has ended");
        let length = usize::from_str_radix(&length, 16).unwrap_or_else(|_| panic!("{length:?}"));
        let mut chunk = vec![0; length + 2];
        timeout(PATIENCE, self.0.read_exact(&mut chunk)).await.expect("no chunk came").unwrap();
        assert_eq!(chunk.split_off(length), b"\r\n");
        (length > 0).then(|| String::from_utf8(chunk).unwrap())
    }

    /// The next server-sent event; nothing at the end of the stream.
    pub(crate) async fn sent(&mut self) -> Option<Sent> {
        loop {
            let chunk = self.chunk().await?;
            if chunk == ": ping\n\n" {
                continue;
            }
            let lines = chunk.strip_suffix("\n\n").unwrap_or_else(|| panic!("{chunk:?}")).lines();
            let mut sent = Sent { id: None, name: None, data: json!(null) };
            for line in lines {
                match line.split_once(": ").unwrap() {
                    ("id", id) => sent.id = Some(id.to_owned()),
                    ("event", name) => sent.name = Some(name.to_owned()),
                    ("data", data) => sent.data = serde_json::from_str(data).unwrap(),
                    ("retry", retry) => _ = retry.parse::<u32>().unwrap(),
                    other => panic!("{other:?}"),
                }
            }
            return Some(sent);
        }
    }

    /// The next event of the one subscription of an event stream.
    pub(crate) async fn event(&mut self) -> Value {
        self.sent().await.expect("the stream has ended").data["result"].take()
    }

    /// The next line, without its end; nothing at the end of the connection.
    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = timeout(PATIENCE, self.0.read_line(&mut line)).await.expect("nothing came");
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        read.is_ok_and(|read| read > 0).then_some(line)
    }
}

/// A value as it is written into a query.
pub(crate) fn in_query(value: &Value) -> String {
    let bytes = value.to_string().into_bytes();
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}
