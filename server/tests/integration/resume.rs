use serde_json::{Value, json};
use tidings_testkit::Client;

use crate::support::{TestServer, list, name, on_both_brokers, on_updates};

on_both_brokers! {
    started_says_where_to_resume_from_before_anything_has_come,
    what_was_missed_comes_before_what_is_new,
    a_client_that_has_everything_misses_nothing,
    what_the_channel_no_longer_keeps_is_a_gap,
    an_id_from_another_epoch_is_a_gap,
    an_id_from_the_future_is_a_gap,
    a_long_absence_is_made_up_page_by_page_while_more_comes,
    clients_that_come_back_at_once_share_the_reading,
    a_resumed_second_subscription_bears_its_own_id,
    a_payload_that_does_not_fit_is_a_gap_in_its_place_live_and_on_resume,
}

/// Subscribes after an event, and answers the id and the `started` event.
async fn resume(client: &mut Client, last_event_id: &str) -> (u64, Value) {
    let params = json!({ "channel": "list-1", "lastEventId": last_event_id });
    let answer = client.call("onUpdates", params).await;
    let id = answer["result"].as_u64().unwrap_or_else(|| panic!("refused: {answer}"));
    (id, client.event(id).await)
}

fn resumed() -> Value {
    json!({ "type": "started", "resumed": true, "instance": "test" })
}

/// An id at another offset of the same epoch.
fn at(id: &str, offset: u64) -> String {
    let (epoch, _) = id.split_once(':').unwrap();
    format!("{epoch}:{offset}")
}

async fn started_says_where_to_resume_from_before_anything_has_come(server: TestServer) {
    let mut client = server.client().await;
    let answer = client.call("onUpdates", json!({ "channel": "list-1" })).await;
    let started = client.event(answer["result"].as_u64().unwrap()).await;
    let begin = started["lastEventId"].as_str().unwrap().to_owned();
    drop(client);
    server.until("it has gone", |server| server.metric("tidings_channels") == 0).await;
    server.publish("list-1", list("missed")).await;

    let mut client = server.client().await;
    let (id, started) = resume(&mut client, &begin).await;
    assert_eq!(started, resumed());
    assert_eq!(name(&client.event(id).await), "missed");
    drop(client);
    server.end().await;
}

async fn what_was_missed_comes_before_what_is_new(server: TestServer) {
    let mut client = server.client().await;
    let id = on_updates(&mut client, "list-1").await;
    server.publish("list-1", list("1")).await;
    let last = client.event(id).await["id"].as_str().unwrap().to_owned();
    drop(client);
    for n in 2..=40 {
        server.publish("list-1", list(&n.to_string())).await;
    }
    let mut client = server.client().await;
    let (id, started) = resume(&mut client, &last).await;
    assert_eq!(started, resumed());
    server.publish("list-1", list("41")).await;
    for n in 2..=41 {
        let event = client.event(id).await;
        assert_eq!(name(&event), n.to_string());
        assert_eq!(event["id"], at(&last, n));
    }
    assert_eq!(client.waiting().count(), 0);
    assert_eq!(server.metric("tidings_resumes_total"), 1);
    assert_eq!(server.metric("tidings_gaps_total"), 0);
    drop(client);
    server.end().await;
}

async fn a_client_that_has_everything_misses_nothing(server: TestServer) {
    let last = server.publish("list-1", list("1")).await;
    let mut client = server.client().await;
    let (id, started) = resume(&mut client, &last).await;
    assert_eq!(started, resumed());
    server.publish("list-1", list("2")).await;
    assert_eq!(name(&client.event(id).await), "2");
    assert_eq!(client.waiting().count(), 0);
    drop(client);
    server.end().await;
}

/// The stream goes on behind a gap, from where `lastEventId` says.
async fn goes_on_after_a_gap(server: TestServer, last: &str, newest: &str, reason: &str) {
    let mut client = server.client().await;
    let (id, started) = resume(&mut client, last).await;
    let expected =
        json!({ "type": "started", "resumed": false, "lastEventId": newest, "instance": "test" });
    assert_eq!(started, expected);
    let gap = json!({ "type": "gap", "reason": reason, "lastEventId": newest });
    assert_eq!(client.event(id).await, gap);
    server.publish("list-1", list("live")).await;
    assert_eq!(name(&client.event(id).await), "live");
    assert_eq!(client.waiting().count(), 0);
    assert_eq!(server.metric("tidings_gaps_total"), 1);
    drop(client);
    server.end().await;
}

async fn what_the_channel_no_longer_keeps_is_a_gap(server: TestServer) {
    let first = server.publish("list-1", list("1")).await;
    let mut newest = String::new();
    // More than Valkey keeps, which trims in groups of a hundred.
    for n in 2..=1400 {
        newest = server.publish("list-1", list(&n.to_string())).await;
    }
    goes_on_after_a_gap(server, &first, &newest, "historyTrimmed").await;
}

