//! A primary and its replica, which can change places.

use std::{ffi::OsString, iter, mem};

use super::ValkeyProcess;
use crate::Result;

/// A primary and its replica, which has copied everything.
///
/// When they change places, the connections of their clients stay open: what was connected to the primary is then
/// connected to a replica, which is what a proxy in front of them makes of a failover.
#[derive(Debug)]
pub struct ValkeyPair {
    /// Takes writes.
    pub primary: ValkeyProcess,
    /// Copies the primary.
    pub standby: ValkeyProcess,
}

impl ValkeyPair {
    /// Starts both. They keep nothing on disk.
    ///
    /// # Errors
    ///
    /// When `valkey-server` is not installed or does not start.
    pub async fn start() -> Result<Self> {
        Self::start_with(iter::empty::<OsString>()).await
    }

    /// Starts both with further arguments, such as `["--appendonly", "yes"]`.
    ///
    /// # Errors
    ///
    /// When `valkey-server` is not installed or does not start.
    pub async fn start_with(
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Self> {
        let arguments = arguments.into_iter().map(Into::into).collect::<Vec<_>>();
        let primary = ValkeyProcess::start_with(arguments.clone()).await?;
        let standby = ValkeyProcess::start_with(arguments).await?;
        standby.follow(&primary).await?;
        Ok(Self { primary, standby })
    }

    /// Lets them change places without a loss: the primary refuses writes until the replica has everything (`FAILOVER`).
    ///
    /// # Errors
    ///
    /// When one of them cannot be reached, or they have not changed places within a minute.
    pub async fn swap(&mut self) -> Result<()> {
        hand_over(&mut self.primary, &mut self.standby).await
    }

    /// Makes the replica the primary at once. The old one, now called `standby`, does not know, so that there are two
    /// primaries: what the old one takes from now on is lost when it [rejoins](Self::rejoin).
    ///
    /// # Errors
    ///
    /// When the replica cannot be reached.
    pub async fn split(&mut self) -> Result<()> {
        self.standby.lead().await?;
        mem::swap(&mut self.primary, &mut self.standby);
        Ok(())
    }

    /// Makes `standby` a replica of `primary` again.
    ///
    /// # Errors
    ///
    /// When one of them cannot be reached, or the replica has not caught up within a minute.
    pub async fn rejoin(&self) -> Result<()> {
        self.standby.follow(&self.primary).await
    }
}

/// Makes `standby` the primary and `primary` its replica, without a loss, and swaps the two values.
pub(crate) async fn hand_over(
    primary: &mut ValkeyProcess,
    standby: &mut ValkeyProcess,
) -> Result<()> {
    standby.caught_up_with(primary).await?;
    let port = standby.port().to_string();
    primary.cli(["FAILOVER", "TO", "127.0.0.1", &port]).await?;
    primary.until("replication", "role", "slave").await?;
    standby.until("replication", "role", "master").await?;
    primary.until("replication", "master_failover_state", "no-failover").await?;
    primary.caught_up_with(standby).await?;
    mem::swap(primary, standby);
    Ok(())
}
