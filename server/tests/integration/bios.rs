//! The demo's `setBio`: every window shows the new bio, whichever replica it was edited on.

use serde_json::{Value, json};
use tidings_testkit::Client;

use crate::support::{TestServer, list, name, on_both_brokers, on_updates};

on_both_brokers! {
    a_bio_that_is_set_is_shown_everywhere,
    an_empty_bio_is_none,
    a_user_who_is_not_there_is_not_found,
    a_bio_that_is_too_long_is_refused,
}

async fn set_bio(client: &mut Client, id: &str, bio: &str) -> Value {
    client.call("setBio", json!({ "id": id, "bio": bio })).await
}

/// The bio of a user in a list, or in a `data` event with one.
fn bio_of(users: &Value, id: &str) -> Option<String> {
    let users = users.get("data").unwrap_or(users).as_array().unwrap();
    let user = users.iter().find(|user| user["id"] == id).unwrap();
    Some(user.get("bio")?.as_str().unwrap().to_owned())
}

async fn all_users(client: &mut Client) -> Value {
    client.call("allUsers", json!({})).await["result"].take()
}

async fn a_bio_that_is_set_is_shown_everywhere(server: TestServer) {
    let (mut editor, mut viewer) = (server.client().await, server.client().await);
    let id = on_updates(&mut viewer, "list-1").await;
    let bio = viewer.subscribe("onBio", json!({ "id": "3" })).await;
    let answer = set_bio(&mut editor, "3", "  Likes ☃ and short bios. ").await;
    let changed =
        json!({ "id": "3", "name": "Clementine Bauch", "bio": "Likes ☃ and short bios." });
    assert_eq!(answer["result"], changed);
    let event = viewer.event(id).await;
    assert_eq!(event["data"].as_array().unwrap().len(), 10, "the whole list");
    assert_eq!(event["data"][2], changed);
    assert_eq!(viewer.event(bio).await["data"]["bio"], "Likes ☃ and short bios.");
    assert_eq!(all_users(&mut editor).await, event["data"]);
    assert_eq!(editor.call("userById", json!({ "id": "3" })).await["result"], changed);
    drop((editor, viewer));
    server.end().await;
}

async fn an_empty_bio_is_none(server: TestServer) {
    let mut client = server.client().await;
    let id = on_updates(&mut client, "list-1").await;
    for bio in ["", " \n "] {
        set_bio(&mut client, "1", "soon gone").await;
        assert_eq!(bio_of(&client.event(id).await, "1").as_deref(), Some("soon gone"));
        let answer = set_bio(&mut client, "1", bio).await;
        assert_eq!(answer["result"], json!({ "id": "1", "name": "Leanne Graham" }));
        assert_eq!(bio_of(&client.event(id).await, "1"), None);
        assert_eq!(bio_of(&all_users(&mut client).await, "1"), None);
    }
    drop(client);
    server.end().await;
}

async fn a_user_who_is_not_there_is_not_found(server: TestServer) {
    let mut client = server.client().await;
    let answer = set_bio(&mut client, "99", "mine").await;
    let error = json!({
        "code": -32004,
        "message": "no user has the id \"99\"",
        "data": { "name": "notFound", "retryable": false, "path": "id" },
    });
    assert_eq!(answer, json!({ "jsonrpc": "2.0", "id": 1, "error": error }));
    drop(client);
    server.end().await;
}

async fn a_bio_that_is_too_long_is_refused(server: TestServer) {
    let mut client = server.client().await;
    // Characters count, not bytes.
    let longest = "ä".repeat(140);
    assert_eq!(set_bio(&mut client, "1", &longest).await["result"]["bio"], longest);
    let answer = set_bio(&mut client, "1", &"ä".repeat(141)).await;
    let error = json!({
        "code": 1001,
        "message": "the bio has 141 characters and may have 140; shorten it",
        "data": {
            "name": "bioTooLong",
            "retryable": false,
            "path": "bio",
            "details": { "max": 140, "length": 141 },
        },
    });
    assert_eq!(answer, json!({ "jsonrpc": "2.0", "id": 2, "error": error }));
    assert_eq!(bio_of(&all_users(&mut client).await, "1"), Some(longest), "nothing was changed");
    drop(client);
    server.end().await;
}

/// A replica with its own Valkey, and another one of the same.
async fn two_replicas() -> (TestServer, TestServer) {
    let first = TestServer::on_valkey(&["--instance", "first"]).await;
    let url = first.valkey.as_ref().unwrap().url();
    let second = TestServer::start(&["--valkey-url", &url, "--instance", "second"], None).await;
    second.until("it is connected", |server| server.monitor.is_ready()).await;
    (first, second)
}

#[tokio::test]
async fn a_bio_that_is_set_on_one_replica_is_shown_on_the_other() {
    let (first, second) = two_replicas().await;
    let (mut editor, mut viewer) = (first.client().await, second.client().await);
    let id = on_updates(&mut viewer, "list-1").await;
    set_bio(&mut editor, "1", "edited").await;
    let event = viewer.event(id).await;
    assert_eq!(event["instance"], "second");
    assert_eq!(bio_of(&event, "1").as_deref(), Some("edited"));
    assert_eq!(bio_of(&all_users(&mut viewer).await, "1").as_deref(), Some("edited"));
    let user = viewer.call("userById", json!({ "id": "1" })).await["result"].take();
    assert_eq!(user["bio"], "edited");
    // A newcomer sees it, too, and the publisher's lists have it from now on.
    let mut newcomer = second.client().await;
    let bio = newcomer.subscribe("onBio", json!({ "id": "1" })).await;
    assert_eq!(newcomer.event(bio).await["data"], json!({ "id": "1", "bio": "edited" }));
    drop((editor, viewer, newcomer));
    second.end().await;
    first.end().await;
}

/// Each edit publishes a list. In any order of edits, the last list has all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_at_the_same_time_do_not_hide_each_other() {
    let (first, second) = two_replicas().await;
    let (mut one, mut two) = (first.client().await, second.client().await);
    let in_one = on_updates(&mut one, "list-1").await;
    let in_two = on_updates(&mut two, "list-1").await;
    for round in 0..20 {
        let bio = format!("round {round}");
        let mut editors = Vec::new();
        for user in 1..=4 {
            let server = if user % 2 == 0 { &first } else { &second };
            let (mut client, bio) = (server.client().await, bio.clone());
            editors.push(tokio::spawn(async move {
                let answer = set_bio(&mut client, &user.to_string(), &bio).await;
                assert_eq!(answer["result"]["bio"], bio, "{answer}");
            }));
        }
        for editor in editors {
            editor.await.unwrap();
        }
        first.publish("list-1", list("end of round")).await;
        for (client, id) in [(&mut one, in_one), (&mut two, in_two)] {
            let mut last = json!(null);
            loop {
                let event = client.event(id).await;
                if name(&event) == "end of round" {
                    break;
                }
                last = event;
            }
            for user in 1..=4 {
                let shown = bio_of(&last, &user.to_string());
                assert_eq!(shown.as_ref(), Some(&bio), "of user {user}");
            }
        }
    }
    drop((one, two));
    second.end().await;
    first.end().await;
}
