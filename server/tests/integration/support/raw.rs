//! A WebSocket client that does just what a test says: it sends bytes as they are, and answers no ping.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::TestServer;

/// How long anything may take before the test has failed. Far more than it ever takes.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct RawClient(BufReader<TcpStream>);

/// A frame of the server's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RawFrame {
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

impl RawClient {
    pub(crate) async fn connect(server: &TestServer) -> Self {
        Self::connect_with(server, b"").await
    }

    /// Connects, and sends more behind the request before it is answered.
    pub(crate) async fn connect_with(server: &TestServer, behind: &[u8]) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // What the kernel takes for a client that does not read would be megabytes.
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(server.address).await.unwrap();
        let mut client = Self(BufReader::new(stream));
        let request = "GET /rpc HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
            sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        client.send(&[request.as_bytes(), behind].concat()).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.0.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "));
        client
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.unwrap();
    }

    /// Sends a frame with a mask of zeros. `first` is its first byte: the opcode, and 0x80 if it is the last of
    /// its message.
    pub(crate) async fn send_frame(&mut self, first: u8, payload: &[u8]) {
        self.send(&masked(first, payload)).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.send_frame(0x81, text.as_bytes()).await;
    }

    /// Asks for a subscription to a list, and waits for nothing.
    pub(crate) async fn subscribe(&mut self, channel: &str) {
        let params = serde_json::json!({ "channel": channel });
        let call = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "onUpdates", "params": params });
        self.send_text(&call.to_string()).await;
    }

    /// Sends several messages in one write.
    pub(crate) async fn send_together(&mut self, messages: &[Value]) {
        let frames = messages.iter().map(|message| masked(0x81, message.to_string().as_bytes()));
        self.send(&frames.collect::<Vec<_>>().concat()).await;
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Value {
        let frame = self.frame().await.expect("the connection has ended");
        assert_eq!(frame.opcode, 1, "{frame:?}");
        serde_json::from_slice(&frame.payload).unwrap()
    }

    /// The next message that is an answer.
    pub(crate) async fn answer(&mut self) -> Value {
        loop {
            let message = self.message().await;
            if message.get("id").is_some() {
                return message;
            }
        }
    }

    /// The next event of a subscription.
    pub(crate) async fn event(&mut self, subscription: &Value) -> Value {
        loop {
            let mut message = self.message().await;
            if message["params"]["subscription"] == *subscription {
                return message["params"]["result"].take();
            }
        }
    }

    /// Sends as much as is taken at once, and answers how much.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> usize {
        self.0.get_ref().try_write(bytes).unwrap_or(0)
    }

    /// The next frame that is no ping; nothing at the end of the connection, however it ends.
    pub(crate) async fn frame(&mut self) -> Option<RawFrame> {
        loop {
            let frame = self.any().await;
            if frame.as_ref().is_none_or(|frame| frame.opcode != 9) {
                return frame;
            }
        }
    }

    /// The next frame; nothing at the end of the connection, however it ends.
    pub(crate) async fn any(&mut self) -> Option<RawFrame> {
        let read = async {
            let first = self.0.read_u8().await.ok()?;
            let length = match self.0.read_u8().await.ok()? {
                127 => self.0.read_u64().await.ok()?,
                126 => self.0.read_u16().await.ok()?.into(),
                length => length.into(),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.0.read_exact(&mut payload).await.ok()?;
            Some(RawFrame { opcode: first & 0x0f, payload })
        };
        timeout(PATIENCE, read).await.expect("nothing came, and no end")
    }

    /// The code with which the server closes, whatever comes before.
    pub(crate) async fn close_code(&mut self) -> u16 {
        while let Some(frame) = self.frame().await {
            if frame.opcode == 8 {
                return u16::from_be_bytes(frame.payload[..2].try_into().unwrap());
            }
        }
        panic!("the connection ended without a close frame");
    }
}

/// A frame of a client's, with a mask of zeros.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let header = [first, 0x80 | 126, length[0], length[1], 0, 0, 0, 0];
    match payload.len() {
        // A control frame's length has one byte.
        ..126 => [&[first, 0x80 | length[1], 0, 0, 0, 0], payload].concat(),
        _ => [&header, payload].concat(),
    }
}

/// A call.
pub(crate) fn call(id: impl Into<Value>, method: &str, params: impl Into<Value>) -> Value {
    json!({ "jsonrpc": "2.0", "id": id.into(), "method": method, "params": params.into() })
}
