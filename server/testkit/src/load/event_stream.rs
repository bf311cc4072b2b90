//! A subscription over server-sent events.

use std::time::Duration;

use http_body_util::BodyExt as _;
use serde::Deserialize;
use tidings_contract::{Event, EventId, SubscriptionId};
use tokio::time::{Instant, timeout};

use super::{
    http::{Connection, target},
    intake::{Intake, Lost, Visit},
    message::Params,
    subscriber::ANSWER,
};

/// The first message of a stream.
#[derive(Deserialize)]
struct Subscriptions {
    subscriptions: Vec<SubscriptionId>,
}

/// Connects, and follows the channel until the stream ends. Answers how long it lasted.
pub(super) async fn follow(
    intake: &mut Intake,
    address: &str,
    channel: &str,
) -> Result<Duration, Lost> {
    let visit = intake.visit();
    let open = async {
        let mut connection = Connection::open(address).await?;
        let stream = target("/sse", channel, &[]);
        let cursor = intake.cursor.clone();
        let header = cursor.as_ref().map(|cursor| ("last-event-id", cursor.as_str()));
        let answer = connection.get(intake, &stream, header).await?;
        Ok((connection, answer))
    };
    let (_connection, answer) = timeout(ANSWER, open).await.map_err(|_| Lost)??;
    let opened = Instant::now();
    let (mut body, mut stream) = (answer.into_body(), Stream { visit, subscription: None });
    let mut rest = Vec::new();
    // An error, like the end, is that of the connection.
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(bytes) = frame.into_data() else { continue };
        rest.extend_from_slice(&bytes);
        while let Some(end) = rest.windows(2).position(|two| two == b"\n\n") {
            let message = rest.drain(..end + 2).collect::<Vec<_>>();
            if let Err(why) = stream.message(intake, &String::from_utf8_lossy(&message)) {
                intake.violation(why);
            }
        }
    }
    Ok(opened.elapsed())
}

struct Stream {
    visit: Visit,
    subscription: Option<SubscriptionId>,
}

impl Stream {
    /// Takes a message. The error is what the protocol forbids.
    fn message(&mut self, intake: &mut Intake, message: &str) -> Result<(), String> {
        let field = |name| message.lines().find_map(|line| line.strip_prefix(name));
        let Some(data) = field("data: ") else { return Ok(()) };
        if field("event: ") == Some("subscriptions") {
            let Subscriptions { subscriptions } = read(data)?;
            let [subscription] = subscriptions[..] else {
                return Err(format!("subscriptions that it did not ask for: {data}"));
            };
            self.subscription = Some(subscription);
            return Ok(());
        }
        let Params { subscription, result: event } = read(data)?;
        if self.subscription != Some(subscription) {
            return Err(format!("an event of a subscription that it does not have: {data}"));
        }
        let cursor = match &event {
            Event::Data { id, .. } => id.as_ref(),
            Event::Started { last_event_id, .. } | Event::Gap { last_event_id, .. } => {
                last_event_id.as_ref()
            }
            Event::Status { .. } | Event::Stopped { .. } => None,
        };
        // `EventSource` comes back with it.
        if field("id: ") != cursor.map(EventId::as_str) {
            return Err(format!(
                "the id of the message is another than that of its event: {message}"
            ));
        }
        intake.take(&mut self.visit, event);
        Ok(())
    }
}

fn read<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T, String> {
    serde_json::from_str(data).map_err(|error| format!("{error}: {data}"))
}
