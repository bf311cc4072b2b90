//! Publishing by REST, in a fleet.

use serde_json::{Value, json};
use tidings_testkit::{Fleet, FleetOptions, Replica};

use super::{http, name, subscribers};

/// A fleet that lets everybody on this machine publish.
pub(super) fn options() -> FleetOptions {
    let dev = ("TIDINGS_DEV".to_owned(), "true".to_owned());
    let options = FleetOptions::new(env!("CARGO_BIN_EXE_tidings-demo"));
    FleetOptions { replica_environment: vec![dev], ..options }
}

async fn post(at: &str, path: &str, body: &Value) -> (u16, Value) {
    let answer = http().post(format!("{at}{path}")).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn at(replica: &Replica) -> String {
    format!("http://{}", replica.address())
}

#[tokio::test]
async fn rest_event_to_the_frontend_through_the_scaled_proxy() {
    const FRONTENDS: usize = 12;
    let fleet = Fleet::start(&options()).await.unwrap();
    let mut frontends = subscribers(&fleet, FRONTENDS).await;
    let replicas = fleet.replicas.iter().map(at);
    for (n, backend) in replicas.chain([fleet.url()]).enumerate() {
        let list = json!([{ "id": "1", "name": format!("from {n}") }]);
        let (status, answer) = post(&backend, "/publish/onUpdates/list-1", &list).await;
        assert_eq!(status, 200, "{answer}");
        for (frontend, id, _) in &mut frontends {
            let event = frontend.event(*id).await;
            assert_eq!((name(&event), &event["id"]), (&*format!("from {n}"), &answer["id"]));
        }
    }
    assert!(frontends.iter().all(|(frontend, ..)| frontend.waiting().count() == 0));
    drop(frontends);
    fleet.stop().await.unwrap();
}

#[tokio::test]
async fn the_demo_lets_nobody_publish_outside_of_development_mode() {
    let options = FleetOptions::new(env!("CARGO_BIN_EXE_tidings-demo"));
    let fleet = Fleet::start(&FleetOptions { replicas: 1, ..options }).await.unwrap();
    let (status, answer) =
        post(&at(&fleet.replicas[0]), "/publish/onUpdates/list-1", &json!([])).await;
    assert_eq!((status, &answer["data"]["name"]), (403, &json!("forbidden")));
    fleet.stop().await.unwrap();
}

#[tokio::test]
async fn development_mode_is_named_in_the_log() {
    let fleet = Fleet::start(&FleetOptions { replicas: 1, ..options() }).await.unwrap();
    let log = fleet.replicas[0].process().log();
    assert!(log.contains("DEVELOPMENT MODE (--dev, TIDINGS_DEV)"), "{}", log.tail());
    fleet.stop().await.unwrap();
}
