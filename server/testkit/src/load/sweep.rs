//! One event for each of many channels.

use std::time::Duration;

use futures_util::future::join_all;
use redis::{AsyncConnectionConfig, RedisResult};
use tokio::time::sleep;

use super::{Place, payload};

/// How many channels one pipeline publishes to.
const TOGETHER: usize = 1_000;
/// How many pipelines are under way at once.
const PIPELINES: usize = 4;
/// The pause before another try.
const PAUSE: Duration = Duration::from_millis(200);

/// Publishes the event `number` to each of `channels`, and tries until all are acknowledged, each with an idempotency
/// key. This has no limit of its own.
pub async fn sweep(place: &Place, channels: &[String], number: u64) {
    let pipelines = (0..PIPELINES).map(async |first| {
        for chunk in channels.chunks(TOGETHER).skip(first).step_by(PIPELINES) {
            while publish(place, chunk, number).await.is_err() {
                sleep(PAUSE).await;
            }
        }
    });
    join_all(pipelines).await;
}

async fn publish(place: &Place, channels: &[String], number: u64) -> RedisResult<()> {
    let mut pipeline = redis::pipe();
    let payload = payload::write(number, 0);
    for channel in channels {
        let key = format!("updates:{{{channel}}}");
        pipeline.cmd("FCALL").arg("tidings_publish").arg(1).arg(key).arg(&payload).arg(number);
        pipeline.ignore();
    }
    // The library's half a second is too short for so many, where the machine is busy.
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let client = place.client().await?;
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    pipeline.query_async(&mut connection).await
}
