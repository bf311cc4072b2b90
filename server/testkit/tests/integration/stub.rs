use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tidings_testkit::Port;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::request::header;

/// What a stub does with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// Answers 200 with its name and the request's head; an upgrade, by sending back what comes.
    Answer,
    /// Reads the request and closes the connection.
    HangUp,
    /// Answers 503, as a replica with too many connections does.
    Refuse,
}

/// A replica that only says what it was asked.
#[derive(Debug)]
pub(crate) struct Stub {
    name: &'static str,
    manner: Manner,
    port: Port,
    requests: Arc<AtomicUsize>,
    tasks: JoinSet<()>,
}

impl Stub {
    pub(crate) async fn start(name: &'static str, manner: Manner) -> Self {
        let port = Port::reserve().unwrap();
        let mut stub = Self { name, manner, port, requests: Arc::default(), tasks: JoinSet::new() };
        stub.restart().await;
        stub
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// How many requests it has read.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Closes its port and connections.
    pub(crate) async fn kill(&mut self) {
        self.tasks.shutdown().await;
    }

    /// Opens its port again.
    pub(crate) async fn restart(&mut self) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port.number())).await.unwrap();
        let (name, manner, requests) = (self.name, self.manner, Arc::clone(&self.requests));
        self.tasks.spawn(async move {
            // Dropped, and all of them ended, with this task.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, name, manner, Arc::clone(&requests)));
            }
        });
    }
}

async fn serve(stream: TcpStream, name: &str, manner: Manner, requests: Arc<AtomicUsize>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        if stream.read_exact(&mut vec![0; length]).await.is_err() {
            return;
        }
        requests.fetch_add(1, Ordering::SeqCst);
        if matches!(manner, Manner::HangUp) {
            return;
        }
        if matches!(manner, Manner::Refuse) {
            let busy = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
            if stream.write_all(busy).await.is_err() {
                return;
            }
            continue;
        }
        if header(&head, "upgrade").is_some() {
            return echo(stream).await;
        }
        let body = format!("{name}\n{head}");
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn echo(mut stream: BufReader<TcpStream>) {
    let switched =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    if stream.write_all(switched).await.is_ok() {
        let (mut read, mut write) = tokio::io::split(stream);
        // Ends with the connection.
        let _ = tokio::io::copy(&mut read, &mut write).await;
    }
}
