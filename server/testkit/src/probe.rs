//! Asking a server whether it is ready.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

/// How long to wait before asking again.
const INTERVAL: Duration = Duration::from_millis(50);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(2);

/// Asks for `path` until the answer is 200. This wait has no limit of its own.
pub(crate) async fn until_ok(address: SocketAddr, path: &str) {
    while get(address, path).await.is_none() {
        sleep(INTERVAL).await;
    }
}

/// Asks for `path` until the answer is something else. This wait has no limit of its own.
pub(crate) async fn until_not_ok(address: SocketAddr, path: &str) {
    while get(address, path).await.is_some() {
        sleep(INTERVAL).await;
    }
}

/// The body of an answer, or `None` when there was none within 2 s, or one with another status than 200.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Option<String> {
    timeout(ANSWER, exchange(address, path)).await.ok().flatten()
}

async fn exchange(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    (head.split(' ').nth(1)? == "200").then(|| body.to_owned())
}
