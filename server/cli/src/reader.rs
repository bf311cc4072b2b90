//! Who reads standard output.

/// Resolves when nobody reads standard output any more, as in `tidings tail … | head -1`. Without it, the command would
/// learn of it with its next event, which may be a long time off. On Windows it never resolves.
pub(crate) async fn gone() {
    #[cfg(unix)]
    {
        let (tell, told) = tokio::sync::oneshot::channel();
        // A thread of its own, since the wait has no end: the process does not wait for this one when it ends.
        std::thread::spawn(move || {
            wait();
            let _ = tell.send(());
        });
        if told.await.is_ok() {
            return;
        }
    }
    std::future::pending().await
}

/// Waits until the other end of standard output is closed. If it is a file or a terminal it has none.
#[cfg(unix)]
fn wait() {
    use rustix::{
        event::{PollFd, PollFlags, poll},
        io::Errno,
    };
    let stdout = std::io::stdout();
    // No event is asked for: an error or a hang-up is told of all the same.
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    // A signal to us may interrupt the wait.
    while poll(&mut watched, None) == Err(Errno::INTR) {}
}
