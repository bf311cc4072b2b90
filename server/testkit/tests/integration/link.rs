use std::{net::SocketAddr, time::Duration};

use tidings_testkit::Link;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A link, a connection through it, and both ends of that.
async fn connected() -> (Link, SocketAddr, TcpStream, TcpStream) {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = Link::start(server.local_addr().unwrap()).await.unwrap();
    let address = link.url().strip_prefix("redis://").unwrap().parse().unwrap();
    let near = TcpStream::connect(address).await.unwrap();
    let (far, _) = timeout(PATIENCE, server.accept()).await.unwrap().unwrap();
    (link, address, near, far)
}

async fn read(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; 100];
    let read = timeout(PATIENCE, stream.read(&mut bytes)).await.expect("nothing came").unwrap();
    bytes.truncate(read);
    bytes
}

#[tokio::test]
async fn a_link_carries_bytes_and_ends_both_ways() {
    let (_link, _, mut near, mut far) = connected().await;
    near.write_all(b"ping").await.unwrap();
    assert_eq!(read(&mut far).await, b"ping");
    far.write_all(b"pong").await.unwrap();
    assert_eq!(read(&mut near).await, b"pong");
    drop(far);
    assert_eq!(read(&mut near).await, b"");
}

#[tokio::test]
async fn a_cut_link_closes_nothing_refuses_what_is_new_and_delivers_when_it_is_whole_again() {
    let (link, address, mut near, mut far) = connected().await;
    link.cut().await;
    assert!(TcpStream::connect(address).await.is_err());
    near.write_all(b"late").await.unwrap();
    // Even its end does not get through.
    drop(near);
    assert_eq!(far.try_read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    link.restore().await;
    assert_eq!(read(&mut far).await, b"late");
    assert_eq!(read(&mut far).await, b"");
    TcpStream::connect(address).await.unwrap();
}

#[tokio::test]
async fn a_switched_link_keeps_its_connections_and_sends_new_ones_elsewhere() {
    let (link, address, mut near, mut far) = connected().await;
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    link.switch(other.local_addr().unwrap());
    let mut second = TcpStream::connect(address).await.unwrap();
    let (mut other, _) = timeout(PATIENCE, other.accept()).await.unwrap().unwrap();
    second.write_all(b"new").await.unwrap();
    assert_eq!(read(&mut other).await, b"new");
    near.write_all(b"old").await.unwrap();
    assert_eq!(read(&mut far).await, b"old");
}

#[tokio::test]
async fn a_dropped_link_ends_its_connections() {
    let (link, address, mut near, _far) = connected().await;
    drop(link);
    assert_eq!(read(&mut near).await, b"");
    assert!(TcpStream::connect(address).await.is_err());
}
