//! `tidings publish`.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use serde_json::{Value, json};
use tidings::{BrokerConfig, Publisher, Target};

use crate::{
    cli::PublishArgs,
    document::{Document, Feed, Procedure, Subscription},
    failure::{Failure, Result, without_number},
    input, payload,
};

/// Publishes an event, after checking it as the replicas will, and prints its id.
pub(crate) async fn publish(args: &PublishArgs) -> Result<()> {
    let payload = input::json("the payload", &args.payload)?;
    let document = Document::from(args.contract.as_deref(), &args.service.url).await?;
    let procedure = document.procedure(&args.procedure)?;
    let subscription = procedure.as_subscription()?;
    check_feed(procedure, subscription)?;
    check_channel(procedure, subscription, &args.channel)?;
    check_payload(&document, subscription, &payload)?;

    let namespace = subscription.namespace.clone().ok_or_else(|| {
        Failure::new(format!(
            "the document does not say what the channels of `{}` belong to",
            procedure.name
        ))
    })?;
    let channel = args.channel.parse().map_err(|error| Failure::new(format!("{error}")))?;
    let state_retention = subscription.state_retention_ms.map(Duration::from_millis);
    let target = Target { namespace, channel, state_retention };
    let config = BrokerConfig {
        valkey_url: args.valkey_url.clone(),
        key_prefix: args.key_prefix.clone(),
        ..BrokerConfig::default()
    };
    let publisher =
        Publisher::connect_with(&config).await.map_err(|error| not_published(&error))?;
    let id = publisher
        .publish_raw(&target, payload.to_string(), args.idempotency_key.as_deref())
        .await
        .map_err(|error| not_published(&error))?;
    writeln!(io::stdout(), "{}", id.as_str())?;
    Ok(())
}

fn not_published(error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("the event was not published: {}", without_number(&error.to_string())))
}

/// Refuses a feed that nobody publishes to from outside.
fn check_feed(procedure: &Procedure, subscription: &Subscription) -> Result<()> {
    let name = &procedure.name;
    match &subscription.feed {
        Feed::Log | Feed::State => Ok(()),
        Feed::Members => Err(Failure::new(format!(
            "`{name}` is a members feed: its events are put together from what each member reports while it runs, \
             so there is nothing to publish"
        ))),
        Feed::Other(feed) => Err(Failure::new(format!(
            "`{name}` is a {feed} feed, which this version of tidings does not know: use a newer one"
        ))),
    }
}

fn check_channel(procedure: &Procedure, subscription: &Subscription, channel: &str) -> Result<()> {
    let name = &procedure.name;
    if let Some(only) = subscription.channel["const"].as_str() {
        if channel == only {
            return Ok(());
        }
        return Err(Failure::new(format!(
            "`{name}` has one channel, `{only}`, and no channel `{channel}`"
        )));
    }
    let schemas = serde_json::Map::new();
    let faults = payload::faults("it", &json!(channel), &subscription.channel, &schemas)?;
    if faults.is_empty() {
        return Ok(());
    }
    let pattern = subscription.channel["pattern"].as_str().unwrap_or_default();
    Err(Failure::new(format!(
        "`{channel}` is no channel of `{name}`: a channel's name matches {pattern}"
    )))
}

fn check_payload(document: &Document, subscription: &Subscription, payload: &Value) -> Result<()> {
    let schemas = &document.components.schemas;
    let faults = payload::faults("the payload", payload, &subscription.data, schemas)?;
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("the payload does not fit: {}", faults.join("; "))))
}
