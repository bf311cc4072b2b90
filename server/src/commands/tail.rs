//! `tidings tail`: prints the events of a channel, over the same wire as any other client.

use std::time::Duration;

use jsonrpsee::{
    core::client::{Error, Subscription, SubscriptionClientT},
    core::params::ObjectParams,
    ws_client::{WsClient, WsClientBuilder},
};
use serde_json::Value;
use tidings_schema::{Event, OnUpdates, Subscription as _, openrpc::unsubscribe_name};

use crate::{config::TailArgs, error::BoxError};

/// Events that were received and not printed yet. jsonrpsee ends a subscription whose buffer is full.
const BUFFER: usize = 16 * 1024;

/// The pause before another try is a random part of this, doubled with each failure …
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Prints events until `shutdown`, reconnecting as often as it takes.
///
/// # Errors
///
/// When the server will not have the call: another try would not help.
pub async fn tail(args: TailArgs, shutdown: impl Future<Output = ()>) -> Result<(), BoxError> {
    tokio::select! {
        () = shutdown => Ok(()),
        error = follow(&args) => Err(error),
    }
}

async fn follow(args: &TailArgs) -> BoxError {
    let mut failures = 0;
    loop {
        match subscribe(args).await {
            Ok((client, mut events)) => {
                failures = 0;
                while let Some(event) = events.next().await {
                    match event {
                        Ok(event) => print(args, &event),
                        Err(error) => tracing::warn!(%error, "an event could not be read"),
                    }
                }
                let reason = events.close_reason();
                tracing::warn!(url = args.url, ?reason, "the stream has ended; subscribing again");
                drop(client);
            }
            Err(Error::Call(error)) if !retryable(&error) => return error.message().into(),
            Err(error) => tracing::warn!(url = args.url, %error, "no connection; trying again"),
        }
        let ceiling = FIRST_PAUSE * 2u32.saturating_pow(failures);
        failures += 1;
        tokio::time::sleep(ceiling.min(LONGEST_PAUSE).mul_f64(rand::random())).await;
    }
}

async fn subscribe(args: &TailArgs) -> Result<(WsClient, Subscription<Value>), Error> {
    let client = WsClientBuilder::default()
        .max_buffer_capacity_per_subscription(BUFFER)
        .build(&args.url)
        .await?;
    let mut params = ObjectParams::new();
    params.insert("channel", &args.channel).map_err(Error::ParseError)?;
    let unsubscribe = unsubscribe_name(OnUpdates::NAME);
    let events = client.subscribe(OnUpdates::NAME, params, &unsubscribe).await?;
    Ok((client, events))
}

fn retryable(error: &jsonrpsee::types::ErrorObjectOwned) -> bool {
    let data = error.data().and_then(|data| serde_json::from_str::<Value>(data.get()).ok());
    data.is_some_and(|data| data["retryable"] == true)
}

#[expect(clippy::print_stdout, reason = "a command's answer is its output")]
fn print(args: &TailArgs, event: &Value) {
    if args.json {
        println!("{event}");
        return;
    }
    let channel = &args.channel;
    match serde_json::from_value::<Event<Value>>(event.clone()) {
        Ok(Event::Data { instance, data, .. }) => println!("{channel} from {instance}: {data}"),
        Ok(Event::Started { instance, .. }) => println!("{channel} is live on {instance}"),
        Ok(Event::Gap { reason, .. }) => println!("{channel}: events may be missing ({reason:?})"),
        Ok(Event::Status { broker }) => println!("{channel}: the broker is {broker:?}"),
        Ok(Event::Stopped { reason, .. }) => println!("{channel} was stopped ({reason:?})"),
        // A newer server may send what this client does not know.
        Err(_) => println!("{event}"),
    }
}
