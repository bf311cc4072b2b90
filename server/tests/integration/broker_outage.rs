use serde_json::json;

use crate::support::{TestServer, list, name, on_updates};

/// A Valkey without persistence comes back empty: that is another epoch.
#[tokio::test]
async fn subscribers_are_told_that_valkey_is_away_and_came_back_empty() {
    let mut server = TestServer::on_valkey(&[]).await;
    let (mut a, mut b) = (server.client().await, server.client().await);
    let in_a = on_updates(&mut a, "list-1").await;
    let in_b = on_updates(&mut b, "list-2").await;
    assert_eq!(reqwest::get(server.url("/readyz")).await.unwrap().status(), 200);

    server.valkey.as_mut().unwrap().kill();
    let down = json!({ "type": "status", "broker": "down" });
    assert_eq!(a.event(in_a).await, down);
    assert_eq!(b.event(in_b).await, down);
    let ready = reqwest::get(server.url("/readyz")).await.unwrap();
    assert_eq!(ready.status(), 503);
    assert_eq!(ready.text().await.unwrap(), "the broker is out of reach\n");
    let refused = a.call("onUpdates", json!({ "channel": "list-3" })).await;
    assert_eq!(refused["error"]["data"]["name"], "brokerUnavailable", "{refused}");
    assert_eq!(refused["error"]["data"]["retryable"], true);
    let unheard = server.try_publish("list-1", list("lost")).await;
    assert!(unheard.is_err(), "a broker that is away took an event");
    // Everything else is answered as before.
    assert_eq!(a.call("rpc.ping", json!({})).await["result"], true);

    server.valkey.as_mut().unwrap().restart().await.unwrap();
    let up = json!({ "type": "status", "broker": "up" });
    for (client, id) in [(&mut a, in_a), (&mut b, in_b)] {
        assert_eq!(client.event(id).await, up);
        let gap = client.event(id).await;
        assert_eq!((&gap["type"], &gap["reason"]), (&json!("gap"), &json!("epochChanged")));
        assert!(gap["lastEventId"].as_str().unwrap().ends_with(":0"), "{gap}");
    }
    assert_eq!(reqwest::get(server.url("/readyz")).await.unwrap().status(), 200);
    server.publish("list-1", list("back")).await;
    assert_eq!(name(&a.event(in_a).await), "back");
    assert_eq!(a.waiting().count() + b.waiting().count(), 0);
    assert_eq!(server.metric("tidings_gaps_total"), 2);
    assert_eq!(server.metric("tidings_broker_losses_total"), 1);
    drop((a, b));
    server.end().await;
}

/// One that kept its data has what was published when it went, and nothing is missing.
#[tokio::test]
async fn what_was_published_while_a_replica_was_cut_off_is_delivered_when_it_is_back() {
    let aof = ["--appendonly", "yes", "--appendfsync", "always"];
    let declared = ["--valkey-durability", "restart"];
    let mut server = TestServer::on_valkey_with(&aof, &declared).await;
    let mut client = server.client().await;
    let id = on_updates(&mut client, "list-1").await;
    server.publish("list-1", list("before")).await;
    assert_eq!(name(&client.event(id).await), "before");

    server.valkey.as_mut().unwrap().kill();
    assert_eq!(client.event(id).await, json!({ "type": "status", "broker": "down" }));
    let valkey = server.valkey.as_mut().unwrap();
    valkey.restart().await.unwrap();
    // A publisher that is quicker than the replica. The replica may be quicker, too: then this comes live.
    let raw = ["FCALL", "tidings_publish", "1", "updates:{list-1}", &list("meanwhile")];
    while valkey.cli(raw).await.is_err() {}
    assert_eq!(client.event(id).await, json!({ "type": "status", "broker": "up" }));
    assert_eq!(name(&client.event(id).await), "meanwhile");
    assert_eq!(client.waiting().count(), 0);
    assert_eq!(server.metric("tidings_gaps_total"), 0);
    drop(client);
    server.end().await;
}

/// A connection that is there and answers nothing is given up, too.
#[tokio::test]
async fn a_valkey_that_hangs_is_noticed() {
    let server = TestServer::on_valkey(&[]).await;
    let mut client = server.client().await;
    let id = on_updates(&mut client, "list-1").await;
    let valkey = server.valkey.as_ref().unwrap();
    valkey.pause();
    assert_eq!(client.event(id).await, json!({ "type": "status", "broker": "down" }));
    valkey.resume();
    assert_eq!(client.event(id).await, json!({ "type": "status", "broker": "up" }));
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn a_server_that_starts_before_its_valkey_waits_for_it() {
    let mut valkey = tidings_testkit::ValkeyProcess::start().await.unwrap();
    valkey.kill();
    let server = TestServer::without_valkey_yet(&valkey).await;
    assert_eq!(reqwest::get(server.url("/healthz")).await.unwrap().status(), 200);
    assert_eq!(reqwest::get(server.url("/readyz")).await.unwrap().status(), 503);
    valkey.restart().await.unwrap();
    server.until("it is connected", |server| server.monitor.is_ready()).await;
    let mut client = server.client().await;
    let id = on_updates(&mut client, "list-1").await;
    server.publish("list-1", list("one")).await;
    assert_eq!(name(&client.event(id).await), "one");
    drop(client);
    server.end().await;
}

/// Valkey comes back with an older snapshot, and publishers are quicker than the replica: the ids that they
/// would take have been others' before.
#[tokio::test]
async fn a_valkey_that_comes_back_with_older_data_begins_another_epoch() {
    let mut server = TestServer::on_valkey(&[]).await;
    let mut client = server.client().await;
    let id = on_updates(&mut client, "list-1").await;
    let kept = server.publish("list-1", list("kept")).await;
    let valkey = server.valkey.as_ref().unwrap();
    valkey.cli(["SET", "snapshot", "taken"]).await.unwrap();
    valkey.cli(["SAVE"]).await.unwrap();
    let lost = server.publish("list-1", list("lost")).await;
    assert_eq!(client.event(id).await["id"], kept);
    assert_eq!(client.event(id).await["id"], lost);

    let valkey = server.valkey.as_mut().unwrap();
    valkey.kill();
    assert_eq!(client.event(id).await, json!({ "type": "status", "broker": "down" }));
    valkey.restart().await.unwrap();
    // Not the stream itself: the replica may have been here first, and begun the other epoch.
    assert_eq!(valkey.cli(["GET", "snapshot"]).await.unwrap(), "taken", "it came back empty");
    let publish = ["FCALL", "tidings_publish", "1", "updates:{list-1}", &list("new")];
    let first = valkey.cli(publish).await.unwrap();
    let epoch = |id: &str| id.split(':').next().unwrap().to_owned();
    assert_ne!(epoch(&first), epoch(&lost), "an id was used again");
    assert_eq!(client.event(id).await, json!({ "type": "status", "broker": "up" }));
    assert_eq!(client.event(id).await["reason"], "epochChanged");
    drop(client);
    server.end().await;
}
