//! `tidings tail`: prints the events of a channel, over the same wire as any other client.

use std::{
    io::{self, Write},
    time::Duration,
};

use jsonrpsee::{
    core::client::{Error, Subscription, SubscriptionClientT},
    core::params::ObjectParams,
    ws_client::{WsClient, WsClientBuilder},
};
use serde_json::Value;
use tidings_schema::{Event, EventId, OnUpdates, Subscription as _, openrpc::unsubscribe_name};

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
    // Where to go on: nothing is missed while the history has it.
    let mut last_event_id = None;
    loop {
        match subscribe(args, last_event_id.as_ref()).await {
            Ok((_client, mut events)) => {
                failures = 0;
                while let Some(event) = events.next().await {
                    let event = match event {
                        Ok(event) => event,
                        Err(error) => {
                            tracing::warn!(%error, "an event could not be read");
                            continue;
                        }
                    };
                    if let Err(error) = print(args, &event) {
                        return error.into();
                    }
                    if let Some(id) = event["id"].as_str().or(event["lastEventId"].as_str()) {
                        last_event_id = Some(EventId::from(id.to_owned()));
                    }
                    if event["type"] == "stopped" {
                        break;
                    }
                }
                tracing::warn!(url = args.url, "the stream has ended; subscribing again");
            }
            Err(Error::Call(error)) if !retryable(&error) => return error.message().into(),
            Err(error) => tracing::warn!(url = args.url, %error, "no connection; trying again"),
        }
        let ceiling = FIRST_PAUSE * 2u32.saturating_pow(failures);
        failures += 1;
        tokio::time::sleep(ceiling.min(LONGEST_PAUSE).mul_f64(rand::random())).await;
    }
}

async fn subscribe(
    args: &TailArgs,
    last_event_id: Option<&EventId>,
) -> Result<(WsClient, Subscription<Value>), Error> {
    let client = WsClientBuilder::default()
        .max_buffer_capacity_per_subscription(BUFFER)
        .build(&args.url)
        .await?;
    let mut params = ObjectParams::new();
    params.insert("channel", &args.channel).map_err(Error::ParseError)?;
    if let Some(id) = last_event_id {
        params.insert("lastEventId", id).map_err(Error::ParseError)?;
    }
    let unsubscribe = unsubscribe_name(OnUpdates::NAME);
    let events = client.subscribe(OnUpdates::NAME, params, &unsubscribe).await?;
    Ok((client, events))
}

fn retryable(error: &jsonrpsee::types::ErrorObjectOwned) -> bool {
    let data = error.data().and_then(|data| serde_json::from_str::<Value>(data.get()).ok());
    data.is_some_and(|data| data["retryable"] == true)
}

/// Fails when nobody reads any more, as in `tidings tail list-1 | head`.
fn print(args: &TailArgs, event: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let channel = &args.channel;
    if args.json {
        return writeln!(out, "{event}");
    }
    match serde_json::from_value::<Event<Value>>(event.clone()) {
        Ok(Event::Data { instance, data, .. }) => {
            writeln!(out, "{channel} from {instance}: {data}")
        }
        Ok(Event::Started { instance, resumed: true, .. }) => {
            writeln!(out, "{channel} goes on, from {instance}")
        }
        Ok(Event::Started { instance, .. }) => writeln!(out, "{channel} is live on {instance}"),
        Ok(Event::Gap { reason, .. }) => {
            writeln!(out, "{channel}: events may be missing ({reason:?})")
        }
        Ok(Event::Status { broker }) => writeln!(out, "{channel}: the broker is {broker:?}"),
        Ok(Event::Stopped { reason, .. }) => writeln!(out, "{channel} was stopped ({reason:?})"),
        // A newer server may send what this client does not know.
        Err(_) => writeln!(out, "{event}"),
    }
}
