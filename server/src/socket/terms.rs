//! What holds for all connections of a replica.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

/// What holds for all connections of a replica.
#[derive(Debug)]
pub(crate) struct Terms {
    /// Subscriptions of one connection.
    pub max_subscriptions: usize,
    /// Calls of one connection that are not answered yet. When there are so many, nothing is read from its socket.
    pub max_calls: usize,
    /// Bytes of one message in fragments. More ends the connection: jsonrpsee, which bounds the others, would
    /// lose its place in the stream.
    pub max_request_bytes: u64,
    /// Bytes of events that wait for one client. When full, subscriptions are stopped.
    pub outbox_bytes: usize,
    /// How long a client may take nothing while something waits. After that it is cut off.
    pub stall_limit: Duration,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
    /// Cancelled when the replica leaves: connections are closed with `Restart`.
    pub leaving: CancellationToken,
    /// Cancelled when it may wait no longer: clients that have not read are cut off.
    pub cut: CancellationToken,
}
