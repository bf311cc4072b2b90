//! What happens when a client calls.

use std::sync::Mutex;

use chrono::DateTime;
use tidings::{Channel, Context, ErrorKind, Router, RpcError, Subscription as _};
use uuid::Uuid;

use crate::contract::{
    Change, GetItem, Item, ItemId, OnChange, OnItem, Packing, SoldOut, Take, TakeInput,
};

/// The only item.
pub const ANVIL: Uuid = Uuid::from_u128(0xa417);

/// The stock.
pub struct House {
    anvil: Mutex<Item>,
}

impl Default for House {
    fn default() -> Self {
        let part = Packing::Box { weight_grams: u32::MAX };
        let anvil = Item {
            id: ANVIL,
            name: "Anvil".to_owned(),
            left: 3,
            // The largest number that JavaScript reads as it is.
            sold: (1 << 53) - 1,
            restocked_at: DateTime::UNIX_EPOCH,
            note: None,
            packing: Packing::Custom { label: "heavy".to_owned(), parts: vec![part, Packing::Download] },
        };
        Self { anvil: Mutex::new(anvil) }
    }
}

pub fn router() -> Router<House> {
    Router::<House>::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .query::<GetItem>(get)
        .public()
        .mutation::<Take>(take)
        .public()
        .subscription::<OnItem>()
        .public()
        .subscription::<OnChange>()
        .public()
}

async fn get(context: Context<House>, input: ItemId) -> Result<Item, RpcError> {
    known(input.id)?;
    Ok(context.state.anvil.lock().unwrap().clone())
}

async fn take(context: Context<House>, input: TakeInput) -> Result<Item, RpcError> {
    known(input.id)?;
    let item = {
        let mut anvil = context.state.anvil.lock().unwrap();
        if input.count > anvil.left {
            let details = SoldOut { left: anvil.left };
            return Err(RpcError::with_details("there are not so many left", details).at("count"));
        }
        anvil.left -= input.count;
        anvil.clone()
    };
    let channel = OnItem::channel(&ItemId { id: item.id });
    let change = Change::Added(item.clone());
    let results = context
        .publisher
        .batch()
        .publish::<OnItem>(&channel, &item)
        .publish::<OnChange>(&Channel::default(), &change)
        .publish::<OnChange>(&Channel::default(), &Change::Removed { id: item.id })
        .publish::<OnChange>(&Channel::default(), &Change::Cleared)
        .send()
        .await?;
    for result in results {
        result?;
    }
    Ok(item)
}

fn known(id: Uuid) -> Result<(), RpcError> {
    let unknown = || RpcError::new(ErrorKind::NOT_FOUND, format!("there is no item {id}")).at("id");
    (id == ANVIL).then_some(()).ok_or_else(unknown)
}
