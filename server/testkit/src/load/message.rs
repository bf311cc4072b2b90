//! What a server sends.

use serde::Deserialize;
use tidings_contract::{Event, RpcError, SubscriptionId};
use tidings_demo_contract::User;

/// Any message of the server.
#[derive(Deserialize)]
pub(super) struct Incoming {
    pub(super) id: Option<u64>,
    pub(super) result: Option<SubscriptionId>,
    pub(super) error: Option<RpcError>,
    pub(super) params: Option<Params>,
}

/// The parameters of a notification.
#[derive(Deserialize)]
pub(super) struct Params {
    pub(super) subscription: SubscriptionId,
    pub(super) result: Event<Vec<User>>,
}
