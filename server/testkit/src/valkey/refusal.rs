//! Reasons for which a Valkey refuses commands, or does not answer them, while it runs.

use std::{fs, time::Duration};

use super::ValkeyProcess;
use crate::{Error, Result};

/// Which commands wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paused {
    /// Those that write, and functions that may.
    Writes,
    /// All.
    Everything,
}

/// A port on which nobody listens.
const NOBODY: &str = "1";

impl ValkeyProcess {
    /// Refuses writes with `NOREPLICAS` while fewer than `count` replicas copy it; 0 ends it.
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn require_replicas(&self, count: usize) -> Result<()> {
        self.configure("min-replicas-to-write", &count.to_string()).await
    }

    /// Refuses writes with `READONLY`: it is a replica of a primary that does not exist. Reads go on.
    /// [`lead`](Self::lead) ends it.
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn refuse_writes(&self) -> Result<()> {
        self.cli(["REPLICAOF", "127.0.0.1", NOBODY]).await.map(drop)
    }

    /// Does not answer for `time` (`CLIENT PAUSE`), or until [`unpause`](Self::unpause). Its process runs, and what
    /// waits is carried out then.
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn pause_clients(&self, paused: Paused, time: Duration) -> Result<()> {
        let mode = if paused == Paused::Writes { "WRITE" } else { "ALL" };
        let time = time.as_millis().to_string();
        self.cli(["CLIENT", "PAUSE", &time, mode]).await.map(drop)
    }

    /// Answers again after [`pause_clients`](Self::pause_clients).
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn unpause(&self) -> Result<()> {
        self.cli(["CLIENT", "UNPAUSE"]).await.map(drop)
    }

    /// Refuses writes with `OOM` while it has more data than so many bytes; 0 is no limit. With its default policy it
    /// evicts nothing.
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn limit_memory(&self, bytes: u64) -> Result<()> {
        self.configure("maxmemory", &bytes.to_string()).await
    }

    /// Refuses writes with `MISCONF`: it is to save snapshots, and cannot. [`mend_saving`](Self::mend_saving) ends it.
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn break_saving(&self) -> Result<()> {
        // A file cannot take the place of a folder.
        fs::create_dir_all(self.snapshot()).map_err(Error::io("a folder cannot be made"))?;
        self.configure("save", "3600 1").await?;
        self.cli(["BGSAVE"]).await?;
        self.until("persistence", "rdb_last_bgsave_status", "err").await
    }

    /// Takes writes again after [`break_saving`](Self::break_saving).
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn mend_saving(&self) -> Result<()> {
        fs::remove_dir(self.snapshot()).map_err(Error::io("a folder cannot be removed"))?;
        self.configure("save", "").await
    }

    /// Sets one parameter of its configuration while it runs. A restart forgets it.
    ///
    /// # Errors
    ///
    /// When it cannot be reached, or refuses the value.
    pub async fn configure(&self, name: &str, value: &str) -> Result<()> {
        self.cli(["CONFIG", "SET", name, value]).await.map(drop)
    }

    fn snapshot(&self) -> std::path::PathBuf {
        self.folder().join("dump.rdb")
    }
}