async fn an_id_from_another_epoch_is_a_gap(server: TestServer) {
    let newest = server.publish("list-1", list("1")).await;
    let other = "1b4e28ba-2fa1-41d2-883f-0016d3cca427:1";
    goes_on_after_a_gap(server, other, &newest, "epochChanged").await;
}

async fn an_id_from_the_future_is_a_gap(server: TestServer) {
    let newest = server.publish("list-1", list("1")).await;
    goes_on_after_a_gap(server, &at(&newest, 2), &newest, "unknownPosition").await;
}

/// More than a page and more than the window, so that it is read in parts, and grows meanwhile.
async fn a_long_absence_is_made_up_page_by_page_while_more_comes(server: TestServer) {
    const MISSED: u64 = 150;
    const MORE: u64 = 50;
    let large = |n: u64| list(&format!("{n} {}", "x".repeat(16 * 1024)));
    let first = server.publish("list-1", large(1)).await;
    for n in 2..=MISSED {
        server.publish("list-1", large(n)).await;
    }
    let mut client = server.client().await;
    let (id, started) = resume(&mut client, &first).await;
    assert_eq!(started, resumed());
    for n in MISSED + 1..=MISSED + MORE {
        server.publish("list-1", large(n)).await;
    }
    for n in 2..=MISSED + MORE {
        let event = client.event(id).await;
        assert!(name(&event).starts_with(&format!("{n} ")), "{n} was expected");
        assert_eq!(event["id"], at(&first, n));
    }
    assert_eq!(client.waiting().count(), 0);
    drop(client);
    server.end().await;
}

/// Only Valkey has such a way in.
#[tokio::test]
async fn what_was_published_past_tidings_is_live_only_and_disturbs_no_position() {
    let server = TestServer::on_valkey(&[]).await;
    let valkey = server.valkey.as_ref().unwrap();
    let mut client = server.client().await;
    let id = on_updates(&mut client, "list-1").await;
    let plain = list("plain");
    let last = server.publish("list-1", list("1")).await;
    valkey.cli(["PUBLISH", "updates:{list-1}", &plain]).await.unwrap();
    let next = server.publish("list-1", list("2")).await;
    assert_eq!(client.event(id).await["id"], last);
    let expected =
        json!({ "type": "data", "instance": "test", "data": [{ "id": "1", "name": "plain" }] });
    assert_eq!(client.event(id).await, expected);
    assert_eq!(client.event(id).await["id"], next);
    let (id, _) = resume(&mut client, &last).await;
    assert_eq!(client.event(id).await["id"], next, "the plain one is not in the history");
    assert_eq!(client.waiting().count(), 0);
    drop(client);
    server.end().await;
}

async fn clients_that_come_back_at_once_share_the_reading(server: TestServer) {
    const CLIENTS: u64 = 50;
    let last = server.publish("list-1", list("1")).await;
    for n in 2..=101 {
        server.publish("list-1", list(&n.to_string())).await;
    }
    let clients = (0..CLIENTS).map(|_| {
        let (url, last) = (server.ws_url(), last.clone());
        tokio::spawn(async move {
            let mut client = Client::connect(&url).await;
            let (id, started) = resume(&mut client, &last).await;
            assert_eq!(started, resumed());
            for n in 2..=101 {
                assert_eq!(name(&client.event(id).await), n.to_string());
            }
            client
        })
    });
    let mut done = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        done.push(client.await.unwrap());
    }
    // One to learn where the channel stands, and one for what all of them missed.
    assert_eq!(server.metric("tidings_history_reads_total"), 2);
    assert_eq!(server.metric("tidings_resumes_total"), CLIENTS);
    drop(done);
    server.end().await;
}

async fn a_resumed_second_subscription_bears_its_own_id(server: TestServer) {
    let last = server.publish("list-1", list("1")).await;
    server.publish("list-1", list("2")).await;
    let mut client = server.client().await;
    let (first, _) = resume(&mut client, &last).await;
    let (second, _) = resume(&mut client, &last).await;
    assert_ne!(first, second);
    assert_eq!(client.event(first).await, client.event(second).await);
    drop(client);
    server.end().await;
}

async fn a_payload_that_does_not_fit_is_a_gap_in_its_place_live_and_on_resume(server: TestServer) {
    let last = server.publish("list-1", list("1")).await;
    let mut client = server.client().await;
    let live = on_updates(&mut client, "list-1").await;
    server.publish("list-1", "not a list").await;
    server.publish("list-1", list("2")).await;
    let rejected =
        json!({ "type": "gap", "reason": "payloadRejected", "lastEventId": at(&last, 2) });
    assert_eq!(client.event(live).await, rejected);
    assert_eq!(name(&client.event(live).await), "2");
    let (id, started) = resume(&mut client, &last).await;
    assert_eq!(started, resumed());
    assert_eq!(client.event(id).await, rejected);
    assert_eq!(name(&client.event(id).await), "2");
    assert_eq!(client.waiting().count(), 0);
    // From the history, too: another replica has nothing in memory.
    let (id, _) = resume(&mut client, &at(&last, 2)).await;
    assert_eq!(name(&client.event(id).await), "2");
    drop(client);
    server.end().await;
}
