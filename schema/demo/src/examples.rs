//! One message of each kind, as `examples/*.json`. Rust and TypeScript both read these files, so a
//! message that one of them takes for something else shows up in a test.

use serde::Serialize;
use serde_json::{Value, json};

use tidings_contract::{
    BrokerStatus, ErrorKind, Event, EventId, GapReason, Instance, Mutation, Notification,
    OnInstances, Query, Request, Response, RpcError, StopReason, Subscription, SubscriptionId,
    message::{Outcome, Version},
    openrpc::unsubscribe_name,
};

use crate::{
    AllUsers, BioTooLong, OnUpdates, SetBio, User, UserById,
    users::{MAX_BIO, OnUpdatesInput, SetBioInput, UserByIdInput},
};

/// The file names, without `.json`, and their content.
pub fn examples() -> Vec<(&'static str, Value)> {
    let user = |id: &str, name: &str, bio: Option<&str>| User {
        id: id.to_owned(),
        name: name.to_owned(),
        bio: bio.map(str::to_owned),
    };
    let users = vec![
        user("1", "Leanne Graham", Some("Multi-layered client-server neural-net")),
        user("2", "Ervin Howell", None),
    ];
    let id = SubscriptionId(7);
    let event_id = || EventId::from("1b4e28ba-2fa1-41d2-883f-0016d3cca427:42".to_owned());
    let instance = || "replica-1".to_owned();
    let list = OnUpdatesInput { channel: "list-1".parse().expect("a valid channel name") };
    // What the framework adds to the input of a resumable subscription.
    let mut list_to_resume = json(&list);
    list_to_resume["lastEventId"] = json(event_id());
    let event = |e: Event<Vec<User>>| json(Notification::new(OnUpdates::NAME, id, e));
    let missing = RpcError::new(ErrorKind::NOT_FOUND, "no user has the id \"99\"").at("id");
    let too_long = RpcError::with_details(
        "the bio has 150 characters and may have 140; shorten it",
        BioTooLong { max: MAX_BIO, length: 150 },
    )
    .at("bio");
    let invalid = RpcError::new(ErrorKind::INVALID_PARAMS, "channel: missing field `channel`");

    vec![
        ("all-users.request", json(Request::<()>::new(1, AllUsers::NAME, None))),
        ("all-users.response", json(result(1, users.clone()))),
        (
            "user-by-id.request",
            json(Request::new(2, UserById::NAME, Some(UserByIdInput { id: "1".to_owned() }))),
        ),
        ("user-by-id.response", json(result(2, users[0].clone()))),
        ("user-by-id.not-found", json(error::<User>(Some(2), missing))),
        (
            "set-bio.request",
            json(Request::new(
                6,
                SetBio::NAME,
                Some(SetBioInput { id: "1".to_owned(), bio: "Reads everything".to_owned() }),
            )),
        ),
        ("set-bio.response", json(result(6, user("1", "Leanne Graham", Some("Reads everything"))))),
        ("set-bio.bio-too-long", json(error::<User>(Some(6), too_long))),
        ("on-updates.request", json(Request::new(3, OnUpdates::NAME, Some(list)))),
        (
            "on-updates.request-to-resume",
            json(Request::new(3, OnUpdates::NAME, Some(list_to_resume))),
        ),
        ("on-updates.response", json(result(3, id))),
        (
            "on-updates.invalid-params",
            json(error::<SubscriptionId>(Some(3), invalid.at("channel"))),
        ),
        (
            "on-updates.started",
            event(Event::Started {
                resumed: false,
                last_event_id: Some(event_id()),
                instance: instance(),
            }),
        ),
        (
            "on-updates.started-resumed",
            event(Event::Started { resumed: true, last_event_id: None, instance: instance() }),
        ),
        (
            "on-updates.data",
            event(Event::Data {
                id: Some(event_id()),
                published_at: Some(1_767_225_600_000),
                instance: instance(),
                data: users.clone(),
            }),
        ),
        (
            "on-updates.data-without-id",
            event(Event::Data { id: None, published_at: None, instance: instance(), data: users }),
        ),
        (
            "on-updates.gap",
            event(Event::Gap { reason: GapReason::EpochChanged, last_event_id: Some(event_id()) }),
        ),
        ("on-updates.status", event(Event::Status { broker: BrokerStatus::Down })),
        (
            "on-updates.stopped",
            event(Event::Stopped { reason: StopReason::Draining, retry_after_ms: Some(350) }),
        ),
        (
            "on-updates-unsubscribe.request",
            json(Request::new(4, &unsubscribe_name(OnUpdates::NAME), Some(json!([id])))),
        ),
        ("on-updates-unsubscribe.response", json(result(4, true))),
        ("on-instances.request", json(Request::<()>::new(5, OnInstances::NAME, None))),
        (
            "on-instances.data",
            json(Notification::new(
                OnInstances::NAME,
                SubscriptionId(8),
                Event::Data {
                    id: None,
                    published_at: None,
                    instance: instance(),
                    data: vec![Instance {
                        name: instance(),
                        version: "0.1.0".to_owned(),
                        uptime_ms: 61_000,
                        connections: 120,
                        subscriptions: 240,
                        events_per_second: 2.5,
                        deliveries_per_second: 600.0,
                    }],
                },
            )),
        ),
        (
            "parse-error",
            json(error::<()>(
                None,
                RpcError::new(
                    ErrorKind::PARSE_ERROR,
                    "the message is not JSON: expected value at line 1 column 1",
                ),
            )),
        ),
    ]
}

fn json<T: Serialize>(message: T) -> Value {
    serde_json::to_value(message).expect("messages are plain data")
}

fn result<R>(id: u64, result: R) -> Response<R> {
    Response { jsonrpc: Version::V2, id: Some(id), outcome: Outcome::Result(result) }
}

fn error<R>(id: Option<u64>, error: RpcError) -> Response<R> {
    Response { jsonrpc: Version::V2, id, outcome: Outcome::Error(error) }
}
