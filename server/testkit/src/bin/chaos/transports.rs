//! Every transport while replicas end.

use std::{path::Path, time::Duration};

use tidings_testkit::chaos::{Failure, Scene, Stage, Transports};

use crate::{Broken, row};

/// 30 events/s in all, for about 60 s: four times 21 events of each channel, two times 2 s in which a replica is away,
/// and the time in which one drains.
const TRANSPORTS: Transports = Transports {
    clients: 300,
    channels: 20,
    period: Duration::from_micros(666_667),
    events: 21,
    away: Duration::from_secs(2),
};

pub(crate) async fn run(tidings: &Path) -> Result<Broken, Failure> {
    let mut stage = Stage::start(Scene::Durable, tidings, None).await?;
    let report = stage.play_transports("transports", TRANSPORTS).await?;
    row::print_head(
        "300 subscribers of 20 channels through nginx over three replicas, 30 events/s, a replica killed twice and one \
         drained; a third of the subscribers uses each transport:",
    );
    for (transport, verdict) in &report.verdicts {
        row::print(transport.name(), verdict, None);
    }
    stage.fleet.stop().await?;
    Ok(report.broken.into_iter().map(|broken| format!("transports: {broken}")).collect())
}
