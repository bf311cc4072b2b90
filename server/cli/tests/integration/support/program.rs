//! The program `tidings`.

use std::time::Duration;

use tidings_testkit::{Process, Signal};
use tokio::time::timeout;

const PROGRAM: &str = env!("CARGO_BIN_EXE_tidings");

/// How long any step may take before the test fails: far longer than it takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// What it printed, after checking that it succeeded.
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self.stdout
    }

    /// What it printed as an error, after checking that it failed and printed no result.
    pub(crate) fn failed(self) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{}", self.stderr);
        self.stderr.trim_end().to_owned()
    }
}

/// Runs a command to its end, with an empty environment.
pub(crate) async fn tidings(arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(PROGRAM);
    command.env_clear().args(arguments).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.expect("the command ends").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A running `tidings tail`. Its standard output and error are read together.
#[derive(Debug)]
pub(crate) struct Tail {
    process: Process,
    read: u64,
}

impl Tail {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = Process::command(PROGRAM).unwrap();
        command.arg("tail").args(arguments);
        Self { process: Process::start("tidings tail", command).unwrap(), read: 0 }
    }

    /// The next line.
    pub(crate) async fn line(&mut self) -> String {
        let next = self.process.log().next(self.read);
        let (number, line) = self.process.expect("another line", next).await.unwrap();
        self.read = number + 1;
        line.to_string()
    }

    /// The next line that begins with `start`. Skips those before it.
    pub(crate) async fn line_that_begins(&mut self, start: &str) -> String {
        loop {
            let line = self.line().await;
            if line.starts_with(start) {
                return line;
            }
        }
    }

    /// Presses Ctrl-C, and answers the exit code.
    pub(crate) async fn interrupt(&self) -> Option<i32> {
        self.process.signal(Signal::INT);
        timeout(PATIENCE, self.process.ended()).await.expect("it ends").code()
    }
}
