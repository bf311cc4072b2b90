//! The users domain: a list of users, one user, and every change of a list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Channel, ErrorCode, EventId, Feed, NoInput, Query, Subscription};

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// Unique among all users.
    pub id: String,
    /// The full name, for people.
    pub name: String,
    /// What the user says of themselves. Absent when they say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub bio: Option<String>,
}

/// Answers all users.
#[derive(Debug, JsonSchema)]
pub struct AllUsers;

impl Query for AllUsers {
    const NAME: &'static str = "allUsers";
    type Input = NoInput;
    type Output = Vec<User>;
}

/// Answers one user by id, or `notFound`.
#[derive(Debug, JsonSchema)]
pub struct UserById;

/// Which user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserByIdInput {
    /// The user's id.
    pub id: String,
}

impl Query for UserById {
    const NAME: &'static str = "userById";
    type Input = UserByIdInput;
    type Output = User;
    const ERRORS: &'static [ErrorCode] = &[ErrorCode::NotFound];
}

/// Streams every change of one user list. Each event is the full list that replaces the one before.
#[derive(Debug, JsonSchema)]
pub struct OnUpdates;

/// Which list, and from where on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnUpdatesInput {
    /// The list's channel, such as `list-1`.
    pub channel: Channel,
    /// The last event that the client has: the stream goes on after it. Without it, the stream begins now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EventId")]
    pub last_event_id: Option<EventId>,
}

impl Subscription for OnUpdates {
    const NAME: &'static str = "onUpdates";
    const NAMESPACE: &'static str = "updates";
    type Input = OnUpdatesInput;
    type Event = Vec<User>;
    const FEED: Feed = Feed::Log;
    const ERRORS: &'static [ErrorCode] =
        &[ErrorCode::BrokerUnavailable, ErrorCode::TooManySubscriptions];

    fn channel(input: &Self::Input) -> Channel {
        input.channel.clone()
    }

    fn last_event_id(input: &Self::Input) -> Option<&EventId> {
        input.last_event_id.as_ref()
    }
}
