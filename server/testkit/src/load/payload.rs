//! The payload of an event: its number, and when it was published.

use std::time::{Duration, SystemTime};

use tidings_demo_contract::User;

/// The payload of the event `number` of a channel, published now, with so many bytes that mean nothing.
pub(super) fn write(number: u64, padding: usize) -> String {
    let name = now().as_micros().to_string();
    let bio = (padding > 0).then(|| "x".repeat(padding));
    serde_json::json!([User { id: number.to_string(), name, bio }]).to_string()
}

/// The number of an event, and when it was published (since 1970).
pub(super) fn read(users: &[User]) -> Option<(u64, Duration)> {
    let [User { id, name, .. }] = users else { return None };
    Some((id.parse().ok()?, Duration::from_micros(name.parse().ok()?)))
}

/// The time since 1970.
pub(super) fn now() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}
