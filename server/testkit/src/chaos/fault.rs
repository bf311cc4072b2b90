//! One thing that happens to fleets.

use std::time::Duration;

use super::Scene;
use crate::load::Promise;

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
    /// Valkey hangs.
    PauseValkey,
    /// Valkey becomes a replica of nobody, so that it refuses writes, and a primary again.
    ReadOnly,
    /// A channel gets more events than its clients can take, beside others.
    HotChannel,
    /// Valkey is killed, comes back without the last events that it acknowledged, and is published to before a replica
    /// is back.
    LoseTail,
    /// Valkey and its replica change places, without a loss, and all connections stay open.
    SwapValkeys,
    /// Valkey's replica is promoted while the old primary still takes writes, which are lost when it becomes a replica;
    /// all connections stay open.
    SplitValkeys,
    /// Valkey is killed, and Sentinels promote its replica.
    KillPrimary,
    /// Replicas of another program and of this one run together: half of them are upgraded, then all, one goes back.
    Upgrade,
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
    pub const ALL: [Self; 17] = [
        Self::CutSockets,
        Self::PauseReplica,
        Self::CutLink,
        Self::RestartValkey,
        Self::LoseValkey,
        Self::PauseValkey,
        Self::ReadOnly,
        Self::HotChannel,
        Self::ReloadNginx,
        Self::RestartNginx,
        Self::KillReplica,
        Self::RollingRestart,
        Self::LoseTail,
        Self::SwapValkeys,
        Self::SplitValkeys,
        Self::KillPrimary,
        Self::Upgrade,
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
            Self::PauseValkey => "Valkey stopped (SIGSTOP) for 10 s",
            Self::ReadOnly => "Valkey refuses writes (`READONLY`) for 10 s",
            Self::HotChannel => "a hot channel beside, 20,000 events/s for 20 s",
            Self::LoseTail => "Valkey killed, back without the end of its AOF",
            Self::SwapValkeys => "failover without a loss, connections kept, twice",
            Self::SplitValkeys => "two primaries for 5 s, then one, connections kept",
            Self::KillPrimary => "Valkey killed, replica promoted by Sentinel",
            Self::Upgrade => "rolling upgrade, half and half for a while",
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
            Self::PauseValkey => "pause-valkey",
            Self::ReadOnly => "read-only",
            Self::HotChannel => "hot-channel",
            Self::LoseTail => "lose-tail",
            Self::SwapValkeys => "swap-valkeys",
            Self::SplitValkeys => "split-valkeys",
            Self::KillPrimary => "kill-primary",
            Self::Upgrade => "upgrade",
        }
    }

    /// The fleet that it needs.
    pub fn scene(self) -> Scene {
        match self {
            Self::LoseTail => Scene::Everysec,
            Self::SwapValkeys => Scene::Pair,
            Self::SplitValkeys => Scene::UndeclaredPair,
            Self::KillPrimary => Scene::Sentinels,
            Self::Upgrade => Scene::Upgrade,
            _ => Scene::Durable,
        }
    }

    /// What clients are promised meanwhile.
    pub fn promise(self) -> Promise {
        match self {
            Self::LoseValkey | Self::LoseTail => Promise::OneGap,
            // Each ends with a promotion, and that those lose nothing is not declared in its scene.
            Self::ReadOnly | Self::SplitValkeys | Self::KillPrimary => Promise::AnyGaps,
            _ => Promise::Everything,
        }
    }

    /// Whether replicas are other processes afterwards.
    pub fn ends_replicas(self) -> bool {
        matches!(self, Self::KillReplica | Self::RollingRestart | Self::Upgrade)
    }

    /// A pace at which it takes 20 s or more: what [`title`](Self::title) says.
    pub fn full_pace(self) -> Pace {
        let (times, hold_secs) = match self {
            Self::CutSockets => (5, 4),
            Self::KillReplica => (5, 2),
            Self::PauseReplica | Self::LoseValkey | Self::PauseValkey | Self::ReadOnly => (1, 10),
            Self::RollingRestart | Self::Upgrade => (1, 6),
            Self::ReloadNginx => (2, 5),
            Self::RestartNginx => (4, 5),
            Self::CutLink | Self::HotChannel => (1, 20),
            Self::RestartValkey => (2, 5),
            Self::SwapValkeys => (2, 10),
            Self::LoseTail | Self::SplitValkeys | Self::KillPrimary => (1, 5),
        };
        Pace { times, hold: Duration::from_secs(hold_secs) }
    }
}
