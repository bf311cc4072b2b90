//! What a procedure is.
//!
//! One type carries the name and the types of a procedure, and everything else follows from it: the method that the
//! server registers, the entry in `openrpc.json`, the function of the TypeScript client. The type's doc comment becomes the
//! procedure's description in the document (through `JsonSchema`). One declaration for both ends is tRPC's idea; a
//! declaration that compiles without a server is Dropshot's.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Channel, ErrorKind};

/// How long the broker keeps the newest value of a [`Feed::State`] channel, unless the subscription sets
/// [`Subscription::STATE_RETENTION`].
pub const STATE_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A procedure that reads and changes nothing.
///
/// ```
/// # use schemars::JsonSchema;
/// # use tidings_contract::{NoInput, Query};
/// /// Answers the server's clock: milliseconds since 1970.
/// #[derive(JsonSchema)]
/// struct Now;
///
/// impl Query for Now {
///     const NAME: &'static str = "clock.now";
///     type Input = NoInput;
///     type Output = u64;
/// }
/// ```
pub trait Query: JsonSchema {
    /// The method name on the wire: camelCase, with dots between groups, such as `prices.getPrice`.
    const NAME: &'static str;
    /// The parameters, by name. [`NoInput`] when there are none.
    type Input: DeserializeOwned + JsonSchema + Send + 'static;
    /// What a successful call answers.
    type Output: Serialize + JsonSchema + Send + 'static;
    /// The errors that this procedure may answer, besides those that any call can meet.
    const ERRORS: &'static [ErrorKind] = &[];
}

/// A procedure that changes something. The client never repeats it on its own.
///
/// ```
/// # use schemars::JsonSchema;
/// # use serde::Deserialize;
/// # use tidings_contract::{ErrorKind, Mutation};
/// /// What to reset.
/// #[derive(Deserialize, JsonSchema)]
/// struct ResetInput {
///     counter: String,
/// }
///
/// /// Sets a counter to zero, and answers what it was.
/// #[derive(JsonSchema)]
/// struct Reset;
///
/// impl Mutation for Reset {
///     const NAME: &'static str = "counters.reset";
///     type Input = ResetInput;
///     type Output = u64;
///     const ERRORS: &'static [ErrorKind] = &[ErrorKind::NOT_FOUND];
/// }
/// ```
pub trait Mutation: JsonSchema {
    /// The method name on the wire: camelCase, with dots between groups, such as `prices.setPrice`.
    const NAME: &'static str;
    /// The parameters, by name. [`NoInput`] when there are none.
    type Input: DeserializeOwned + JsonSchema + Send + 'static;
    /// What a successful call answers.
    type Output: Serialize + JsonSchema + Send + 'static;
    /// The errors that this procedure may answer, besides those that any call can meet.
    const ERRORS: &'static [ErrorKind] = &[];
}

/// A procedure that answers a subscription id and then sends the events of one channel.
///
/// The notifications carry the procedure's own name; `NAME_unsubscribe` ends the subscription. A subscription with a
/// [`Feed::Log`] also accepts `lastEventId` beside the members of its input: the framework adds it.
///
/// ```
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use tidings_contract::{Channel, Feed, Subscription};
/// /// Which room.
/// #[derive(Deserialize, JsonSchema)]
/// struct Room {
///     room: String,
/// }
///
/// /// Streams the messages of one room.
/// #[derive(JsonSchema)]
/// struct OnMessage;
///
/// impl Subscription for OnMessage {
///     const NAME: &'static str = "chat.onMessage";
///     type Input = Room;
///     type Event = String;
///     const FEED: Feed = Feed::Log;
///
///     fn channel(input: &Room) -> Channel {
///         Channel::from_parts(&[&input.room])
///     }
/// }
/// ```
pub trait Subscription: JsonSchema {
    /// The method name on the wire: camelCase, with dots between groups. Also the method of each notification.
    const NAME: &'static str;
    /// The family of channels that belongs to this procedure alone. In the broker, channel `c` is called
    /// `NAMESPACE:{c}`, and everything published there must fit `Event`.
    const NAMESPACE: &'static str = Self::NAME;
    /// The parameters, by name. [`NoInput`] when there are none.
    type Input: DeserializeOwned + JsonSchema + Send + 'static;
    /// The payload type. Replicas drop, log and count a payload that does not deserialize into it.
    type Event: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// What a subscriber receives after it has fallen behind or was away.
    const FEED: Feed;
    /// [`Feed::State`] only: how long the broker keeps the newest value after it was published.
    const STATE_RETENTION: Duration = STATE_RETENTION;
    /// [`Feed::Members`] only: how long a member is listed after its last report. A member that stops reporting
    /// disappears for every subscriber after at most twice this time, while the broker is up.
    const MEMBER_TTL: Duration = Duration::from_secs(15);
    /// The errors that subscribing may answer, besides those that any call can meet and those that any
    /// subscription can meet (`brokerUnavailable`, `tooManySubscriptions`).
    const ERRORS: &'static [ErrorKind] = &[];

    /// Returns the channel for an input. Clients reach channels only through this function. The default is the channel
    /// `all`.
    fn channel(input: &Self::Input) -> Channel {
        let _ = input;
        Channel::default()
    }
}

/// The delivery policy of a subscription. Its type fixes the policy: no client can configure it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Feed {
    /// Every event counts. A subscriber receives each one, also those that it missed while it was away, or it
    /// receives a `gap` where that was not possible.
    Log,
    /// Only the newest event counts. The broker keeps it for [`Subscription::STATE_RETENTION`]; a new subscriber on any
    /// replica receives it at once, and a slow subscriber may receive only the newest. There are no event ids, and
    /// nothing is resumed.
    State,
    /// The event is a list to which each member contributes one element. A member reports its element again before
    /// [`Subscription::MEMBER_TTL`] has passed, or it drops out of the list. Delivery is that of `State`.
    Members,
}

impl Feed {
    /// Whether a client can continue after a `lastEventId`.
    pub const fn is_resumable(self) -> bool {
        matches!(self, Self::Log)
    }
}

/// The event of a [`Feed::Members`] subscription: a list of what each member contributes. Implemented for `Vec<M>`.
///
/// ```
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use tidings_contract::{Feed, MemberList, NoInput, Subscription};
/// /// A player at the table.
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// struct Player {
///     name: String,
/// }
///
/// /// Streams the players at the table.
/// #[derive(JsonSchema)]
/// struct OnPlayers;
///
/// impl Subscription for OnPlayers {
///     const NAME: &'static str = "table.onPlayers";
///     type Input = NoInput;
///     type Event = Vec<Player>;
///     const FEED: Feed = Feed::Members;
/// }
///
/// // A publisher reports one element of the list.
/// type Member = <<OnPlayers as Subscription>::Event as MemberList>::Member;
/// let ada: Member = Player { name: "Ada".to_owned() };
/// # assert_eq!(ada.name, "Ada");
/// ```
pub trait MemberList {
    /// What one member contributes.
    type Member: Serialize;
}

impl<M: Serialize> MemberList for Vec<M> {
    type Member = M;
}

/// The input of a procedure that takes none: `{}`, `[]` or no `params` at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoInput {}
