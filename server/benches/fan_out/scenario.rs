//! What is measured.

use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::{arguments::Arguments, server::Server};

/// A scenario.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scenario {
    /// 1,000 subscribers, 20 events a second, 200 bytes.
    Paced,
    /// 1,000 subscribers that poll, an event a second, 200 bytes.
    Polled,
    /// 100 subscribers, 2,000 events a second, two at a time, 200 bytes.
    Saturated,
    /// 10,000 subscribers, 2 events a second, 200 bytes.
    Wide,
    /// 1,000 subscribers, 20 events a second, 10 KB.
    Large,
    /// A query's round trip, with 1,000 idle subscribers and with 10 events a second for them.
    Query,
    /// 1,000 subscribers, 20 events a second, 4 KB, of whom 50 read nothing.
    Stalled,
    /// What Valkey does for 10 and for 1,000 subscribers, 50 events a second.
    Valkey,
    /// 1,000 connections subscribe to 100 channels each, all at once.
    Channels,
    /// 5,000 channels with a subscriber each, 10,000 events a second in all.
    Steady,
    /// Valkey is killed under 100,000 channels and comes back empty.
    Recovery,
    /// A hot channel beside a quiet one.
    Hot,
    /// 1,000 channels with 1,100 events of 1 KB each: what the server keeps of them.
    Windows,
    /// 4,000 channels, the broker in the server's memory: what a second core brings.
    Parts,
    /// 1,000,000 channels: subscribes, deliveries and a restart of Valkey. Runs only when it is named.
    Million,
}

/// How much there is to deliver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) subscribers: usize,
    /// In how many channels, where it is not one: then each has one subscriber, and `subscribers` are connections.
    pub(crate) channels: u32,
    /// Events a second.
    pub(crate) rate: u32,
    /// How many events are published at once.
    pub(crate) burst: u32,
    /// The size of an event's payload.
    pub(crate) bytes: usize,
    /// How long is published before anything is measured. Just-in-time compilers need it.
    pub(crate) warm_up: Duration,
    /// How long is published while it is measured.
    pub(crate) window: Duration,
    /// How long to wait, after the last event was published, for what has not come yet.
    pub(crate) patience: Duration,
}

impl Scenario {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Paced => "paced",
            Self::Polled => "polled",
            Self::Saturated => "saturated",
            Self::Wide => "wide",
            Self::Large => "large",
            Self::Query => "query",
            Self::Stalled => "stalled",
            Self::Valkey => "valkey",
            Self::Channels => "channels",
            Self::Steady => "steady",
            Self::Recovery => "recovery",
            Self::Hot => "hot",
            Self::Windows => "windows",
            Self::Parts => "parts",
            Self::Million => "million",
        }
    }

    /// Whether several servers are measured in it.
    pub(crate) fn compares_servers(self) -> bool {
        self.servers().len() > 1
    }

    /// Who is measured, unless the arguments name some of them.
    pub(crate) fn servers(self) -> &'static [Server] {
        use Server::{BarePoll, Bun, Centrifugo, Floor, Poll, SocketIo, Sse, Tidings, Trpc};
        match self {
            Self::Paced => &[Tidings, Sse, Bun, SocketIo, Trpc, Floor],
            Self::Polled => &[Poll, BarePoll],
            Self::Saturated => &[Tidings, Bun, SocketIo, Trpc, Floor],
            Self::Wide | Self::Large => &[Tidings, Bun, Floor],
            Self::Query | Self::Stalled | Self::Valkey | Self::Parts => &[Tidings],
            Self::Channels
            | Self::Steady
            | Self::Recovery
            | Self::Hot
            | Self::Windows
            | Self::Million => &[Tidings, Centrifugo],
        }
    }

    pub(crate) fn load(self) -> Load {
        let seconds = Duration::from_secs;
        let paced = Load {
            subscribers: 1_000,
            channels: 1,
            rate: 20,
            burst: 1,
            bytes: 200,
            warm_up: seconds(2),
            window: seconds(5),
            patience: seconds(5),
        };
        match self {
            Self::Paced => paced,
            Self::Polled => Load { rate: 1, window: seconds(10), ..paced },
            Self::Saturated => {
                let warm_up = Duration::from_millis(500);
                Load {
                    subscribers: 100,
                    rate: 2_000,
                    burst: 2,
                    warm_up,
                    window: seconds(3),
                    ..paced
                }
            }
            Self::Wide => Load { subscribers: 10_000, rate: 2, ..paced },
            Self::Large => Load { bytes: 10_000, ..paced },
            Self::Query => Load { rate: 10, ..paced },
            Self::Parts => paced,
            Self::Stalled => Load { bytes: 4_000, window: seconds(10), ..paced },
            Self::Valkey => Load { rate: 50, ..paced },
            Self::Channels => Load { channels: 100_000, rate: 10_000, burst: 100, ..paced },
            Self::Steady => Load { channels: 5_000, rate: 10_000, burst: 10, ..paced },
            Self::Recovery => Load { channels: 100_000, ..paced },
            Self::Hot => Load {
                subscribers: 3,
                rate: 20,
                bytes: 10_000,
                window: seconds(15),
                patience: seconds(60),
                ..paced
            },
            Self::Windows => Load { channels: 1_000, burst: 100, bytes: 1_000, ..paced },
            Self::Million => Load { channels: 1_000_000, rate: 10_000, burst: 100, ..paced },
        }
    }
}

impl Load {
    /// With what the arguments say instead.
    pub(crate) fn with(self, arguments: &Arguments) -> Self {
        Self {
            window: arguments.window().unwrap_or(self.window),
            burst: arguments.burst.unwrap_or(self.burst),
            channels: match arguments.channels {
                Some(channels) if self.channels > 1 => channels,
                _ => self.channels,
            },
            ..self
        }
    }

    /// How many events a time has.
    pub(crate) fn events(&self, time: Duration) -> u64 {
        u64::try_from(time.as_millis() * u128::from(self.rate) / 1_000).unwrap_or(u64::MAX).max(1)
    }

    /// The time between two bursts.
    pub(crate) fn every(&self) -> Duration {
        Duration::from_secs(1) * self.burst / self.rate
    }
}
