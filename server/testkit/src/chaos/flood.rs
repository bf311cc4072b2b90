//! A channel that gets more events than its clients can take.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Failure;
use crate::{
    Fleet,
    load::{Crowd, Publisher, Verdict},
};

/// Clients of the hot channel.
const CLIENTS: usize = 50;
/// Events at once …
const TOGETHER: usize = 200;
/// … so often: 20,000 events/s, a million deliveries/s, many times what two cores can do.
const PERIOD: Duration = Duration::from_millis(10);
/// How much longer a payload is than it need be: bytes.
const PADDING: usize = 1_000;

/// Publishes to a channel for `time`, and waits until each of its clients has the last event. They may have gaps.
pub(super) async fn flood(fleet: &Fleet, time: Duration) -> Result<Verdict, Failure> {
    let channel = format!("hot-{}", rand::random::<u32>());
    let crowd = Crowd::join([fleet.ws_url()], std::slice::from_ref(&channel), CLIENTS).await?;
    let mut publisher = Publisher::new(fleet.place(), &channel).padded(PADDING);
    let mut due = interval(PERIOD);
    due.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let began = Instant::now();
    while began.elapsed() < time {
        due.tick().await;
        publisher.publish_together(TOGETHER).await;
    }
    publisher.publish().await;
    crowd.reached(&[publisher.published()]).await?;
    Ok(Verdict::of(&crowd.leave().await, &[publisher.published()]))
}
