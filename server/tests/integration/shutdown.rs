use crate::support::{TestServer, on_updates};

#[tokio::test]
async fn a_replica_that_leaves_tells_each_subscription_and_closes() {
    let mut server = TestServer::on_memory(&[]).await;
    let (mut a, mut b) = (server.client().await, server.client().await);
    let one = on_updates(&mut a, "list-1").await;
    let two = on_updates(&mut a, "list-2").await;
    let three = on_updates(&mut b, "list-1").await;
    server.leave();
    for (client, id) in [(&mut a, one), (&mut b, three)] {
        let event = client.event(id).await;
        assert_eq!(event["type"], "stopped");
        assert_eq!(event["reason"], "draining");
        assert!(event["retryAfterMs"].as_u64().unwrap() <= 1000, "{event}");
    }
    assert_eq!(a.event(two).await["reason"], "draining");
    assert_eq!(u16::from(a.closed().await.unwrap().code), 1012);
    assert_eq!(u16::from(b.closed().await.unwrap().code), 1012);
    server.end().await;
}

/// Without a lame-duck time; with one, see `tests/fleet`.
#[tokio::test]
async fn a_replica_that_leaves_is_not_ready_and_takes_no_more_connections() {
    let mut server = TestServer::on_memory(&[]).await;
    let ready = reqwest::get(server.url("/readyz")).await.unwrap();
    assert_eq!(ready.status(), 200);
    server.leave();
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    // Until the listener is closed, what still comes in is told.
    while let Ok(answer) = client.get(server.url("/readyz")).send().await {
        assert!(matches!(answer.status().as_u16(), 200 | 503), "{}", answer.status());
    }
    server.end().await;
}

#[tokio::test]
async fn a_replica_drains_when_its_lame_duck_time_is_over() {
    let mut server = TestServer::on_memory(&["--lame-duck", "50ms"]).await;
    let mut client = server.client().await;
    let id = on_updates(&mut client, "list-1").await;
    server.leave();
    let event = client.event(id).await;
    assert_eq!((&event["type"], &event["reason"]), (&"stopped".into(), &"draining".into()));
    assert_eq!(u16::from(client.closed().await.unwrap().code), 1012);
    server.end().await;
}

/// A peer that reads nothing keeps jsonrpsee's tasks waiting for ever.
#[tokio::test]
async fn a_peer_that_does_not_read_cannot_hold_up_the_end() {
    let mut server =
        TestServer::on_memory(&["--drain-limit", "1s", "--outbox-bytes", "67108864"]).await;
    let mut client = server.client().await;
    on_updates(&mut client, "list-1").await;
    let large = crate::support::list(&"x".repeat(256 * 1024));
    for _ in 0..64 {
        server.publish("list-1", large.as_str()).await;
    }
    server.leave();
    server.ended().await;
    drop(client);
    server.until("its tasks have ended", |server| server.monitor.open_tasks() == 0).await;
}
