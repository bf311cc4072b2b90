//! What an operator declares of Valkey.

use clap::ValueEnum;

/// What Valkey never loses of what it has acknowledged. The operator declares it: Valkey does not tell.
///
/// A channel's count goes on only where nothing can have been lost. Otherwise the channel begins another epoch, and its
/// subscribers get a `gap`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// Nothing is declared: channels begin another epoch after every restart and every promotion.
    #[default]
    None,
    /// Valkey comes back from a restart with everything: it has an append-only file with `appendfsync always`, on a disk
    /// that outlives it. Channels begin another epoch only when a replica of Valkey is promoted.
    Restart,
    /// A promoted replica of Valkey has everything, too, and so does a restarted one. Valkey's own replication does not
    /// promise that: it acknowledges events before its replicas have them.
    Failover,
}

impl std::fmt::Display for Durability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Restart => "restart",
            Self::Failover => "failover",
        })
    }
}
