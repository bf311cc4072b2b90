//! Asks a server on this machine whether it is ready: for container health checks, where the image has no other program.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::error::Error;

/// How long the server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Bytes of the response that are read. `/readyz` responds with one line.
const MAX_ANSWER_BYTES: u64 = 8 * 1024;

/// Requests `/readyz` from the server that listens on `address`, on loopback where `address` means every interface.
///
/// The command `health` of a service calls this ([`crate::Config::parse`]).
///
/// # Errors
///
/// When the server is not ready, or does not answer within two seconds. The message contains the reason.
pub async fn health(address: SocketAddr) -> Result<(), Error> {
    let address = reachable(address);
    let failed = |reason: String| Error::Health { address, reason };
    let answer = match timeout(TIMEOUT, get(address)).await {
        Ok(answer) => answer.map_err(|e| failed(e.to_string()))?,
        Err(_) => return Err(failed(format!("no answer within {TIMEOUT:?}"))),
    };
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    if status == "200" { Ok(()) } else { Err(failed(format!("{status} {}", body.trim()))) }
}

/// Uses HTTP/1.0, where the connection ends with the response: the length need not be parsed.
async fn get(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.0\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
