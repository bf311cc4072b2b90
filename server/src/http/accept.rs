//! The accept loop: TCP connections come in, each with what bounds it.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use http_body_util::BodyExt as _;
use jsonrpsee::server::{StopHandle, serve_with_graceful_shutdown};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt, service_fn};

use super::sse;
use crate::{
    config::Limits,
    context::Peer,
    engine::Engine,
    log_limit::bounded,
    platform,
    socket::{Connection, Socket, Wire},
};

/// The pause after a failed accept, so that running out of files is no busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a connection that is one too many is kept to be told so.
const REFUSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long an HTTP connection is kept without another request or an answer; at most twice that. An answer
/// that has not begun by then is cut off.
const HTTP_IDLE: Duration = Duration::from_secs(60);

const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncache-control: no-store\r\ncontent-length: 0\r\n\r\n";

/// Accepts connections until `leave`. Each runs in a task that ends when its peer has gone or with `stop`.
pub(crate) async fn accept(
    engine: Arc<Engine>,
    listener: TcpListener,
    router: Router,
    stop: StopHandle,
    leave: CancellationToken,
) {
    let mut connections = 0;
    let permits = Arc::new(Semaphore::new(engine.config.limits.max_connections as usize));
    while let Some(accepted) = leave.run_until_cancelled(listener.accept()).await {
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                bounded!(warn, %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = permits.clone().try_acquire_owned() else {
            engine.metrics.connections_refused.increment(1);
            engine.tasks.spawn(refuse(stream));
            continue;
        };
        if let Err(error) = prepare(&stream, &engine.config.limits) {
            tracing::debug!(%error, "a connection was gone before it could be served");
            continue;
        }
        let open = engine.tasks.token();
        let connection = Connection::new(Wire::Tcp(stream), engine.terms.clone(), permit, open);
        let socket = Socket::new(connection.clone());
        connections += 1;
        let peer = Peer { connection: connections, address };
        let served = serve(socket, connection, peer, router.clone(), stop.clone());
        // Ends a POST that is still not answered when the replica has waited long enough.
        let cut = engine.terms.cut.clone();
        engine.tasks.spawn(cut.run_until_cancelled_owned(served));
    }
}

/// Bounds what a peer can do to us by doing nothing: jsonrpsee's pings do not close a peer that does not read.
fn prepare(stream: &TcpStream, limits: &Limits) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    // The kernel would let it grow to megabytes, which count for nobody.
    socket.set_send_buffer_size(limits.send_buffer_bytes as usize)?;
    platform::limit_stall(&socket, limits.stall_limit)
}

async fn serve(
    socket: Socket,
    connection: Arc<Connection>,
    peer: Peer,
    router: Router,
    stop: StopHandle,
) {
    let requests = Arc::new(AtomicU64::new(0));
    let answers = Arc::new(());
    let (counted, answering) = (requests.clone(), answers.clone());
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        counted.fetch_add(1, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(connection.clone());
        request.extensions_mut().insert(peer);
        // For the extractors of a service's own paths.
        request.extensions_mut().insert(ConnectInfo(peer.address));
        let answer = router.clone().oneshot(request);
        let answering = Arc::downgrade(&answering);
        async move {
            let Ok(answer) = answer.await;
            // Counted from here until the body is dropped: a service's own path may stream for as long as it likes. A request
            // whose body never comes is not.
            let answering = answering.upgrade();
            let streamed = |body: Body| {
                Body::new(body.map_frame(move |frame| {
                    let _ = &answering;
                    frame
                }))
            };
            Ok::<_, Infallible>(sse::with_body(answer).map(streamed))
        }
    });
    // Done also when the connection has become a WebSocket, which jsonrpsee's own tasks serve.
    let served = serve_with_graceful_shutdown(socket, service, stop.shutdown());
    tokio::select! {
        served = served => if let Err(error) = served {
            tracing::debug!(%error, "a connection ended with an error");
        },
        () = idle(&requests, &answers) => tracing::debug!("an idle HTTP connection was closed"),
    }
}

/// Resolves when no request has come for a while and no answer is being sent: an idle connection would keep its place for
/// ever. A client that does not read its answer is found by the outbox.
async fn idle(requests: &AtomicU64, answers: &Arc<()>) {
    let mut before = requests.load(Ordering::Relaxed);
    loop {
        tokio::time::sleep(HTTP_IDLE).await;
        let now = requests.load(Ordering::Relaxed);
        // The service holds one, and the connection another.
        if now == before && Arc::strong_count(answers) <= 2 {
            return;
        }
        before = now;
    }
}

/// Answers a request that it does not look at: an answer before the request is none to HTTP clients. Best
/// effort: a peer that has gone, or says nothing, needs no answer.
async fn refuse(mut stream: TcpStream) {
    let mut request = [0; 1024];
    if let Ok(Ok(1..)) = timeout(REFUSE_TIMEOUT, stream.read(&mut request)).await {
        let _ = stream.write_all(BUSY).await;
        let _ = stream.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_when_no_request_comes_and_not_before() {
        let requests = Arc::new(AtomicU64::new(1));
        let counted = requests.clone();
        let busy = tokio::spawn(async move {
            for _ in 0..10 {
                tokio::time::sleep(HTTP_IDLE / 2).await;
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        idle(&requests, &Arc::default()).await;
        assert!(busy.is_finished(), "it was closed between two requests");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_whose_answer_is_being_sent_is_not_idle() {
        let (requests, answers) = (AtomicU64::new(1), Arc::new(()));
        let sending = (answers.clone(), answers.clone());
        let idle = idle(&requests, &answers);
        tokio::pin!(idle);
        assert!(timeout(HTTP_IDLE * 10, &mut idle).await.is_err(), "it was closed in the middle");
        drop(sending);
        idle.await;
    }
}
