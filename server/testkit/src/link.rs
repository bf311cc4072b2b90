//! A TCP connection that can be cut, and switched to another server.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{Error, Port, Result};

/// The way to a server that can be cut, as a network is: nothing is closed, nothing goes through, and new connections
/// are refused. All its connections end when it is dropped.
///
/// It can be [switched](Self::switch) to another server, as a proxy is in a failover: connections stay where they are, and
/// new ones go there.
///
/// What was under way when it was cut arrives after it was [restored](Self::restore), if its ends still wait for it.
#[derive(Debug)]
pub struct Link {
    port: Port,
    whole: watch::Sender<bool>,
    to: watch::Sender<SocketAddr>,
    listening: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Link {
    /// A link to the server at `to`, on a port of its own.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub async fn start(to: SocketAddr) -> Result<Self> {
        let port = Port::reserve()?;
        let address = port.address();
        let listener =
            TcpListener::bind(address).await.map_err(Error::io("a link cannot listen"))?;
        let (whole, is_whole) = watch::channel(true);
        let (to, target) = watch::channel(to);
        let (listens, listening) = watch::channel(true);
        let task = tokio::spawn(run(listener, address, target, is_whole, listens));
        Ok(Self { port, whole, to, listening, task })
    }

    /// Where it listens, as `VALKEY_URL` takes it.
    pub fn url(&self) -> String {
        format!("redis://{}", self.port.address())
    }

    /// Sends connections that are opened from now on to another server. Those that are open stay open.
    pub fn switch(&self, to: SocketAddr) {
        self.to.send_replace(to);
    }

    /// Lets nothing through any more. Resolves when new connections are refused.
    pub async fn cut(&self) {
        self.set(false).await;
    }

    /// Lets everything through again. Resolves when new connections are taken.
    pub async fn restore(&self) {
        self.set(true).await;
    }

    async fn set(&self, whole: bool) {
        self.whole.send_replace(whole);
        // The task lives as long as this.
        let _ = self.listening.clone().wait_for(|listening| *listening == whole).await;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Ends with the link.
async fn run(
    listener: TcpListener,
    address: SocketAddr,
    to: watch::Receiver<SocketAddr>,
    mut whole: watch::Receiver<bool>,
    listens: watch::Sender<bool>,
) {
    let mut connections = JoinSet::new();
    let mut listener = Some(listener);
    loop {
        tokio::select! {
            accepted = accept(listener.as_ref()) => {
                if let Ok((near, _)) = accepted {
                    let to = *to.borrow();
                    connections.spawn(carry(near, to, whole.clone()));
                }
            }
            changed = whole.changed() => {
                if changed.is_err() {
                    return;
                }
                listener = if *whole.borrow_and_update() {
                    TcpListener::bind(address).await.ok()
                } else {
                    None
                };
                listens.send_replace(listener.is_some());
            }
            _ = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// Carries one connection until it ends on either side.
async fn carry(near: TcpStream, to: SocketAddr, whole: watch::Receiver<bool>) -> io::Result<()> {
    let far = TcpStream::connect(to).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (from_near, to_near) = near.into_split();
    let (from_far, to_far) = far.into_split();
    tokio::try_join!(forward(from_near, to_far, whole.clone()), forward(from_far, to_near, whole))?;
    Ok(())
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut whole: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut bytes).await;
        // An end does not get through a cut either.
        if whole.wait_for(|whole| *whole).await.is_err() {
            return Ok(());
        }
        match read? {
            0 => return to.shutdown().await,
            read => to.write_all(&bytes[..read]).await?,
        }
    }
}
