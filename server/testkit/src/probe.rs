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
    while timeout(ANSWER, status(address, path)).await.ok().flatten() != Some(200) {
        sleep(INTERVAL).await;
    }
}

/// The status of one GET, or `None` when there was no answer.
async fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut head = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut head).await.ok()?;
    std::str::from_utf8(&head).ok()?.split(' ').nth(1)?.parse().ok()
}
