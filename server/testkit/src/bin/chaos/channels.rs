//! Many channels through a restart of Valkey.

use std::{path::Path, time::Duration};

use tidings_testkit::chaos::{Channels, Failure, Scene, Stage};

use crate::{Broken, row};

/// How long Valkey is away.
const AWAY: Duration = Duration::from_secs(5);

pub(crate) async fn run(tidings: &Path, channels: usize) -> Result<Broken, Failure> {
    let mut stage = Stage::start(Scene::Durable, tidings, None).await?;
    let channels = Channels { count: channels, each: 100, away: AWAY };
    let report = stage.play_channels("chaos", channels).await?;
    row::print_head(&format!(
        "{} channels with one subscriber each, a hundred for each connection, through nginx over three replicas:",
        channels.count
    ));
    row::print("Valkey killed, back with its AOF after 5 s", &report.verdict, None);
    stage.fleet.stop().await?;
    Ok(report.broken.into_iter().map(|broken| format!("channels: {broken}")).collect())
}
