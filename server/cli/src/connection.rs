//! HTTP and WebSocket to one service.

use std::{io, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, StatusCode,
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, protocol::WebSocketConfig},
};

use crate::{
    address::Address,
    failure::{Failure, Result, RpcError, without_number},
};

/// How long connecting to a service may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a response may take.
const ANSWER: Duration = Duration::from_secs(30);
/// The largest response or event that is read: bytes. The default of a service is 1 MiB.
const LARGEST: usize = 64 * 1024 * 1024;

/// A WebSocket to the service.
pub(crate) type WebSocket = WebSocketStream<TcpStream>;

/// The response to a GET or POST.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The body.
    pub(crate) body: Bytes,
}

impl Answer {
    /// The status and the body, as one line.
    pub(crate) fn line(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        match text.lines().next().map(str::trim).filter(|line| !line.is_empty()) {
            Some(line) => format!("{}: {line}", self.status),
            None => self.status.to_string(),
        }
    }
}

/// Sends a GET for this endpoint, such as `/readyz`.
pub(crate) async fn get(address: &Address, endpoint: &str) -> Result<Answer> {
    exchange(address, Method::GET, endpoint, Bytes::new()).await
}

/// Calls a procedure by POST and returns its result.
pub(crate) async fn call(address: &Address, procedure: &str, input: &Value) -> Result<Value> {
    let body = request(procedure, input).to_string();
    let answer = exchange(address, Method::POST, "/rpc", body.into()).await?;
    let mut message: Value = serde_json::from_slice(&answer.body)
        .map_err(|_| Failure::new(format!("{} answers {}", address.url("/rpc"), answer.line())))?;
    if let Some(result) = message.get_mut("result") {
        return Ok(result.take());
    }
    match serde_json::from_value::<RpcError>(message["error"].take()) {
        Ok(error) => Err(Failure::rpc(procedure, error)),
        Err(_) => Err(Failure::new(format!(
            "{} answers no JSON-RPC: {}",
            address.url("/rpc"),
            answer.line()
        ))),
    }
}

/// The JSON-RPC request for a call, the only one of its connection.
pub(crate) fn request(procedure: &str, input: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": procedure, "params": input})
}

/// Opens a WebSocket to `/rpc`.
pub(crate) async fn web_socket(address: &Address) -> Result<WebSocket> {
    let url = address.url("/rpc");
    let stream = connect(address, "/rpc").await?;
    let config =
        WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    let ws_url = url.replacen("http", "ws", 1);
    let handshake = client_async_with_config(ws_url, stream, Some(config));
    match timeout(ANSWER, handshake).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(tungstenite::Error::Http(answer))) => {
            Err(Failure::new(format!("{url} answers {} to a WebSocket", answer.status())))
        }
        Ok(Err(error)) => Err(Failure::new(format!("{url} speaks no WebSocket: {error}"))),
        Err(_) => Err(too_slow(&url)),
    }
}

async fn exchange(
    address: &Address,
    method: Method,
    endpoint: &str,
    body: Bytes,
) -> Result<Answer> {
    let url = address.url(endpoint);
    let stream = connect(address, endpoint).await?;
    let broken =
        |error: &dyn std::fmt::Display| Failure::new(format!("{url} gave no HTTP answer: {error}"));
    let exchange = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        let request = Request::builder()
            .method(method)
            .uri(address.path(endpoint))
            .header(HOST, address.authority())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| broken(&error))?;
        // Ends with the response: the connection is for one request.
        let driver = tokio::spawn(connection);
        let (head, body) =
            sender.send_request(request).await.map_err(|error| broken(&error))?.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.map_err(|error| broken(&error))?;
        driver.abort();
        Ok(Answer { status: head.status, body: body.to_bytes() })
    };
    timeout(ANSWER, exchange).await.unwrap_or_else(|_| Err(too_slow(&url)))
}

async fn connect(address: &Address, endpoint: &str) -> Result<TcpStream> {
    let why = match timeout(CONNECT, TcpStream::connect(address.authority())).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(error)) => in_words(&error),
        Err(_) => format!("no connection within {} s", CONNECT.as_secs()),
    };
    // A user in Tidings' own repository has probably started the demo.
    let hint = if address.is_default() {
        " (`make demo` and `make fleet` listen on port 3001: --url http://127.0.0.1:3001)"
    } else {
        ""
    };
    Err(Failure::new(format!("no answer from {}: {why}{hint}", address.url(endpoint))))
}

fn too_slow(url: &str) -> Failure {
    Failure::new(format!("no answer from {url} within {} s", ANSWER.as_secs()))
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        _ => without_number(&error.to_string()).to_owned(),
    }
}
