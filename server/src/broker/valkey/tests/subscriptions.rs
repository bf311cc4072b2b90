//! Which channels a connection is subscribed to.

use std::collections::BTreeSet;

use tidings_testkit::ValkeyProcess;

use super::{Incoming, Replica};
use crate::broker::ChannelKey;

/// How often Valkey has run a command.
async fn calls(valkey: &ValkeyProcess, command: &str) -> u64 {
    let stats = valkey.info("commandstats", &format!("cmdstat_{command}")).await.unwrap();
    let calls = stats.split(',').find_map(|stat| stat.strip_prefix("calls="));
    calls.map_or(0, |calls| calls.parse().unwrap())
}

#[tokio::test]
async fn many_subscriptions_go_out_in_chunks_and_are_all_made_again() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let names: Vec<_> = (0..5000).map(|n| format!("updates:{{{n}}}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut replica = Replica::start(&valkey.url(), 1);
    replica.subscribe(0, &names);
    assert_eq!(replica.next(0).await, Incoming::Up);
    replica.confirmed(0, &names).await;
    assert_eq!(calls(&valkey, "subscribe").await, 5);
    valkey.cli(["CLIENT", "KILL", "TYPE", "pubsub"]).await.unwrap();
    assert_eq!(replica.next(0).await, Incoming::Down);
    assert_eq!(replica.next(0).await, Incoming::Up);
    replica.confirmed(0, &names).await;
    assert_eq!(calls(&valkey, "subscribe").await, 10);
    replica.delivers(0, names[4999]).await;
}

#[tokio::test]
async fn a_channel_that_is_given_up_is_unsubscribed() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let mut replica = Replica::up(&valkey.url(), 1).await;
    replica.subscribe(0, &["a", "b"]);
    replica.confirmed(0, &["a", "b"]).await;
    replica.inboxes[0].unsubscribe(&ChannelKey::from("a"));
    replica.subscribe(0, &["c"]);
    replica.confirmed(0, &["c"]).await;
    let channels = valkey.cli(["PUBSUB", "CHANNELS"]).await.unwrap();
    assert_eq!(channels.lines().collect::<BTreeSet<_>>(), BTreeSet::from(["b", "c"]));
}

#[tokio::test]
async fn names_that_the_acl_refuses_do_not_harm_the_others() {
    let valkey = ValkeyProcess::start().await.unwrap();
    valkey
        .cli(["ACL", "SETUSER", "ada", "on", ">secret", "+@all", "~*", "resetchannels", "&good:*"])
        .await
        .unwrap();
    let url = format!("redis://ada:secret@{}", valkey.address());
    let mut replica = Replica::start(&url, 1);
    replica.subscribe(0, &["good:1", "bad:1", "good:2", "bad:2", "good:3"]);
    assert_eq!(replica.next(0).await, Incoming::Up);
    let (mut confirmed, mut refused) = (BTreeSet::new(), BTreeSet::new());
    while confirmed.len() + refused.len() < 5 {
        match replica.next(0).await {
            Incoming::Subscribed(keys) => confirmed.extend(keys),
            Incoming::Refused { keys, reason } => {
                assert!(reason.0.contains("its ACL does not let this user"), "{reason}");
                refused.extend(keys);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(confirmed, BTreeSet::from(["good:1", "good:2", "good:3"].map(ChannelKey::from)));
    assert_eq!(refused, BTreeSet::from(["bad:1", "bad:2"].map(ChannelKey::from)));
    replica.subscribe(0, &["good:4"]);
    replica.confirmed(0, &["good:4"]).await;
    assert!(replica.health.is_up());
}

#[tokio::test]
async fn an_acl_without_subscribe_takes_the_replica_down() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let mut replica = Replica::up(&valkey.url(), 1).await;
    valkey.cli(["ACL", "SETUSER", "default", "-subscribe"]).await.unwrap();
    replica.subscribe(0, &["a"]);
    assert_eq!(replica.next(0).await, Incoming::Down);
    valkey.cli(["ACL", "SETUSER", "default", "+subscribe"]).await.unwrap();
    replica.until(0, |incoming| matches!(incoming, Incoming::Subscribed(_))).await;
}

#[tokio::test]
async fn the_number_of_connections_does_not_depend_on_the_load() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let mut replica = Replica::up(&valkey.url(), 3).await;
    let names: Vec<_> = (0..100).map(|n| n.to_string()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    for part in 0..3 {
        replica.subscribe(part, &names);
        replica.confirmed(part, &names).await;
    }
    let calls = (0..1000).map(|n| {
        let commands = replica.commands.clone();
        tokio::spawn(async move { commands.query::<()>(&super::set(&n.to_string())).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), Ok(()));
    }
    let clients = valkey.cli(["CLIENT", "LIST"]).await.unwrap();
    let names = clients.lines().filter_map(|client| {
        client.split(' ').find_map(|field| field.strip_prefix("name=tidings:a-replica:"))
    });
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    assert_eq!(names, ["feed-0", "feed-1", "feed-2", "reads", "writes"]);
}
