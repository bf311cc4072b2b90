//! The fleet: a real Valkey, three server processes, and nginx in front, as they are deployed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tidings::health;
use tidings_testkit::{Client, Fleet, FleetOptions, Replica, ReplicaOptions, Signal};

/// Payloads that do not fit.
mod rejected;
/// Publishing by REST.
mod rest;

const CLIENTS: usize = 30;

async fn fleet() -> Fleet {
    Fleet::start(&FleetOptions::new(env!("CARGO_BIN_EXE_tidings-demo"))).await.unwrap()
}

/// A client through nginx, subscribed to `list-1`, and the replica that it landed on.
async fn subscriber(url: &str) -> (Client, u64, String) {
    let mut client = Client::connect(url).await;
    let answer = client.call("onUpdates", json!({ "channel": "list-1" })).await;
    let id = answer["result"].as_u64().unwrap_or_else(|| panic!("refused: {answer}"));
    let started = client.event(id).await;
    assert_eq!(started["type"], "started");
    let instance = started["instance"].as_str().unwrap().to_owned();
    (client, id, instance)
}

async fn subscribers(fleet: &Fleet, count: usize) -> Vec<(Client, u64, String)> {
    let url = fleet.ws_url();
    join_all((0..count).map(|_| subscriber(&url))).await
}

