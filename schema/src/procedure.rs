//! What a procedure is.
//!
//! The name and the types of a procedure stand on one type, and everything else follows from it: the
//! method that the server registers, the entry in `openrpc.json`, the function of the TypeScript client.
//! The type's doc comment is the procedure's description in the document (by way of `JsonSchema`).
//! The idea of one declaration for both ends is tRPC's; that the declaration is a trait that needs no
//! server to be compiled is Dropshot's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Channel, ErrorCode, EventId};

/// A procedure that reads and changes nothing.
pub trait Query: JsonSchema {
    /// The method name on the wire, camelCase.
    const NAME: &'static str;
    /// The parameters, by name. [`NoInput`] when there are none.
    type Input: DeserializeOwned + JsonSchema + Send + 'static;
    /// What a successful call answers.
    type Output: Serialize + JsonSchema + Send + 'static;
    /// The errors that belong to this procedure, beside those that any call can meet.
    const ERRORS: &'static [ErrorCode] = &[];
}

/// A procedure that changes something. It is never retried by the client on its own.
pub trait Mutation: JsonSchema {
    /// The method name on the wire, camelCase.
    const NAME: &'static str;
    /// The parameters, by name. [`NoInput`] when there are none.
    type Input: DeserializeOwned + JsonSchema + Send + 'static;
    /// What a successful call answers.
    type Output: Serialize + JsonSchema + Send + 'static;
    /// The errors that belong to this procedure, beside those that any call can meet.
    const ERRORS: &'static [ErrorCode] = &[];
}

/// A procedure that answers a subscription id and then sends the events of one channel.
///
/// The notifications bear the procedure's own name; `NAME_unsubscribe` ends the subscription.
pub trait Subscription: JsonSchema {
    /// The method name on the wire, camelCase. Also the method of each notification.
    const NAME: &'static str;
    /// The family of channels that belongs to this procedure alone: in the broker, channel `c` is
    /// called `NAMESPACE:{c}`, and everything published there must fit `Event`.
    const NAMESPACE: &'static str;
    /// The parameters, by name.
    type Input: DeserializeOwned + JsonSchema + Send + 'static;
    /// What a publisher publishes. A payload that does not fit reaches no client.
    type Event: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    /// What a subscriber that falls behind or comes back is owed.
    const FEED: Feed;
    /// The errors that belong to this procedure, beside those that any call can meet.
    const ERRORS: &'static [ErrorCode] = &[];

    /// The channel that this input asks for. Clients reach no other.
    fn channel(input: &Self::Input) -> Channel;

    /// The last event that the client has, where the input can say so: the stream goes on after it.
    fn last_event_id(input: &Self::Input) -> Option<&EventId> {
        let _ = input;
        None
    }
}

/// The delivery policy of a subscription, fixed by its type: no client can configure it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Feed {
    /// Every event counts: a subscriber gets each one, also those that it missed while it was away, or is
    /// told that it could not.
    Log,
    /// Only the newest event counts: a new subscriber gets that one at once, and one that falls behind may be
    /// given just that one. There are no event ids, and nothing is resumed.
    State,
}

/// The input of a procedure that takes none: `{}`, `[]` or no `params` at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoInput {}
