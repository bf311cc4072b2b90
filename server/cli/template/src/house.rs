//! The handler of each procedure.

use tidings::{Context, ErrorKind, NoInput, Router, RpcError, Subscription as _};

use crate::contract::{Lamp, OnLamp, OnLampInput, Room, Rooms, SetLamp, SetLampInput, TooBright};

const BRIGHTEST: u8 = 100;

/// The service's state. A database connection would be here, too.
pub struct House {
    rooms: Vec<Room>,
}

impl Default for House {
    fn default() -> Self {
        let room = |id: &str, name: &str| Room { id: id.to_owned(), name: name.to_owned() };
        Self {
            rooms: vec![
                room("kitchen", "Kitchen"),
                room("living-room", "Living room"),
                room("study", "Study"),
                room("garden", "Garden"),
            ],
        }
    }
}

/// Every procedure with its handler, and who may call it.
pub fn router() -> Router<House> {
    Router::<House>::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .query::<Rooms>(rooms)
        .public()
        .mutation::<SetLamp>(set_lamp)
        .public()
        .subscription::<OnLamp>()
        .public()
}

async fn rooms(context: Context<House>, _: NoInput) -> Result<Vec<Room>, RpcError> {
    Ok(context.state.rooms.clone())
}

async fn set_lamp(context: Context<House>, input: SetLampInput) -> Result<Lamp, RpcError> {
    let SetLampInput { room, brightness } = input;
    if !context.state.rooms.iter().any(|known| known.id == room) {
        let message = format!("there is no room {room:?}");
        return Err(RpcError::new(ErrorKind::NOT_FOUND, message).at("room"));
    }
    if brightness > BRIGHTEST {
        let message = format!("the brightest is {BRIGHTEST}");
        return Err(RpcError::with_details(message, TooBright { max: BRIGHTEST }).at("brightness"));
    }
    let lamp = Lamp { brightness };
    let channel = OnLamp::channel(&OnLampInput { room });
    context.publisher.publish::<OnLamp>(&channel, &lamp).await?;
    Ok(lamp)
}
