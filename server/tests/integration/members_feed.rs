//! A `Members` feed: a list to which each member contributes an element, and from which it drops out when it dies.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidings::{Channel, Feed, Publisher, Router, Subscription};
use tidings_testkit::Client;

use crate::support::{TestBroker, TestServer, with_both_brokers};

/// The element that one player reports.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Player {
    name: String,
    points: u32,
}

/// Names a table.
#[derive(Deserialize, JsonSchema)]
struct Table {
    table: String,
}

/// Streams the players at one table.
#[derive(JsonSchema)]
struct OnPlayers;

impl Subscription for OnPlayers {
    const NAME: &'static str = "onPlayers";
    type Input = Table;
    type Event = Vec<Player>;
    const FEED: Feed = Feed::Members;
    const MEMBER_TTL: Duration = Duration::from_secs(3600);

    fn channel(input: &Table) -> Channel {
        Channel::from_parts(&[&input.table])
    }
}

/// Streams the players at one table. Each player has to report regularly.
#[derive(JsonSchema)]
struct OnBusyPlayers;

impl Subscription for OnBusyPlayers {
    const NAME: &'static str = "onBusyPlayers";
    type Input = Table;
    type Event = Vec<Player>;
    const FEED: Feed = Feed::Members;
    const MEMBER_TTL: Duration = Duration::from_millis(300);

    fn channel(input: &Table) -> Channel {
        Channel::from_parts(&[&input.table])
    }
}

async fn serve(broker: &TestBroker, args: &[&str]) -> TestServer {
    let router = Router::<()>::new("Players", "1.0.0")
        .subscription::<OnPlayers>()
        .public()
        .subscription::<OnBusyPlayers>()
        .public();
    broker.serve(args, router, ()).await
}

fn table() -> Channel {
    Channel::from_parts(&["one"])
}

async fn report<P: Subscription<Event = Vec<Player>>>(
    publisher: &Publisher,
    name: &str,
    points: u32,
) {
    let player = Player { name: name.to_owned(), points };
    publisher.report::<P>(&table(), name, &player).await.unwrap();
}

async fn follow<P: Subscription>(client: &mut Client) -> u64 {
    client.subscribe(P::NAME, json!({ "table": "one" })).await
}

/// The members of a `data` event, as `name points`.
fn members(event: &Value) -> Vec<String> {
    assert_eq!(event["type"], "data", "{event}");
    assert!(event.get("id").is_none(), "{event}");
    let members = event["data"].as_array().unwrap().iter();
    members.map(|m| format!("{} {}", m["name"].as_str().unwrap(), m["points"])).collect()
}

with_both_brokers! {
    members_come_and_leave_and_newcomers_see_them_all,
    members_are_in_the_order_of_their_names,
    a_member_that_dies_disappears_although_nobody_reports,
    a_member_that_dies_disappears_while_another_reports,
    tables_do_not_mix,
}

async fn members_come_and_leave_and_newcomers_see_them_all(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let publisher = &server.publisher;
    let mut client = server.client().await;
    let id = follow::<OnPlayers>(&mut client).await;
    assert_eq!(members(&client.event(id).await), [""; 0], "nobody is a list, too");
    report::<OnPlayers>(publisher, "ada", 1).await;
    assert_eq!(members(&client.event(id).await), ["ada 1"]);
    report::<OnPlayers>(publisher, "grace", 2).await;
    assert_eq!(members(&client.event(id).await), ["ada 1", "grace 2"]);
    report::<OnPlayers>(publisher, "ada", 3).await;
    assert_eq!(members(&client.event(id).await), ["ada 3", "grace 2"]);

    let mut newcomer = server.client().await;
    let other = follow::<OnPlayers>(&mut newcomer).await;
    assert_eq!(members(&newcomer.event(other).await), ["ada 3", "grace 2"]);

    publisher.leave::<OnPlayers>(&table(), "ada").await.unwrap();
    assert_eq!(members(&client.event(id).await), ["grace 2"]);
    assert_eq!(members(&newcomer.event(other).await), ["grace 2"]);
    publisher.leave::<OnPlayers>(&table(), "nobody").await.unwrap();
    publisher.leave::<OnPlayers>(&table(), "grace").await.unwrap();
    while !members(&client.event(id).await).is_empty() {}
    drop((client, newcomer));

    // The replica has no subscribers any more.
    report::<OnPlayers>(publisher, "ada", 4).await;
    let mut client = server.client().await;
    let id = follow::<OnPlayers>(&mut client).await;
    assert_eq!(members(&client.event(id).await), ["ada 4"]);
    drop(client);
    server.end().await;
}

