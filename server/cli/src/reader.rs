//! Whether standard output still has a reader.
//!
//! `--cfg tidings_portable` (in `RUSTFLAGS`) forces the fallback, so that Linux compiles and tests what Windows uses.
//!
//! | function | where the special call exists | fallback |
//! |---|---|---|
//! | [`gone`] | Unix: `poll` on standard output | never resolves: the next write reports the closed pipe |

/// Resolves when the reader of standard output has closed the pipe, as in `tidings tail … | head -1`. Without it, the
/// command would notice only when it prints the next event.
#[cfg(all(unix, not(tidings_portable)))]
pub(crate) async fn gone() {
    let (closed, notified) = tokio::sync::oneshot::channel();
    // A thread, since the wait may have no end. The process does not wait for it when it ends.
    std::thread::spawn(move || {
        wait();
        let _ = closed.send(());
    });
    if notified.await.is_err() {
        std::future::pending().await
    }
}

/// Never resolves.
#[cfg(not(all(unix, not(tidings_portable))))]
pub(crate) async fn gone() {
    std::future::pending().await
}

/// Waits until the reader closes standard output. For a file or a terminal, it may wait for ever.
#[cfg(all(unix, not(tidings_portable)))]
fn wait() {
    use rustix::{
        event::{PollFd, PollFlags, poll},
        io::Errno,
    };
    let stdout = std::io::stdout();
    // Requests no events: `poll` always reports errors and hang-ups.
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    // A signal to this process may interrupt the wait.
    while poll(&mut watched, None) == Err(Errno::INTR) {}
}
