//! The committed files are what the types say, and a reader other than us can read them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tidings_contract::{Event, Instance, Notification, Request, Response, SubscriptionId};
use tidings_demo_contract::{
    User, contract,
    examples::examples,
    files,
    users::{OnUpdatesInput, SetBioInput, UserByIdInput},
};

#[test]
fn the_committed_files_are_up_to_date() {
    let stale = files().stale(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert!(stale.is_empty(), "stale: {stale:?}; run: make generate");
}

#[test]
fn the_same_types_give_the_same_bytes() {
    assert_eq!(files(), files());
}

/// What Rust parses from a file and writes again is what stood there.
fn round_trips<T: Serialize + DeserializeOwned>(message: &Value) {
    let parsed: T = serde_json::from_value(message.clone()).unwrap();
    assert_eq!(&serde_json::to_value(parsed).unwrap(), message);
}

#[test]
fn every_example_round_trips() {
    for (name, message) in examples() {
        match name {
            "all-users.request" => round_trips::<Request<()>>(&message),
            "all-users.response" => round_trips::<Response<Vec<User>>>(&message),
            "user-by-id.request" => round_trips::<Request<UserByIdInput>>(&message),
            "set-bio.request" => round_trips::<Request<SetBioInput>>(&message),
            "user-by-id.response"
            | "user-by-id.not-found"
            | "set-bio.response"
            | "set-bio.bio-too-long" => round_trips::<Response<User>>(&message),
            "on-updates.request" => round_trips::<Request<OnUpdatesInput>>(&message),
            "on-updates.request-to-resume" => round_trips::<Request<Value>>(&message),
            "on-instances.request" => round_trips::<Request<()>>(&message),
            "on-instances.data" => round_trips::<Notification<Event<Vec<Instance>>>>(&message),
            "on-updates.response" | "on-updates.invalid-params" => {
                round_trips::<Response<SubscriptionId>>(&message);
            }
            "on-updates-unsubscribe.request" => {
                round_trips::<Request<[SubscriptionId; 1]>>(&message)
            }
            "on-updates-unsubscribe.response" => round_trips::<Response<bool>>(&message),
            "parse-error" => round_trips::<Response<()>>(&message),
            event => {
                assert!(
                    event.starts_with("on-updates."),
                    "no type is named for the example {event}"
                );
                round_trips::<Notification<Event<Vec<User>>>>(&message);
            }
        }
    }
}

#[test]
fn every_event_example_fits_the_published_schema() {
    let document = contract().into_document().unwrap();
    let mut schema = document["components"].clone();
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["$ref"] = "#/schemas/OnUpdatesEvent".into();
    let schema = schema.to_string().replace("#/components/schemas/", "#/schemas/");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let mut events = 0;
    for (name, message) in examples() {
        if message["method"] == "onUpdates" && message["params"]["result"].is_object() {
            let event = &message["params"]["result"];
            let faults: Vec<_> = validator.iter_errors(event).map(|e| e.to_string()).collect();
            assert!(faults.is_empty(), "{name}: {faults:?}");
            events += 1;
        }
    }
    assert_eq!(events, 7, "the five kinds of event, one resumed, and one without an id");
}
