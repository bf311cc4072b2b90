//! The mutation with which clients publish events through the server, in the document.

use schemars::Schema;
use serde_json::{Value, json};

use super::{DEFINITIONS, OpenRpc, channel_schema, schema_for};
use crate::{ErrorKind, EventId, Subscription};

/// The mutation with which clients publish events. It is there where the service lets clients publish to one of its
/// subscriptions.
pub const PUBLISH: &str = "tidings.publish";

/// The longest idempotency key: bytes.
pub const MAX_IDEMPOTENCY_KEY: usize = 256;

/// What [`PUBLISH`] takes, one of its events, and what it answers.
pub(super) const SCHEMAS: [&str; 3] =
    ["TidingsPublishInput", "TidingsPublishEvent", "TidingsPublishOutput"];

/// The errors that publishing may answer, besides those that any call can meet.
pub const PUBLISH_ERRORS: [ErrorKind; 7] = [
    ErrorKind::METHOD_NOT_FOUND,
    ErrorKind::NOT_FOUND,
    ErrorKind::FORBIDDEN,
    ErrorKind::REQUEST_TOO_LARGE,
    ErrorKind::BATCH_TOO_LARGE,
    ErrorKind::IDEMPOTENCY_KEY_REUSED,
    ErrorKind::BROKER_UNAVAILABLE,
];

impl OpenRpc {
    /// Declares that clients may publish events of `P`, a subscription that was added before. The document then has the
    /// mutation [`PUBLISH`].
    #[must_use]
    pub fn publishable<P: Subscription>(mut self) -> Self {
        let data = schema_for::<P::Event>(&mut self.outputs);
        self.publishable.push(json!({
            "type": "object",
            "description": format!("An event of {}.", P::NAME),
            "properties": {
                "procedure": { "type": "string", "const": P::NAME },
                "channel": channel_schema::<P>(),
                "data": data,
                "idempotencyKey": {
                    "description": "Publishing with the same key again publishes nothing, and answers the same id. A key belongs to a channel.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_IDEMPOTENCY_KEY,
                },
            },
            "required": ["procedure", "channel", "data"],
        }));
        if let Some(method) = self.methods.iter_mut().find(|method| method["name"] == P::NAME) {
            method["x-subscription"]["publishable"] = true.into();
        }
        self
    }

    /// Adds the mutation, where there is something to publish.
    pub(super) fn add_publish(&mut self) {
        let [input, event, output] = SCHEMAS;
        let events = match std::mem::take(&mut self.publishable) {
            events if events.is_empty() => return,
            mut events if events.len() == 1 => events.remove(0),
            events => json!({ "oneOf": events }),
        };
        let reference = |name: &str| json!({ "$ref": format!("{DEFINITIONS}{name}") });
        let list = json!({
            "description": "The events, in the order in which they are published.",
            "type": "array",
            "items": reference(event),
        });
        let ids = self.outputs.subschema_for::<EventId>();
        for (name, schema) in [
            (
                input,
                json!({
                    "description": "Events to publish: all of them, or none where one of them is refused.",
                    "type": "object",
                    "properties": { "events": list },
                    "required": ["events"],
                }),
            ),
            (event, events),
            (
                output,
                json!({
                    "description": "What was published.",
                    "type": "object",
                    "properties": {
                        "ids": { "description": "The id of each event, in order.", "type": "array", "items": ids },
                    },
                    "required": ["ids"],
                }),
            ),
        ] {
            self.events.insert(name.to_owned(), Schema::try_from(schema).unwrap_or_default());
        }
        self.check_name(PUBLISH);
        let errors: Vec<Value> = PUBLISH_ERRORS
            .iter()
            .map(|kind| json!({ "$ref": format!("#/components/errors/{}", kind.name()) }))
            .collect();
        self.methods.push(json!({
            "name": PUBLISH,
            "description": "Publishes events, in order: all of them, or none where one of them is refused. Answers their ids.",
            "paramStructure": "by-name",
            "params": [{
                "name": "events",
                "description": list["description"],
                "required": true,
                "schema": { "type": "array", "items": reference(event) },
            }],
            "result": { "name": "result", "schema": reference(output) },
            "errors": errors,
            "x-kind": "mutation",
            "x-input": reference(input),
        }));
    }
}
