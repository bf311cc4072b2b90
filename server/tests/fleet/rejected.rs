//! A flood of payloads that do not fit, past the server.

use std::time::Instant;

use serde_json::json;
use tidings::{Publisher, Target};
use tidings_testkit::{Client, Fleet};

use super::{name, rest::options};

/// Payloads that do not fit, in all.
const BAD: usize = 10_000;
/// Of them, before each good one.
const TOGETHER: usize = 100;
/// Lines of the log that one place in the code writes in a second.
const LINES_PER_SECOND: u64 = 5;
/// What a replica's memory may grow by, from one flood to the next: KiB. A flood has seven times as much.
const GROWTH_KIB: u64 = 8 * 1024;

#[tokio::test]
async fn a_flood_of_payloads_that_do_not_fit_is_gaps_for_clients_and_bounded_in_the_replica() {
    let fleet = Fleet::start(&tidings_testkit::FleetOptions { replicas: 1, ..options() }).await;
    let fleet = fleet.unwrap();
    let replica = &fleet.replicas[0];
    let mut client = Client::connect(&fleet.ws_url()).await;
    let id = client.subscribe("onUpdates", json!({ "channel": "list-1" })).await;
    let begun = Instant::now();
    flood(&fleet, &mut client, id).await;
    let before = replica.memory_kib().unwrap();
    flood(&fleet, &mut client, id).await;
    let after = replica.memory_kib().unwrap();
    assert!(after < before + GROWTH_KIB, "{before} KiB, and {after} KiB after a second flood");

    let metric = r#"tidings_payloads_rejected_total{procedure="onUpdates"}"#;
    assert_eq!(replica.metric(metric).await.unwrap(), 2.0 * BAD as f64);
    let log = replica.process().log();
    let (mut lines, mut next) = (Vec::new(), 0);
    while next < log.end() {
        let Some((number, line)) = log.next(next).await else { break };
        next = number + 1;
        assert!(!line.contains("secret"), "payloads are not for logs: {line}");
        if line.contains("does not fit its") {
            lines.push(line);
        }
    }
    let most = LINES_PER_SECOND * (begun.elapsed().as_secs() + 2);
    assert!(!lines.is_empty() && lines.len() as u64 <= most, "{} lines", lines.len());
    for part in [
        r#""channel":"updates:{list-1}""#,
        r#""pointer":"/0/name""#,
        r#""reason":"expected a string""#,
        r#""published_at_ms":"#,
    ] {
        assert!(lines.iter().all(|line| line.contains(part)), "{part}: {}", lines[0]);
    }
    drop(client);
    fleet.stop().await.unwrap();
}

/// Publishes, and reads what comes of it: a gap for each payload that does not fit, in its place.
async fn flood(fleet: &Fleet, client: &mut Client, id: u64) {
    let publisher = Publisher::connect(&fleet.valkey.url()).await.unwrap();
    let channel = "list-1".parse().unwrap();
    let target = Target { namespace: "updates".to_owned(), channel, state_retention: None };
    let padding = "secret".repeat(1000);
    let bad = json!([{ "id": "1", "name": { "no": padding } }]).to_string();
    for n in 0..BAD / TOGETHER {
        let mut ids = Vec::new();
        for _ in 0..TOGETHER {
            ids.push(publisher.publish_raw(&target, bad.clone(), None).await.unwrap());
        }
        let good = json!([{ "id": "1", "name": n.to_string() }]).to_string();
        let last = publisher.publish_raw(&target, good, None).await.unwrap();
        for bad in ids {
            let event = client.event(id).await;
            assert_eq!(
                (&event["type"], &event["reason"]),
                (&json!("gap"), &json!("payloadRejected"))
            );
            assert_eq!(event["lastEventId"], bad.as_str());
        }
        let event = client.event(id).await;
        assert_eq!((name(&event), event["id"].as_str()), (&*n.to_string(), Some(last.as_str())));
    }
}
