//! Several replicas behind a proxy, a broker between them, and subscribers on every transport.

use std::{path::Path, time::Duration};

use tidings_testkit::chaos::{Scene, Stage, Transports};

#[tokio::test(flavor = "multi_thread")]
async fn every_transport_has_every_event_once_and_in_order_while_replicas_are_killed_and_drained() {
    let tidings = Path::new(env!("CARGO_BIN_EXE_tidings-demo"));
    let mut stage = Stage::start(Scene::Durable, tidings, None).await.unwrap();
    let transports = Transports {
        clients: 36,
        channels: 4,
        period: Duration::from_millis(50),
        events: 10,
        away: Duration::from_millis(500),
    };
    let report = stage.play_transports("test", transports).await.unwrap();
    assert!(report.broken.is_empty(), "{:?}\n{:#?}", report.broken, report.verdicts);
    // nginx gives a poll to another replica by itself, so those need not notice.
    let noticed = report.verdicts.iter().map(|(_, verdict)| verdict.reconnects).sum::<u64>();
    assert!(noticed > 0, "no subscriber lost its connection: {:#?}", report.verdicts);
    stage.fleet.stop().await.unwrap();
}