fn http() -> reqwest::Client {
    // In the server's own process it does so itself. Another test may have been quicker.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

async fn publish(fleet: &Fleet, name: &str) {
    let list = json!([{ "id": "1", "name": name }]).to_string();
    let heard = fleet.valkey.cli(["PUBLISH", "updates:{list-1}", &list]).await.unwrap();
    assert_eq!(heard, fleet.replicas.len().to_string(), "each replica is subscribed, once");
}

fn name(event: &Value) -> &str {
    event["data"][0]["name"].as_str().unwrap_or_else(|| panic!("{event}"))
}

#[tokio::test]
async fn one_publish_reaches_every_client_once_whichever_replica_it_is_on() {
    let fleet = fleet().await;
    let mut clients = subscribers(&fleet, CLIENTS).await;
    let instances: BTreeSet<_> = clients.iter().map(|(_, _, i)| i.as_str()).collect();
    assert_eq!(instances, BTreeSet::from(["replica-1", "replica-2", "replica-3"]));

    publish(&fleet, "first").await;
    publish(&fleet, "second").await;
    for (client, id, instance) in &mut clients {
        let first = client.event(*id).await;
        assert_eq!((name(&first), first["instance"].as_str().unwrap()), ("first", &**instance));
        // That the second comes next shows that the first came once.
        assert_eq!(name(&client.event(*id).await), "second");
        assert_eq!(client.waiting().count(), 0);
    }
    drop(clients);
    fleet.stop().await.unwrap();
}

#[tokio::test]
async fn a_replica_has_a_connection_to_valkey_for_each_core_and_two_more_whatever_the_subscribers()
{
    let fleet = fleet().await;
    let clients = subscribers(&fleet, 300).await;
    let list = fleet.valkey.cli(["CLIENT", "LIST"]).await.unwrap();
    let mut connections = BTreeMap::<_, usize>::new();
    for line in list.lines() {
        let field = |name| line.split(' ').find_map(|f| f.strip_prefix(name)).unwrap_or_default();
        // The one that asks.
        if field("cmd=") != "client|list" {
            *connections.entry(field("sub=")).or_default() += 1;
        }
    }
    let all: usize = connections.values().sum();
    let cores = std::thread::available_parallelism().unwrap().get().min(16);
    // The one for writes is made when there is something to write.
    let most = (cores + 2) * fleet.replicas.len();
    assert!((most - fleet.replicas.len()..=most).contains(&all), "{all} connections:\n{list}");
    assert_eq!(connections.get("1"), Some(&fleet.replicas.len()), "one subscribed each:\n{list}");
    drop(clients);
    fleet.stop().await.unwrap();
}

/// The seed of this project delivered 1 of 10.
#[tokio::test]
async fn a_burst_in_one_pipeline_arrives_at_every_client_whole_and_in_order() {
    const BURST: usize = 1000;
    let fleet = fleet().await;
    let mut clients = subscribers(&fleet, CLIENTS).await;
    let valkey = redis::Client::open(fleet.valkey.url()).unwrap();
    let mut connection = valkey.get_multiplexed_async_connection().await.unwrap();
    let mut pipeline = redis::pipe();
    for n in 0..BURST {
        let list = json!([{ "id": "1", "name": n.to_string() }]).to_string();
        pipeline.publish("updates:{list-1}", list).ignore();
    }
    pipeline.query_async::<()>(&mut connection).await.unwrap();
    let received = clients.iter_mut().map(async |(client, id, _)| {
        for n in 0..BURST {
            assert_eq!(name(&client.event(*id).await), n.to_string());
        }
    });
    join_all(received).await;
    drop(clients);
    fleet.stop().await.unwrap();
}

#[tokio::test]
async fn the_clients_of_a_killed_replica_find_another_and_it_is_used_again_when_it_is_back() {
    let mut fleet = fleet().await;
    let mut clients = subscribers(&fleet, 9).await;
    let dead = fleet.replicas[0].instance().to_owned();
    fleet.replicas[0].kill();
    for (client, id, instance) in &mut clients {
        if *instance == dead {
            client.closed().await;
            (*client, *id, *instance) = subscriber(&fleet.ws_url()).await;
            assert_ne!(*instance, dead);
        }
    }
    let list = json!([{ "id": "1", "name": "two replicas" }]).to_string();
    let heard = fleet.valkey.cli(["PUBLISH", "updates:{list-1}", &list]).await.unwrap();
    assert_eq!(heard, "2");
    for (client, id, _) in &mut clients {
        assert_eq!(name(&client.event(*id).await), "two replicas");
    }

    fleet.replicas[0].restart().await.unwrap();
    // nginx puts no replica aside: it is asked again as soon as it listens.
    while subscriber(&fleet.ws_url()).await.2 != dead {}
    drop(clients);
    fleet.stop().await.unwrap();
}

#[tokio::test]
async fn a_lame_duck_is_not_ready_and_serves_on_until_it_is_asked_again_to_end() {
    let options = ReplicaOptions::new(env!("CARGO_BIN_EXE_tidings-demo"), "duck");
    let mut replica = Replica::start(options.args(["--lame-duck", "1h"])).await.unwrap();
    let bio = |text| json!({ "id": "1", "bio": text });
    let mut early = Client::connect(&replica.ws_url()).await;
    let early_id = early.subscribe("onBio", json!({ "id": "1" })).await;
    replica.process().signal(Signal::TERM);
    replica.not_ready().await.unwrap();
    let error = health(replica.address()).await.unwrap_err().to_string();
    assert!(error.contains("503 leaving"), "{error}");

    let mut late = Client::connect(&replica.ws_url()).await;
    let late_id = late.subscribe("onBio", json!({ "id": "1" })).await;
    late.call("setBio", bio("a duck")).await;
    for (client, id) in [(&mut early, early_id), (&mut late, late_id)] {
        assert_eq!(client.event(id).await["data"], bio("a duck"));
    }

    // The second signal.
    replica.process().signal(Signal::TERM);
    for (client, id) in [(&mut early, early_id), (&mut late, late_id)] {
        let event = client.event(id).await;
        assert_eq!((&event["type"], &event["reason"]), (&json!("stopped"), &json!("draining")));
    }
    assert!(replica.process().ended().await.success());
    // It has ended by itself, and is not asked again.
    replica.kill();
}

#[tokio::test]
async fn the_front_serves_calls_health_and_the_document() {
    let fleet = fleet().await;
    let http = http();
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "userById", "params": { "id": "1" } });
    let answer = http.post(format!("{}/rpc", fleet.url())).json(&call).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["result"]["name"], "Leanne Graham");
    for path in ["/healthz", "/readyz", "/openrpc.json"] {
        let answer = http.get(format!("{}{path}", fleet.url())).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    fleet.stop().await.unwrap();
}
