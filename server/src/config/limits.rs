//! What clients may use.

use std::time::Duration;

use clap::Args;

use super::{
    Config,
    value::{check_number, check_time, positive, time},
};
use crate::error::Error;

/// The default of `--max-payload-bytes`: an event then fits a message of 1 MiB, the most that many WebSocket clients take.
pub(crate) const MAX_PAYLOAD_BYTES: u32 = 512 * 1024;

/// What one client, and all clients together, may use of a replica.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Open connections, WebSocket and HTTP together. One more is answered 503.
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "N", default_value_t = 15_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// Subscriptions of one connection. One more is answered `tooManySubscriptions`.
    #[arg(long, env = "MAX_SUBSCRIPTIONS", value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_subscriptions: u32,

    /// Bytes of one request or batch. A larger one is answered `requestTooLarge`.
    #[arg(long, env = "MAX_REQUEST_BYTES", value_name = "BYTES", default_value_t = 64 * 1024, value_parser = clap::value_parser!(u32).range(256..))]
    pub max_request_bytes: u32,

    /// Bytes of one request to `/publish`. A larger one is answered 413.
    #[arg(long, env = "MAX_PUBLISH_BYTES", value_name = "BYTES", default_value_t = 4 * 1024 * 1024, value_parser = clap::value_parser!(u32).range(256..))]
    pub max_publish_bytes: u32,

    /// Bytes of one response, or of all responses to one batch. A larger one becomes `responseTooLarge`. Many WebSocket clients
    /// refuse messages above 1 MiB.
    #[arg(long, env = "MAX_RESPONSE_BYTES", value_name = "BYTES", default_value_t = 1024 * 1024, value_parser = clap::value_parser!(u32).range(256..))]
    pub max_response_bytes: u32,

    /// Calls in one batch. A longer one is answered `batchTooLarge`.
    #[arg(long, env = "MAX_BATCH", value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_batch: u32,

    /// Bytes of one event's payload, as published and as sent. A handler that publishes a larger one gets an error. A larger one
    /// from elsewhere is left out, logged and counted, and subscribers get a gap in its place. The message has up to 2 KiB more.
    #[arg(long, env = "MAX_PAYLOAD_BYTES", value_name = "BYTES", default_value_t = MAX_PAYLOAD_BYTES, value_parser = clap::value_parser!(u32).range(2..))]
    pub max_payload_bytes: u32,

    /// Calls of one connection that are not answered yet. At the limit, the server stops reading from the connection.
    #[arg(long, env = "MAX_CALLS", value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_calls: u32,

    /// Mutations that run at the same time, of all connections. One more is answered `serverBusy`.
    #[arg(long, env = "MAX_MUTATIONS", value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_mutations: u32,

    /// Bytes of events that wait for one client to read, all its subscriptions together. Above it, the one that
    /// is furthest behind is stopped (`slowConsumer`). Clients of one channel share these bytes.
    #[arg(long, env = "OUTBOX_BYTES", value_name = "BYTES", default_value_t = 2 * 1024 * 1024, value_parser = clap::value_parser!(u32).range(1024..))]
    pub outbox_bytes: u32,

    /// Bytes that the kernel keeps for one client; it doubles them for its own book-keeping.
    #[arg(long, env = "SEND_BUFFER_BYTES", value_name = "BYTES", default_value_t = 128 * 1024, value_parser = clap::value_parser!(u32).range(4096..=i64::from(i32::MAX / 2)))]
    pub send_buffer_bytes: u32,

    /// Bytes of each active channel's newest events that are kept in memory for clients that come back. At
    /// most half of `--outbox-bytes`.
    #[arg(long, env = "WINDOW_BYTES", value_name = "BYTES", default_value_t = 1024 * 1024)]
    pub window_bytes: u32,

    /// The same for all channels together: the least recently used windows are dropped above it, and every window that was
    /// not used for two minutes.
    #[arg(long, env = "ALL_WINDOWS_BYTES", value_name = "BYTES", default_value_t = 256 * 1024 * 1024)]
    pub all_windows_bytes: u32,

    /// The longest rest between two writes to each subscriber of a channel with more than 32: events that come meanwhile
    /// share a write. A shorter one costs CPU time, and a longer one delays events; `0s` is none. Counts in whole milliseconds.
    #[arg(long, env = "LONGEST_REST", value_name = "TIME", default_value = "2ms", value_parser = time)]
    pub longest_rest: Duration,

    /// How often each connection is pinged.
    #[arg(long, env = "PING_INTERVAL", value_name = "TIME", default_value = "20s", value_parser = positive)]
    pub ping_interval: Duration,

    /// How long a peer may take nothing from its socket before it is cut off, and how long it may say
    /// nothing, pongs included.
    #[arg(long, env = "STALL_LIMIT", value_name = "TIME", default_value = "60s", value_parser = positive)]
    pub stall_limit: Duration,

    /// How long a replica that was asked to end still takes connections and calls, while `/readyz` answers 503: the
    /// time that load balancers need to notice. Then it drains. A second SIGTERM or SIGINT ends this time at once.
    #[arg(long, env = "LAME_DUCK", value_name = "TIME", default_value = "0s", value_parser = time)]
    pub lame_duck: Duration,

    /// How long a replica may take to drain.
    #[arg(long, env = "DRAIN_LIMIT", value_name = "TIME", default_value = "10s", value_parser = positive)]
    pub drain_limit: Duration,
}

impl Limits {
    /// Refuses what the command line would refuse.
    pub(super) fn check(&self) -> Result<(), Error> {
        check_number("max_connections", self.max_connections, 1)?;
        check_number("max_subscriptions", self.max_subscriptions, 1)?;
        check_number("max_request_bytes", self.max_request_bytes, 256)?;
        check_number("max_publish_bytes", self.max_publish_bytes, 256)?;
        check_number("max_response_bytes", self.max_response_bytes, 256)?;
        check_number("max_batch", self.max_batch, 1)?;
        check_number("max_payload_bytes", self.max_payload_bytes, 2)?;
        check_number("max_calls", self.max_calls, 1)?;
        check_number("max_mutations", self.max_mutations, 1)?;
        check_number("outbox_bytes", self.outbox_bytes, 1024)?;
        check_number("send_buffer_bytes", self.send_buffer_bytes, 4096)?;
        check_time("ping_interval", self.ping_interval)?;
        check_time("stall_limit", self.stall_limit)?;
        check_time("drain_limit", self.drain_limit)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Config::default().limits
    }
}