/// By bytes, on every broker and wherever it runs.
async fn members_are_in_the_order_of_their_names(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    for name in ["b", "ä", "B", "a", "10", "9", "a b", "A"] {
        report::<OnPlayers>(&server.publisher, name, 0).await;
    }
    let mut client = server.client().await;
    let id = follow::<OnPlayers>(&mut client).await;
    let expected = ["10 0", "9 0", "A 0", "B 0", "a 0", "a b 0", "b 0", "ä 0"];
    assert_eq!(members(&client.event(id).await), expected);
    drop(client);
    server.end().await;
}

async fn a_member_that_dies_disappears_although_nobody_reports(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow::<OnBusyPlayers>(&mut client).await;
    assert_eq!(members(&client.event(id).await), [""; 0]);
    report::<OnBusyPlayers>(&server.publisher, "ada", 1).await;
    assert_eq!(members(&client.event(id).await), ["ada 1"]);
    assert_eq!(members(&client.event(id).await), [""; 0]);
    // And again: the first time was not all that is looked.
    report::<OnBusyPlayers>(&server.publisher, "ada", 2).await;
    assert_eq!(members(&client.event(id).await), ["ada 2"]);
    assert_eq!(members(&client.event(id).await), [""; 0]);
    drop(client);
    server.end().await;
}

async fn a_member_that_dies_disappears_while_another_reports(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let mut client = server.client().await;
    let id = follow::<OnBusyPlayers>(&mut client).await;
    assert_eq!(members(&client.event(id).await), [""; 0]);
    report::<OnBusyPlayers>(&server.publisher, "dies", 0).await;
    assert_eq!(members(&client.event(id).await), ["dies 0"]);
    for points in 0.. {
        report::<OnBusyPlayers>(&server.publisher, "lives", points).await;
        let event = client.event(id).await;
        match &members(&event)[..] {
            [dies, lives] if dies == "dies 0" && lives.starts_with("lives ") => {}
            [lives] if lives.starts_with("lives ") && points > 0 => break,
            other => panic!("{other:?}"),
        }
    }
    drop(client);
    server.end().await;
}

async fn tables_do_not_mix(broker: TestBroker) {
    let server = serve(&broker, &[]).await;
    let elsewhere = Channel::from_parts(&["two"]);
    let player = Player { name: "grace".to_owned(), points: 1 };
    server.publisher.report::<OnPlayers>(&elsewhere, "grace", &player).await.unwrap();
    report::<OnPlayers>(&server.publisher, "ada", 1).await;
    let mut client = server.client().await;
    let id = follow::<OnPlayers>(&mut client).await;
    assert_eq!(members(&client.event(id).await), ["ada 1"]);
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn members_on_all_replicas_make_one_list() {
    let mut broker = TestBroker::valkey().await;
    let first = serve(&broker, &["--instance", "first"]).await;
    let second = serve(&broker, &["--instance", "second"]).await;
    report::<OnPlayers>(&first.publisher, "ada", 1).await;
    let mut client = second.client().await;
    let id = follow::<OnPlayers>(&mut client).await;
    assert_eq!(members(&client.event(id).await), ["ada 1"]);
    report::<OnPlayers>(&second.publisher, "grace", 2).await;
    assert_eq!(members(&client.event(id).await), ["ada 1", "grace 2"]);
    // A process that is no replica.
    let other = Publisher::connect(&broker.process().url()).await.unwrap();
    report::<OnPlayers>(&other, "edith", 3).await;
    assert_eq!(members(&client.event(id).await), ["ada 1", "edith 3", "grace 2"]);
    other.leave::<OnPlayers>(&table(), "ada").await.unwrap();
    assert_eq!(members(&client.event(id).await), ["edith 3", "grace 2"]);
    drop(client);
    first.end().await;
    second.end().await;
}

#[tokio::test]
async fn a_member_that_dies_disappears_on_every_replica() {
    let broker = TestBroker::valkey().await;
    let first = serve(&broker, &["--instance", "first"]).await;
    let second = serve(&broker, &["--instance", "second"]).await;
    let (mut one, mut two) = (first.client().await, second.client().await);
    let in_one = follow::<OnBusyPlayers>(&mut one).await;
    let in_two = follow::<OnBusyPlayers>(&mut two).await;
    report::<OnBusyPlayers>(&first.publisher, "ada", 1).await;
    for (client, id) in [(&mut one, in_one), (&mut two, in_two)] {
        assert_eq!(members(&client.event(id).await), [""; 0]);
        assert_eq!(members(&client.event(id).await), ["ada 1"]);
        assert_eq!(members(&client.event(id).await), [""; 0]);
    }
    drop((one, two));
    first.end().await;
    second.end().await;
}
