//! What a service of some size uses: numbers of several widths, ids, dates, lengths, enums with data, groups of procedures,
//! an error with details, a `State` and a `Log` feed.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidings::{Channel, ErrorDetails, ErrorKind, Feed, Mutation, NoInput, Query, Subscription};
use uuid::Uuid;

/// An item of the stock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    pub id: Uuid,
    /// Never empty.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Below zero when more was promised than there is.
    pub left: i32,
    /// How many were sold, ever.
    pub sold: u64,
    pub restocked_at: DateTime<Utc>,
    pub note: Option<String>,
    pub packing: Packing,
}

/// How an item is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Packing {
    Download,
    Box { weight_grams: u32 },
    Custom { label: String, parts: Vec<Packing> },
}

/// What happened to the stock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    Added(Item),
    Removed { id: Uuid },
    Cleared,
}

/// Which item.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ItemId {
    pub id: Uuid,
}

/// Answers an item.
#[derive(JsonSchema)]
pub struct GetItem;

impl Query for GetItem {
    const NAME: &'static str = "stock.items.get";
    type Input = ItemId;
    type Output = Item;
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::NOT_FOUND];
}

/// Which item, and how many of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TakeInput {
    pub id: Uuid,
    #[schemars(range(min = 1))]
    pub count: i32,
}

/// Takes items from the stock.
#[derive(JsonSchema)]
pub struct Take;

impl Mutation for Take {
    const NAME: &'static str = "stock.items.take";
    type Input = TakeInput;
    type Output = Item;
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::NOT_FOUND, ErrorKind::of::<SoldOut>()];
}

/// How many are left.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SoldOut {
    pub left: i32,
}

impl ErrorDetails for SoldOut {
    const KIND: ErrorKind = ErrorKind::new(2001, "soldOut", "There are not so many left.").retryable();
}

/// Streams an item: the newest at once.
#[derive(JsonSchema)]
pub struct OnItem;

impl Subscription for OnItem {
    const NAME: &'static str = "stock.items.onItem";
    type Input = ItemId;
    type Event = Item;
    const FEED: Feed = Feed::State;

    fn channel(input: &ItemId) -> Channel {
        Channel::from_parts(&[&input.id.to_string()])
    }
}

/// Streams every change of the stock.
#[derive(JsonSchema)]
pub struct OnChange;

impl Subscription for OnChange {
    const NAME: &'static str = "stock.onChange";
    type Input = NoInput;
    type Event = Change;
    const FEED: Feed = Feed::Log;
}
