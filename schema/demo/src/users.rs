//! The users domain: a list of users, one user, a change of a bio, and every change of a list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidings_contract::{
    Channel, ErrorDetails, ErrorKind, Feed, Mutation, NoInput, Query, Subscription,
};

/// The longest bio: characters.
pub const MAX_BIO: u32 = 140;

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
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::NOT_FOUND];
}

/// Changes what a user says of themselves, and answers the changed user. Every subscriber of `list-1` receives the new
/// list.
#[derive(Debug, JsonSchema)]
pub struct SetBio;

/// Which user, and their new bio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetBioInput {
    /// The user's id.
    pub id: String,
    /// The new bio: at most 140 characters. An empty one removes the bio.
    pub bio: String,
}

/// How long a bio may be, and how long this one was: characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BioTooLong {
    /// The longest bio.
    pub max: u32,
    /// This bio.
    pub length: u32,
}

impl ErrorDetails for BioTooLong {
    const KIND: ErrorKind = ErrorKind::new(1001, "bioTooLong", "The bio is longer than it may be.");
}

impl Mutation for SetBio {
    const NAME: &'static str = "setBio";
    type Input = SetBioInput;
    type Output = User;
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::NOT_FOUND, ErrorKind::of::<BioTooLong>()];
}

/// Streams every change of one user list. Each event is the full list that replaces the one before.
#[derive(Debug, JsonSchema)]
pub struct OnUpdates;

/// Which list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OnUpdatesInput {
    /// The list's channel, such as `list-1`.
    pub channel: Channel,
}

impl Subscription for OnUpdates {
    const NAME: &'static str = "onUpdates";
    const NAMESPACE: &'static str = "updates";
    type Input = OnUpdatesInput;
    type Event = Vec<User>;
    const FEED: Feed = Feed::Log;

    fn channel(input: &Self::Input) -> Channel {
        input.channel.clone()
    }
}

/// Streams the bio of one user: the newest at once, if it was ever changed. This is also where the service keeps it.
#[derive(Debug, JsonSchema)]
pub struct OnBio;

/// A bio that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bio {
    /// The user's id.
    pub id: String,
    /// What the user says of themselves; empty when they say nothing.
    pub bio: String,
}

impl OnBio {
    /// The channel of one user's bio.
    pub fn channel_of(id: &str) -> Channel {
        Channel::from_parts(&[id])
    }
}

impl Subscription for OnBio {
    const NAME: &'static str = "onBio";
    const NAMESPACE: &'static str = "bios";
    type Input = UserByIdInput;
    type Event = Bio;
    const FEED: Feed = Feed::State;

    fn channel(input: &Self::Input) -> Channel {
        Self::channel_of(&input.id)
    }
}
