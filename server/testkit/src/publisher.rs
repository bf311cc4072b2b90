//! One `tidings-demo background-updates`.

use std::{path::Path, time::Duration};

use crate::{Process, Result, process::command, tool};

/// How long the publisher may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// One `tidings-demo background-updates`: publishes a user list to `list-1` at once, and then every 3 s. Killed
/// when dropped.
#[derive(Debug)]
pub struct Publisher {
    process: Process,
}

impl Publisher {
    /// Starts it. Does not wait for its first event.
    ///
    /// # Errors
    ///
    /// When the binary was not built.
    pub fn start(tidings: &Path, valkey_url: &str) -> Result<Self> {
        let mut command = command(tool::built(tidings)?, "KILL")?;
        command.args(["background-updates", "--valkey-url", valkey_url]);
        Ok(Self { process: Process::start("publisher", command)? })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Its process, with its log.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Ends it (SIGTERM).
    ///
    /// # Errors
    ///
    /// When it does not end within 20 s.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.stop(PATIENCE).await.map(drop)
    }
}
