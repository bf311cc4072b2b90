//! `tidings-demo background-updates`: publishes user lists for the demo.

use std::time::Duration;

use tidings::{Channel, Error, Publisher};
use tidings_demo_contract::User;
use tokio::time::{MissedTickBehavior, interval};

use crate::{bios, config::BackgroundUpdatesArgs, handlers::list_1, user_directory::built_in};

/// The time between two events of `--demo`.
const DEMO_INTERVAL: Duration = Duration::from_secs(3);

/// The pause before another try to connect.
const RETRY: Duration = Duration::from_secs(1);

/// Publishes until `shutdown`. Retries until Valkey can be reached.
///
/// # Errors
///
/// When the address of Valkey is missing or not valid.
pub async fn background_updates(
    args: BackgroundUpdatesArgs,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    tokio::select! {
        () = shutdown => Ok(()),
        error = connect_and_publish(args) => error,
    }
}

async fn connect_and_publish(args: BackgroundUpdatesArgs) -> Result<(), Error> {
    let publisher = loop {
        match Publisher::connect_with(&args.broker).await {
            Ok(publisher) => break publisher,
            Err(error @ Error::Broker(_)) => tracing::warn!(%error, "trying again"),
            Err(error) => return Err(error),
        }
        tokio::time::sleep(RETRY).await;
    };
    publish(publisher, args.channel, args.interval).await;
    Ok(())
}

/// Publishes to the channel that the page follows.
pub(crate) async fn demo(publisher: Publisher) {
    publish(publisher, list_1(), DEMO_INTERVAL).await;
}

/// Publishes one of two user lists, picked at random, at once and then at every interval. A failed event is
/// logged and not repeated: the next one replaces it.
async fn publish(publisher: Publisher, channel: Channel, every: Duration) {
    let lists = lists();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let list = rand::random_range(0..lists.len());
        match bios::publish_list(&publisher, &channel, &lists[list]).await {
            Ok(()) => tracing::info!(%channel, list, "published"),
            Err(error) => tracing::warn!(%channel, %error, "not published"),
        }
    }
}

/// The first four users, and the other six.
fn lists() -> [Vec<User>; 2] {
    let mut first = built_in();
    let rest = first.split_off(4);
    [first, rest]
}
