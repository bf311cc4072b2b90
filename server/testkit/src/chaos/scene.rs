//! What a fleet is made of, for faults that need something special.

use std::path::Path;

use crate::FleetOptions;

/// What a fleet is made of. Each fault has one; a fleet can be used for all faults of its scene, one after the other.
///
/// What an operator declares of Valkey decides what replicas may take for granted after a restart or a failover
/// (`VALKEY_DURABILITY`). Here it is the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// One Valkey that writes each event to its disk before it acknowledges it (`appendfsync always`), declared to
    /// lose nothing in a restart. `replica-1` reaches it through a link.
    Durable,
    /// One Valkey that writes to its disk once a second: it may lose its last second. Nothing is declared.
    Everysec,
    /// A primary and its replica, behind a proxy that keeps connections. Declared to lose nothing in a failover.
    Pair,
    /// The same, and nothing is declared.
    UndeclaredPair,
    /// A primary, its replica and three Sentinels. Nothing is declared: the replica may lag.
    Sentinels,
    /// As `Durable`, but the replicas are of another program at first.
    Upgrade,
}

impl Scene {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Durable,
        Self::Everysec,
        Self::Pair,
        Self::UndeclaredPair,
        Self::Sentinels,
        Self::Upgrade,
    ];

    /// What an operator declares, as `VALKEY_DURABILITY` takes it.
    fn durability(self) -> &'static str {
        match self {
            Self::Durable | Self::Upgrade => "restart",
            Self::Pair => "failover",
            Self::Everysec | Self::UndeclaredPair | Self::Sentinels => "none",
        }
    }

    fn appendfsync(self) -> &'static str {
        if self == Self::Everysec { "everysec" } else { "always" }
    }

    /// Three replicas of the program `tidings`; those of `Upgrade` are of the program `before` at first.
    pub(super) fn options(self, tidings: &Path, before: Option<&Path>) -> FleetOptions {
        let first = if self == Self::Upgrade { before.unwrap_or(tidings) } else { tidings };
        let fleet = FleetOptions::new(first);
        let valkey = ["--appendonly", "yes", "--appendfsync", self.appendfsync()];
        let is_pair = matches!(self, Self::Pair | Self::UndeclaredPair);
        FleetOptions {
            // By environment: a program from before there was such an option ignores it.
            replica_environment: vec![(
                "VALKEY_DURABILITY".to_owned(),
                self.durability().to_owned(),
            )],
            valkey_arguments: valkey.map(str::to_owned).into(),
            linked: match self {
                Self::Durable => 1,
                Self::Pair | Self::UndeclaredPair => fleet.replicas,
                Self::Everysec | Self::Sentinels | Self::Upgrade => 0,
            },
            standby: is_pair || self == Self::Sentinels,
            sentinels: self == Self::Sentinels,
            upgrade_to: (self == Self::Upgrade).then(|| tidings.to_owned()),
            ..fleet
        }
    }
}
