//! What went wrong, with the end of the process's log.

use std::{fmt, io, process::ExitStatus, time::Duration};

/// What a fixture answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a fixture could not do what was asked.
///
/// `Debug` prints the same sentences as `Display`, because a test that fails in `unwrap` shows `Debug`.
#[derive(thiserror::Error)]
pub enum Error {
    /// A program that the fixture runs is not on this machine.
    #[error("{tool} is not installed; run: {run}")]
    MissingTool {
        /// The program's name.
        tool: &'static str,
        /// The command that installs it.
        run: &'static str,
    },
    /// The `tidings-demo` binary is not where it was looked for.
    #[error("there is no {path}; run: cargo build -p tidings-demo")]
    MissingBinary {
        /// The path that was tried.
        path: String,
    },
    /// The operating system said no.
    #[error("{context}: {source}")]
    Io {
        /// What was tried.
        context: String,
        /// The answer.
        source: io::Error,
    },
    /// The process ended when it should have run on.
    #[error("{process} ended ({status}) before {expected}{log}")]
    Ended {
        /// The process's name.
        process: String,
        /// How it ended.
        status: ExitStatus,
        /// What was waited for.
        expected: String,
        /// The end of its log.
        log: String,
    },
    /// What was waited for did not come.
    #[error("{process}: still waiting for {expected} after {} s{log}", after.as_secs())]
    Timeout {
        /// The process's name.
        process: String,
        /// What was waited for.
        expected: String,
        /// How long the wait was.
        after: Duration,
        /// The end of its log.
        log: String,
    },
    /// A command that was run to its end failed.
    #[error("{command}: {output}")]
    Failed {
        /// The command.
        command: String,
        /// What it wrote.
        output: String,
    },
}

impl Error {
    pub(crate) fn io(context: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let context = context.into();
        move |source| Self::Io { context, source }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
