//! `tidings background-updates`: the publisher of the demo, and of the system that this one grew from.

use std::{sync::Arc, time::Duration};

use tidings_schema::{Channel, OnUpdates, User};
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    broker::{Broker, ChannelKey},
    config::BackgroundUpdatesArgs,
    error::BoxError,
    user_directory::built_in,
};

/// Runs the command until `shutdown`.
///
/// # Errors
///
/// When there is no Valkey to publish to. One that is out of reach is waited for.
pub async fn background_updates(
    args: BackgroundUpdatesArgs,
    shutdown: impl Future<Output = ()>,
) -> Result<(), BoxError> {
    let broker = super::valkey(&args.broker)?;
    let key = ChannelKey::new::<OnUpdates>(&args.broker.key_prefix, &args.channel);
    publish(broker, key, args.interval, shutdown).await;
    Ok(())
}

/// Publishes one of two fixed user lists, picked at random, at once and then at every interval, until
/// `shutdown`. An event that the broker does not take is logged and not tried again: the next one replaces it.
pub async fn publish(
    broker: Arc<dyn Broker>,
    key: ChannelKey,
    every: Duration,
    shutdown: impl Future<Output = ()>,
) {
    let lists = lists().map(|users| serde_json::to_vec(&users).expect("users are plain data"));
    let publishing = async {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let list = rand::random_range(0..lists.len());
            match broker.publish(&key, lists[list].clone().into(), None).await {
                Ok(id) => tracing::info!(channel = %key, list, %id, "published"),
                Err(error) => tracing::warn!(channel = %key, %error, "not published"),
            }
        }
    };
    tokio::select! {
        () = shutdown => {}
        () = publishing => {}
    }
}

/// The channel that the demo page follows.
pub fn demo_key(prefix: &str) -> ChannelKey {
    let channel: Channel = "list-1".parse().expect("it is a channel name");
    ChannelKey::new::<OnUpdates>(prefix, &channel)
}

/// The first four users, and the other six.
fn lists() -> [Vec<User>; 2] {
    let mut first = built_in();
    let rest = first.split_off(4);
    [first, rest]
}
