//! A WebSocket client that hides nothing: what the server sends is what a test sees.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::CloseFrame},
};

/// How long anything may take before the test has failed. Far more than it ever takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// One WebSocket connection. What it received and was not asked for yet waits in order.
///
/// Every method panics when the server does not do in 30 s what it should: a test that cannot go on has failed.
#[derive(Debug)]
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Received, and not asked for yet. Bounded by what the test makes the server send.
    waiting: VecDeque<Value>,
    last_id: u64,
}

impl Client {
    /// Connects to `ws://…/rpc`.
    ///
    /// # Panics
    ///
    /// When there is no connection.
    pub async fn connect(url: &str) -> Self {
        Self::connect_with(url).await
    }

    /// Connects with extra request headers.
    ///
    /// # Panics
    ///
    /// When there is no connection.
    pub async fn connect_with(request: impl IntoClientRequest) -> Self {
        let request = request.into_client_request().expect("the request is one");
        let url = request.uri().clone();
        match timeout(PATIENCE, connect_async(request)).await {
            Ok(Ok((socket, _))) => Self { socket, waiting: VecDeque::new(), last_id: 0 },
            Ok(Err(e)) => panic!("no connection to {url}: {e}"),
            Err(_) => panic!("no connection to {url} within {PATIENCE:?}"),
        }
    }

    /// Connects to `ws://…/rpc`, where a refusal is one of the expected answers.
    ///
    /// # Errors
    ///
    /// When there is no connection, or the handshake is refused.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub async fn try_connect(url: &str) -> tungstenite::Result<Self> {
        let connected = timeout(PATIENCE, connect_async(url)).await;
        let (socket, _) =
            connected.unwrap_or_else(|_| panic!("no answer from {url} within {PATIENCE:?}"))?;
        Ok(Self { socket, waiting: VecDeque::new(), last_id: 0 })
    }

    /// The address that the server sees.
    ///
    /// # Panics
    ///
    /// When the connection is closed.
    pub fn local_address(&self) -> SocketAddr {
        match self.socket.get_ref() {
            MaybeTlsStream::Plain(stream) => stream.local_addr().expect("the connection is open"),
            _ => panic!("only connections without TLS are made here"),
        }
    }

    /// Sends a frame as it is.
    ///
    /// # Panics
    ///
    /// When the connection is closed.
    pub async fn send(&mut self, message: impl Into<Message>) {
        if let Err(e) = self.socket.send(message.into()).await {
            panic!("the connection is closed: {e}");
        }
    }

    /// Calls a procedure and answers the whole response.
    ///
    /// # Panics
    ///
    /// When there is no response.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send(request.to_string()).await;
        self.next_where(&format!("the answer to {request}"), |m| m["id"] == id).await
    }

    /// Subscribes, takes the `started` event, and answers the subscription's id.
    ///
    /// # Panics
    ///
    /// When the server refuses, or `started` is not the first event.
    pub async fn subscribe(&mut self, method: &str, params: Value) -> u64 {
        let answer = self.call(method, params).await;
        let id = answer["result"].as_u64().unwrap_or_else(|| panic!("refused: {answer}"));
        let started = self.event(id).await;
        assert_eq!(started["type"], "started", "the first event was {started}");
        id
    }

    /// The next event of a subscription.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn event(&mut self, subscription: u64) -> Value {
        let what = format!("an event of the subscription {subscription}");
        let mut message =
            self.next_where(&what, |m| m["params"]["subscription"] == subscription).await;
        message["params"]["result"].take()
    }

    /// The next message of all.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn message(&mut self) -> Value {
        self.next_where("a message", |_| true).await
    }

    /// Reads until the server has sent this many pings, and answers each. Messages that come before can still be asked for.
    ///
    /// # Panics
    ///
    /// When the connection ends, or a ping takes longer than 30 s.
    pub async fn pings(&mut self, count: usize) {
        let mut seen = 0;
        while seen < count {
            match timeout(PATIENCE, self.socket.next()).await {
                Ok(Some(Ok(Message::Ping(_)))) => seen += 1,
                Ok(Some(Ok(Message::Text(text)))) => self.waiting.push_back(parse(&text)),
                Ok(Some(Ok(Message::Pong(_) | Message::Binary(_) | Message::Frame(_)))) => {}
                end => panic!("{end:?} after {seen} of {count} pings"),
            }
        }
    }

    /// What has been received and was not asked for.
    pub fn waiting(&self) -> impl Iterator<Item = &Value> {
        self.waiting.iter()
    }

    /// Reads until the server closes, and answers its close frame: none, when it just hung up. Messages
    /// that come before can still be asked for.
    ///
    /// # Panics
    ///
    /// When it does not close.
    pub async fn closed(&mut self) -> Option<CloseFrame> {
        let close = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(frame))) => return frame,
                    Some(Ok(Message::Text(text))) => self.waiting.push_back(parse(&text)),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        timeout(PATIENCE, close).await.expect("the server did not close the connection")
    }

    async fn next_where(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.waiting.iter().position(&wanted) {
            return self.waiting.remove(at).expect("it was just found there");
        }
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let message = parse(&text);
                        if wanted(&message) {
                            return message;
                        }
                        self.waiting.push_back(message);
                    }
                    Some(Ok(Message::Close(frame))) => panic!("closed ({frame:?}) before {what}"),
                    Some(Ok(_)) => {}
                    Some(Err(e)) => panic!("the connection broke before {what}: {e}"),
                    None => panic!("the connection ended before {what}"),
                }
            }
        };
        match timeout(PATIENCE, next).await {
            Ok(message) => message,
            Err(_) => {
                panic!("{what} did not come within {PATIENCE:?}; waiting: {:?}", self.waiting)
            }
        }
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("the server sent no JSON ({e}): {text}"))
}
