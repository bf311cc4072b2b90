//! `tidings publish`.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use serde_json::{Value, json};
use tidings::{BrokerConfig, Channel, PublishError, Publisher, Target};

use crate::{
    cli::PublishArgs,
    document::{Document, Procedure},
    failure::{Failure, Result, without_number},
    input, payload,
    subscription::{Feed, Subscription},
};

/// Checks an event as the replicas will, publishes it and prints its id.
pub(crate) async fn publish(args: &PublishArgs) -> Result<()> {
    let channel = channel_name(args.channel.as_deref(), &args.parts)?;
    let payload = input::json("the payload", &args.payload)?;
    let document = Document::from(args.contract.as_deref(), &args.service.url).await?;
    let procedure = document.procedure(&args.procedure)?;
    let subscription = procedure.as_subscription()?;
    check_feed(procedure, subscription)?;
    check_channel(procedure, subscription, &channel)?;
    check_payload(&document, subscription, &payload)?;

    let namespace = subscription.namespace.clone().ok_or_else(|| {
        Failure::new(format!(
            "`{}` has no x-subscription.namespace in the document: its service uses an older version of Tidings",
            procedure.name
        ))
    })?;
    let channel = channel.parse().map_err(|error| Failure::new(format!("{error}")))?;
    let state_retention = subscription.state_retention_ms.map(Duration::from_millis);
    let target = Target { namespace, channel, state_retention };
    let config = BrokerConfig {
        valkey_url: args.valkey_url.clone(),
        key_prefix: args.key_prefix.clone(),
        ..BrokerConfig::default()
    };
    let key = args.idempotency_key.as_deref();
    // Connecting publishes nothing.
    let publisher =
        Publisher::connect_with(&config).await.map_err(|error| not_published(&error))?;
    let id = publisher
        .publish_raw(&target, payload.to_string(), key)
        .await
        .map_err(|error| failed(&error, key))?;
    writeln!(io::stdout(), "{}", id.as_str())?;
    Ok(())
}

/// The channel's name: CHANNEL as it is, or built from the parts.
fn channel_name(channel: Option<&str>, parts: &[String]) -> Result<String> {
    let text = match (channel, parts) {
        (Some(channel), []) => return Ok(channel.to_owned()),
        (None, [_, ..]) => {
            let parts: Vec<_> = parts.iter().map(String::as_str).collect();
            return Ok(Channel::from_parts(&parts).into());
        }
        (None, []) => {
            "the channel is missing: give CHANNEL before the payload or, for a service that builds its channels from \
             parts, --part VALUE for each part"
        }
        (Some(_), _) => {
            "give CHANNEL or --part, not both: --part is for a service that builds its channels from parts"
        }
    };
    Err(Failure::new(text))
}

/// What is known of the event after publishing failed, and what to do.
fn failed(error: &PublishError, key: Option<&str>) -> Failure {
    let PublishError::Unavailable(reason) = error else { return not_published(error) };
    let reason = without_number(reason);
    let repeat = match key {
        Some(key) => format!("repeat with --idempotency-key {key}, which publishes it once"),
        // A key works only if the first attempt had it, too.
        None => {
            "a repeat may publish it twice, unless each attempt has the same --idempotency-key KEY"
                .to_owned()
        }
    };
    Failure::new(format!("it is not known whether the event was published: {reason}; {repeat}"))
}

fn not_published(error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("the event was not published: {}", without_number(&error.to_string())))
}

/// Refuses a feed to which only the service itself publishes.
fn check_feed(procedure: &Procedure, subscription: &Subscription) -> Result<()> {
    let name = &procedure.name;
    match &subscription.feed {
        Feed::Log | Feed::State => Ok(()),
        Feed::Members => Err(Failure::new(format!(
            "`{name}` is a members feed: each member reports its own element while it runs, so there is nothing to publish"
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
        "`{channel}` is no channel of `{name}`: a channel's name matches {pattern}; if the service builds its channels \
         from parts, give each part with --part"
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

#[cfg(test)]
mod tests {
    use tidings::PublishError;

    use super::{Failure, channel_name, failed};

    fn text(error: &PublishError, key: Option<&str>) -> String {
        match failed(error, key) {
            Failure::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_channel_is_a_name_or_parts_and_never_both() {
        let name = |channel, parts: &[&str]| {
            let parts: Vec<_> = parts.iter().map(|part| (*part).to_owned()).collect();
            channel_name(channel, &parts).map_err(|failure| match failure {
                Failure::Text(text) => text,
                other => panic!("{other:?}"),
            })
        };
        assert_eq!(name(Some("living_room"), &[]).unwrap(), "living_room");
        assert_eq!(name(None, &["living_room"]).unwrap(), "living_5froom");
        assert_eq!(name(None, &["room", "ACME"]).unwrap(), "room._41_43_4d_45");
        assert!(name(None, &[]).unwrap_err().starts_with("the channel is missing: "));
        assert!(name(Some("a"), &["b"]).unwrap_err().contains("not both"));
    }

    #[test]
    fn after_a_lost_connection_it_is_not_known_whether_the_event_was_published() {
        let lost = PublishError::Unavailable("timed out (os error 110)".to_owned());
        assert_eq!(
            text(&lost, Some("order-7")),
            "it is not known whether the event was published: timed out; \
             repeat with --idempotency-key order-7, which publishes it once"
        );
        assert_eq!(
            text(&lost, None),
            "it is not known whether the event was published: timed out; \
             a repeat may publish it twice, unless each attempt has the same --idempotency-key KEY"
        );
        let too_large = PublishError::TooLarge { bytes: 2, max: 1 };
        assert!(text(&too_large, None).starts_with("the event was not published: "));
    }
}
