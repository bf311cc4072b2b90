//! What subscribers of any feed get.

use super::*;

pub(super) async fn what_is_published_after_subscribing_comes_once_and_in_order(
    mut replica: Replica,
) {
    let a = replica.key("products:{a}");
    replica.subscribe(&a).await;
    for n in 0..200 {
        if n == 100 {
            replica.fail_over().await;
        }
        replica.publish(&a, &n.to_string()).await;
    }
    for n in 0..200 {
        assert_eq!(replica.payload().await, (a.clone(), n.to_string()));
    }
    assert!(replica.publications.is_empty() && replica.incoming.is_empty());
}

pub(super) async fn a_payload_comes_byte_by_byte_as_it_was_published(mut replica: Replica) {
    let a = replica.key("products:{a}");
    replica.subscribe(&a).await;
    replica.fail_over().await;
    for payload in [&b""[..], b"\0\r\n\xff", &[b'x'; 300_000]] {
        replica.broker.publish(event(&a, payload.to_vec())).await.unwrap();
        assert_eq!(replica.publication().await.1.payload, payload);
    }
}

pub(super) async fn channels_that_are_not_subscribed_are_silent(mut replica: Replica) {
    let (a, b) = (replica.key("products:{a}"), replica.key("orders:{b}"));
    replica.subscribe(&a).await;
    replica.fail_over().await;
    replica.publish(&b, "not for us").await;
    replica.publish(&a, "for us").await;
    assert_eq!(replica.payload().await, (a, "for us".to_owned()));
}

pub(super) async fn subscribing_twice_is_once(mut replica: Replica) {
    let a = replica.key("products:{a}");
    replica.broker.subscribe(&a);
    replica.subscribe(&a).await;
    replica.subscribe(&a).await;
    replica.publish(&a, "one").await;
    replica.fail_over().await;
    replica.publish(&a, "two").await;
    assert_eq!(replica.payload().await.1, "one");
    assert_eq!(replica.payload().await.1, "two");
}

pub(super) async fn a_channel_can_be_left_and_taken_again(mut replica: Replica) {
    let (a, other) = (replica.key("products:{a}"), replica.key("orders:{other}"));
    replica.subscribe(&other).await;
    for n in 0..50 {
        // Taken, given up and taken again before the broker has heard of it.
        replica.broker.subscribe(&a);
        replica.unsubscribe(&a);
        if n == 25 {
            replica.fail_over().await;
        }
        replica.subscribe(&a).await;
        replica.publish(&a, &n.to_string()).await;
        assert_eq!(replica.payload().await, (a.clone(), n.to_string()));
        replica.unsubscribe(&a);
    }
}

pub(super) async fn many_publishers_and_channels_at_once(mut replica: Replica) {
    const CHANNELS: usize = 20;
    const EACH: usize = 50;
    let keys: Vec<_> = (0..CHANNELS).map(|n| replica.key(&format!("orders:{{c-{n}}}"))).collect();
    for key in &keys {
        replica.subscribe(key).await;
    }
    replica.fail_over().await;
    for key in &keys {
        let (broker, key) = (replica.broker.clone(), key.clone());
        tokio::spawn(async move {
            for n in 0..EACH {
                broker.publish(event(&key, n.to_string())).await.unwrap();
            }
        });
    }
    let mut seen = [0; CHANNELS];
    for _ in 0..CHANNELS * EACH {
        let (key, payload) = replica.payload().await;
        let channel = keys.iter().position(|k| *k == key).unwrap();
        assert_eq!(payload, seen[channel].to_string(), "out of order in {key}");
        seen[channel] += 1;
    }
    assert!(replica.publications.is_empty() && replica.incoming.is_empty());
}

pub(super) async fn is_up_once_connected(mut replica: Replica) {
    assert!(replica.broker.is_up());
    replica.fail_over().await;
    assert!(replica.broker.is_up());
}
