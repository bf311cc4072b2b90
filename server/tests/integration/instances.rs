use serde_json::{Value, json};

use crate::support::{TestServer, on_both_brokers};

on_both_brokers! { a_replica_reports_itself_and_a_newcomer_sees_it_at_once }

async fn a_replica_reports_itself_and_a_newcomer_sees_it_at_once(server: TestServer) {
    let mut client = server.client().await;
    let id = client.subscribe("onInstances", json!({})).await;
    let instance = instances(&client.event(id).await).remove(0);
    assert_eq!(instance["name"], "test");
    assert_eq!(instance["version"], env!("CARGO_PKG_VERSION"));
    assert!(instance["connections"].is_u64() && instance["deliveriesPerSecond"].is_number());

    // Another client of the same replica gets the newest without waiting for the next report.
    let mut other = server.client().await;
    let id = other.subscribe("onInstances", json!({})).await;
    assert_eq!(instances(&other.event(id).await).len(), 1);
    drop((client, other));
    server.end().await;
}

/// Two servers of one Valkey: both see both, and one that leaves is gone at once.
#[tokio::test]
async fn replicas_see_each_other_come_and_leave() {
    let first = TestServer::on_valkey(&[]).await;
    let url = first.valkey.as_ref().unwrap().url();
    let second = TestServer::start(&["--valkey-url", &url, "--instance", "second"], None).await;
    let mut client = first.client().await;
    let id = client.subscribe("onInstances", json!({})).await;
    let both = [json!("second"), json!("test")];
    while names(&client.event(id).await) != both {}
    second.end().await;
    while names(&client.event(id).await) != [json!("test")] {}
    drop(client);
    first.end().await;
}

fn instances(event: &Value) -> Vec<Value> {
    assert_eq!(event["type"], "data", "{event}");
    assert!(event.get("id").is_none(), "a state has no place to resume from: {event}");
    event["data"].as_array().unwrap().clone()
}

fn names(event: &Value) -> Vec<Value> {
    instances(event).into_iter().map(|mut instance| instance["name"].take()).collect()
}
