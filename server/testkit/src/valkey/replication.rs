//! A Valkey that copies another.

use std::time::Duration;

use tokio::time::sleep;

use super::ValkeyProcess;
use crate::Result;

/// How long to wait before asking again.
const INTERVAL: Duration = Duration::from_millis(20);

/// What a Valkey is to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It takes writes.
    Primary,
    /// It copies a primary. Clients can read from it, and writes get `READONLY`.
    Replica,
}

impl ValkeyProcess {
    /// Makes it a replica of `primary` (`REPLICAOF`), and waits until it has copied everything. Its clients stay
    /// connected.
    ///
    /// # Errors
    ///
    /// When one of the two cannot be reached, or it has not caught up within a minute.
    pub async fn follow(&self, primary: &Self) -> Result<()> {
        self.cli(["REPLICAOF", "127.0.0.1", &primary.port().to_string()]).await?;
        self.caught_up_with(primary).await
    }

    /// Makes it a primary (`REPLICAOF NO ONE`), with whatever it has copied so far. Its clients stay connected.
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn lead(&self) -> Result<()> {
        self.cli(["REPLICAOF", "NO", "ONE"]).await.map(drop)
    }

    /// What it takes itself for.
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn role(&self) -> Result<Role> {
        let role = self.info("replication", "role").await?;
        Ok(if role == "master" { Role::Primary } else { Role::Replica })
    }

    /// A field of a section of `INFO`, such as `run_id` of `server`; empty when there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be reached.
    pub async fn info(&self, section: &str, field: &str) -> Result<String> {
        let info = self.cli(["INFO", section]).await?;
        let value = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        Ok(value.unwrap_or_default().trim_end().to_owned())
    }

    /// Waits until this replica has what `primary` has taken so far.
    ///
    /// # Errors
    ///
    /// When it has not within a minute.
    pub async fn caught_up_with(&self, primary: &Self) -> Result<()> {
        self.until("replication", "master_link_status", "up").await?;
        let offset = primary.info("replication", "master_repl_offset").await?;
        let offset = offset.parse::<u64>().unwrap_or_default();
        let caught_up = async {
            loop {
                let own = self.info("replication", "slave_repl_offset").await?;
                if own.parse::<u64>().is_ok_and(|own| own >= offset) {
                    return Ok(());
                }
                sleep(INTERVAL).await;
            }
        };
        self.process()
            .expect("it has what its primary has", async { Some(caught_up.await) })
            .await?
    }

    /// Waits until a field of `INFO` has this value.
    pub(super) async fn until(&self, section: &str, field: &str, value: &str) -> Result<()> {
        let holds = async {
            while self.info(section, field).await? != value {
                sleep(INTERVAL).await;
            }
            Ok(())
        };
        self.process().expect(&format!("{field}:{value}"), async { Some(holds.await) }).await?
    }
}
