//! The procedures with their types. `openrpc.json` and the TypeScript client are generated from this file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidings::{Channel, ErrorDetails, ErrorKind, Feed, Mutation, NoInput, Query, Subscription};

/// Answers the rooms that have a lamp.
#[derive(JsonSchema)]
pub struct Rooms;

impl Query for Rooms {
    const NAME: &'static str = "rooms";
    type Input = NoInput;
    type Output = Vec<Room>;
}

/// Sets the lamp of a room, and tells everyone who follows it.
#[derive(JsonSchema)]
pub struct SetLamp;

impl Mutation for SetLamp {
    const NAME: &'static str = "setLamp";
    type Input = SetLampInput;
    type Output = Lamp;
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::NOT_FOUND, ErrorKind::of::<TooBright>()];
}

/// Streams the lamp of a room. Only the newest state counts, and a new subscriber gets it at once.
#[derive(JsonSchema)]
pub struct OnLamp;

impl Subscription for OnLamp {
    const NAME: &'static str = "onLamp";
    type Input = OnLampInput;
    type Event = Lamp;
    const FEED: Feed = Feed::State;

    fn channel(input: &OnLampInput) -> Channel {
        Channel::from_parts(&[&input.room])
    }
}

/// A room with a lamp.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Room {
    /// The id that procedures use.
    pub id: String,
    /// The name that people read.
    pub name: String,
}

/// The lamp of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lamp {
    /// 0 is off, 100 is as bright as it gets.
    pub brightness: u8,
}

/// The input of `setLamp`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetLampInput {
    /// The room's id.
    pub room: String,
    /// 0 is off, 100 is as bright as it gets.
    pub brightness: u8,
}

/// The input of `onLamp`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OnLampInput {
    /// The room's id.
    pub room: String,
}

/// The details of the error `tooBright`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TooBright {
    /// The greatest brightness.
    pub max: u8,
}

impl ErrorDetails for TooBright {
    const KIND: ErrorKind = ErrorKind::new(1001, "tooBright", "The lamp cannot be that bright.");
}
