use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// An answer, as it came.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The value of a header, whose name is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// The value of a header, whose name is given in lower case.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find_map(|(other, value)| (other.to_ascii_lowercase() == name).then_some(value))
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Response {
    send(address, &format!("GET {path} HTTP/1.1\r\nHost: front:81\r\nConnection: close\r\n\r\n"))
        .await
}

pub(crate) async fn post(address: SocketAddr, path: &str, body: &str) -> Response {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: front:81\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    send(address, &(head + body)).await
}

/// Sends a request that asks for the connection to be closed, and reads until it is.
pub(crate) async fn send(address: SocketAddr, request: &str) -> Response {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Response { status, head, body: answer[end..].to_vec() }
}
