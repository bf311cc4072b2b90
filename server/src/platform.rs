//! The calls that differ between operating systems, each with a portable fallback.
//!
//! `--cfg tidings_portable` (in `RUSTFLAGS`) forces the fallbacks for Linux' own calls, so that Linux compiles and tests what
//! macOS and Windows use. The fallbacks for Unix' calls are Windows' alone: with them, a Linux program could not be asked to
//! end by SIGTERM, nor have its port back. `clippy.toml` keeps these calls out of the other files.
//!
//! | function | where the special call exists | fallback |
//! |---|---|---|
//! | [`ShutdownRequests`] | Unix: SIGINT and SIGTERM | Ctrl-C |
//! | [`limit_stall`] | Linux: `TCP_USER_TIMEOUT` | TCP keep-alive |
//! | [`limit_valkey_stall`] | Linux: `TCP_USER_TIMEOUT` | TCP keep-alive |
//! | [`reuse_address`] | Unix: `SO_REUSEADDR` | nothing: on Windows it would let another program take the port |

use std::{io, time::Duration};

use redis::io::tcp::TcpSettings;
use socket2::SockRef;
use tokio::net::TcpSocket;

/// Systems count keep-alive in whole seconds, and refuse none.
#[cfg(not(all(target_os = "linux", not(tidings_portable))))]
const LEAST_KEEPALIVE: Duration = Duration::from_secs(1);

/// Resolves on SIGINT or SIGTERM (on Windows, on Ctrl-C). Catches the signals from the call on, not from the first poll: a
/// signal in between is not lost.
///
/// # Errors
///
/// When the process may not handle signals.
pub fn shutdown_requested() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut requests = ShutdownRequests::catch()?;
    Ok(async move { requests.next().await })
}

/// The requests to end: SIGINT and SIGTERM.
#[cfg(unix)]
pub(crate) struct ShutdownRequests {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl ShutdownRequests {
    /// Catches the signals from now on.
    ///
    /// # Errors
    ///
    /// When the process may not handle signals.
    #[expect(clippy::disallowed_methods, reason = "this file is where it is called")]
    pub(crate) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { interrupt, terminate })
    }

    /// Waits for the next request. Signals of one kind that came together are one request.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The requests to end: Ctrl-C.
#[cfg(not(unix))]
pub(crate) struct ShutdownRequests {
    /// Ready when Ctrl-C was pressed.
    pressed: std::pin::Pin<Box<dyn Future<Output = io::Result<()>> + Send>>,
}

#[cfg(not(unix))]
impl ShutdownRequests {
    /// Catches Ctrl-C from now on.
    ///
    /// # Errors
    ///
    /// When the process may not handle it.
    pub(crate) fn catch() -> io::Result<Self> {
        // tokio registers the handler when the future is first polled, so it is polled once here.
        let mut pressed = Box::pin(tokio::signal::ctrl_c());
        if let Some(result) = futures_util::FutureExt::now_or_never(&mut pressed) {
            result?;
        }
        Ok(Self { pressed })
    }

    /// Waits for the next request.
    pub(crate) async fn next(&mut self) {
        let pressed = (&mut self.pressed).await;
        self.pressed = Box::pin(tokio::signal::ctrl_c());
        if pressed.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Ends a client's connection on which the peer acknowledges nothing for this long.
#[cfg(all(target_os = "linux", not(tidings_portable)))]
#[expect(clippy::disallowed_methods, reason = "this file is where it is called")]
pub(crate) fn limit_stall(socket: &SockRef<'_>, limit: Duration) -> io::Result<()> {
    socket.set_tcp_user_timeout(Some(limit))
}

/// Ends an idle connection whose peer has gone. A peer that is there and reads nothing is found by the outbox and by
/// pings, later than with `TCP_USER_TIMEOUT`.
#[cfg(not(all(target_os = "linux", not(tidings_portable))))]
pub(crate) fn limit_stall(socket: &SockRef<'_>, limit: Duration) -> io::Result<()> {
    socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(limit.max(LEAST_KEEPALIVE)))
}

/// Ends the connection to Valkey when it acknowledges nothing for this long.
#[cfg(all(target_os = "linux", not(tidings_portable)))]
#[expect(clippy::disallowed_methods, reason = "this file is where it is called")]
pub(crate) fn limit_valkey_stall(settings: TcpSettings, limit: Duration) -> TcpSettings {
    settings.set_user_timeout(limit)
}

/// Ends the connection to Valkey when the peer has gone. Pings find a Valkey that is there and does not answer.
#[cfg(not(all(target_os = "linux", not(tidings_portable))))]
pub(crate) fn limit_valkey_stall(settings: TcpSettings, limit: Duration) -> TcpSettings {
    settings.set_keepalive(
        redis::io::tcp::socket2::TcpKeepalive::new().with_time(limit.max(LEAST_KEEPALIVE)),
    )
}

/// Lets a restarted server bind its port while old connections are in TIME_WAIT.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "this file is where it is called")]
pub(crate) fn reuse_address(socket: &TcpSocket) -> io::Result<()> {
    socket.set_reuseaddr(true)
}

/// Does nothing: Windows frees the port without it.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn reuse_address(_: &TcpSocket) -> io::Result<()> {
    Ok(())
}
