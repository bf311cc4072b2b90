use std::collections::HashSet;

use serde_json::json;

use crate::support::{TestServer, list, name, on_both_brokers, on_updates};

on_both_brokers! {
    a_burst_arrives_at_every_subscriber_whole_and_in_order,
    many_channels_do_not_mix,
    subscribing_and_leaving_in_a_hurry_ends_in_the_right_state,
    many_get_everything_while_others_come_and_go,
}

const BURST: usize = 1000;

async fn a_burst_arrives_at_every_subscriber_whole_and_in_order(server: TestServer) {
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = server.client().await;
        let id = on_updates(&mut client, "list-1").await;
        clients.push((client, id));
    }
    if let Some(valkey) = &server.valkey {
        // One pipeline: Valkey reads all of it before a replica reads any.
        let client = redis::Client::open(valkey.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut pipeline = redis::pipe();
        for n in 0..BURST {
            pipeline.publish("updates:{list-1}", list(&n.to_string())).ignore();
        }
        pipeline.query_async::<()>(&mut connection).await.unwrap();
    } else {
        for n in 0..BURST {
            server.publish("list-1", list(&n.to_string())).await;
        }
    }
    for (client, id) in &mut clients {
        for n in 0..BURST {
            assert_eq!(name(&client.event(*id).await), n.to_string());
        }
        assert_eq!(client.waiting().count(), 0);
    }
    assert_eq!(server.metric("tidings_deliveries_total"), 5 * BURST as u64);
    assert_eq!(server.metric("tidings_slow_consumers_total"), 0);
    drop(clients);
    server.end().await;
}

async fn many_channels_do_not_mix(server: TestServer) {
    let mut client = server.client().await;
    let mut ids = Vec::new();
    for n in 0..100 {
        ids.push(on_updates(&mut client, &format!("channel-{n}")).await);
    }
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 100, "ids are unique in a connection");
    for n in (0..100).rev() {
        server.publish(&format!("channel-{n}"), list(&n.to_string())).await;
    }
    for (n, id) in ids.into_iter().enumerate() {
        assert_eq!(name(&client.event(id).await), n.to_string());
    }
    assert_eq!(client.waiting().count(), 0);
    drop(client);
    server.end().await;
}

/// Clients that come and go on one channel make the replica take it and give it up over and over; whoever
/// is left in the end must be served.
async fn subscribing_and_leaving_in_a_hurry_ends_in_the_right_state(server: TestServer) {
    let hurry = (0..20).map(|n| {
        let url = server.ws_url();
        tokio::spawn(async move {
            let mut client = tidings_testkit::Client::connect(&url).await;
            for round in 0..20 {
                let id = on_updates(&mut client, "list-1").await;
                if (n + round) % 3 > 0 {
                    client.call("onUpdates_unsubscribe", json!([id])).await;
                } else {
                    // Without goodbye.
                    client = tidings_testkit::Client::connect(&url).await;
                }
            }
            let id = on_updates(&mut client, "list-1").await;
            (client, id)
        })
    });
    let mut clients = Vec::new();
    for client in hurry.collect::<Vec<_>>() {
        clients.push(client.await.unwrap());
    }
    server.publish("list-1", list("all")).await;
    for (client, id) in &mut clients {
        assert_eq!(name(&client.event(*id).await), "all");
    }
    drop(clients);
    server.until("all have gone", |server| server.metric("tidings_channels") == 0).await;
    server.until_valkey_has_no_subscription().await;
    server.end().await;
}

/// So many that they are served in steps, and by several tasks.
async fn many_get_everything_while_others_come_and_go(server: TestServer) {
    const STAYING: usize = 150;
    const EVENTS: usize = 100;
    let mut staying = Vec::new();
    for _ in 0..STAYING {
        let mut client = server.client().await;
        let id = on_updates(&mut client, "list-1").await;
        staying.push((client, id));
    }
    let coming_and_going = async {
        for _ in 0..30 {
            let mut guests = Vec::new();
            for _ in 0..5 {
                let mut guest = server.client().await;
                let id = on_updates(&mut guest, "list-1").await;
                guests.push((guest, id));
            }
            // Some say that they leave, and some do not.
            for (mut guest, id) in guests.into_iter().step_by(2) {
                let ended = guest.call("onUpdates_unsubscribe", json!([id])).await;
                assert_eq!(ended["result"], true);
            }
        }
    };
    let publishing = async {
        for n in 0..EVENTS {
            server.publish("list-1", list(&n.to_string())).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(coming_and_going, publishing);
    for (client, id) in &mut staying {
        for n in 0..EVENTS {
            assert_eq!(name(&client.event(*id).await), n.to_string());
        }
        assert_eq!(client.waiting().count(), 0);
    }
    drop(staying);
    server.end().await;
}
