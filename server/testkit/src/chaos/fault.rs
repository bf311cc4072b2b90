//! One thing that happens to fleets.

use std::time::Duration;

use tokio::time::sleep;

use super::Failure;
use crate::{
    Fleet, Replica,
    load::{Crowd, Promise},
};

/// One thing that happens to fleets. When it has been tried, everything is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The clients' sockets are cut at random.
    CutSockets,
    /// A replica is killed, and comes back; then another one.
    KillReplica,
    /// A replica hangs.
    PauseReplica,
    /// Every replica is asked to leave, one after the other, and comes back.
    RollingRestart,
    /// nginx gets new workers; the connections of the old ones are closed 5 s later.
    ReloadNginx,
    /// nginx ends, and is started again.
    RestartNginx,
    /// One replica and Valkey do not reach each other.
    CutLink,
    /// Valkey is killed, and comes back with all that it acknowledged.
    RestartValkey,
    /// Valkey is killed, and comes back empty.
    LoseValkey,
}

/// How often a fault is tried, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often.
    pub times: usize,
    /// How long it stays broken, where it does not mend itself, and mended before the next time.
    pub hold: Duration,
}

impl Fault {
    /// All of them: first those that leave the replicas' processes alone.
    pub const ALL: [Self; 9] = [
        Self::CutSockets,
        Self::PauseReplica,
        Self::CutLink,
        Self::RestartValkey,
        Self::LoseValkey,
        Self::ReloadNginx,
        Self::RestartNginx,
        Self::KillReplica,
        Self::RollingRestart,
    ];

    /// What it is called in tables.
    pub fn title(self) -> &'static str {
        match self {
            Self::CutSockets => "clients' sockets cut at random",
            Self::KillReplica => "`kill -9` of one replica after the other, every 4 s",
            Self::PauseReplica => "a replica stopped (SIGSTOP) for 10 s",
            Self::RollingRestart => "rolling restart of all replicas (SIGTERM)",
            Self::ReloadNginx => "nginx reloaded, twice",
            Self::RestartNginx => "nginx restarted, four times",
            Self::CutLink => "link from a replica to Valkey cut for 20 s",
            Self::RestartValkey => "Valkey killed, back with its AOF after 5 s, twice",
            Self::LoseValkey => "Valkey killed, back empty after 10 s",
        }
    }

    /// What it is called in the names of channels.
    pub fn name(self) -> &'static str {
        match self {
            Self::CutSockets => "cut-sockets",
            Self::KillReplica => "kill-replica",
            Self::PauseReplica => "pause-replica",
            Self::RollingRestart => "rolling-restart",
            Self::ReloadNginx => "reload-nginx",
            Self::RestartNginx => "restart-nginx",
            Self::CutLink => "cut-link",
            Self::RestartValkey => "restart-valkey",
            Self::LoseValkey => "lose-valkey",
        }
    }

    /// What clients are promised meanwhile.
    pub fn promise(self) -> Promise {
        if self == Self::LoseValkey { Promise::OneGap } else { Promise::Everything }
    }

    /// Whether replicas are other processes afterwards.
    pub fn ends_replicas(self) -> bool {
        matches!(self, Self::KillReplica | Self::RollingRestart)
    }

    /// A pace at which it takes 20 s or more: what [`title`](Self::title) says.
    pub fn full_pace(self) -> Pace {
        let (times, hold_secs) = match self {
            Self::CutSockets => (5, 4),
            Self::KillReplica => (5, 2),
            Self::PauseReplica | Self::LoseValkey => (1, 10),
            Self::RollingRestart => (1, 6),
            Self::ReloadNginx => (2, 5),
            Self::RestartNginx => (4, 5),
            Self::CutLink => (1, 20),
            Self::RestartValkey => (2, 5),
        };
        Pace { times, hold: Duration::from_secs(hold_secs) }
    }

    /// Tries it.
    ///
    /// # Errors
    ///
    /// When something cannot be mended, or clients do not come back that have to.
    pub async fn strike(self, fleet: &mut Fleet, crowd: &Crowd, pace: Pace) -> Result<(), Failure> {
        let Pace { times, hold } = pace;
        if self == Self::CutSockets {
            crowd.cut_at_random(times, hold, hold / 4).await;
            return Ok(());
        }
        // Each of the replicas in turn, so that none stays the one that nothing has happened to.
        let first = rand::random_range(0..fleet.replicas.len());
        for n in 0..times {
            let starts = crowd.starts();
            let victim = (first + n) % fleet.replicas.len();
            self.once(fleet, victim, hold).await?;
            if matches!(self, Self::ReloadNginx | Self::RestartNginx) {
                crowd.came_back(&starts).await?;
            }
            sleep(hold).await;
        }
        Ok(())
    }

    async fn once(self, fleet: &mut Fleet, victim: usize, hold: Duration) -> crate::Result<()> {
        let addresses = fleet.replicas.iter().map(Replica::address).collect::<Vec<_>>();
        match self {
            // Has its own rhythm, for each client.
            Self::CutSockets => Ok(()),
            Self::KillReplica => {
                fleet.replicas[victim].kill();
                sleep(hold).await;
                fleet.replicas[victim].restart().await
            }
            Self::PauseReplica => {
                fleet.replicas[victim].pause();
                sleep(hold).await;
                fleet.replicas[victim].resume();
                Ok(())
            }
            Self::RollingRestart => {
                for replica in &mut fleet.replicas {
                    replica.restart().await?;
                    sleep(hold).await;
                }
                Ok(())
            }
            Self::ReloadNginx => fleet.nginx.reload(&addresses).await,
            Self::RestartNginx => fleet.nginx.restart().await,
            Self::CutLink => {
                let link = fleet.link.as_ref().expect("the fleet was started with a link");
                link.cut().await;
                sleep(hold).await;
                fleet.replicas[0].not_ready().await?;
                link.restore().await;
                fleet.replicas[0].ready().await
            }
            Self::RestartValkey | Self::LoseValkey => {
                fleet.valkey.kill();
                sleep(hold).await;
                if self == Self::RestartValkey {
                    fleet.valkey.restart().await?;
                } else {
                    fleet.valkey.restart_empty().await?;
                }
                for replica in &fleet.replicas {
                    replica.ready().await?;
                }
                Ok(())
            }
        }
    }
}
