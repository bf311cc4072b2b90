//! A subscription by one long poll after the other.

use std::time::Duration;

use http_body_util::BodyExt as _;
use serde::Deserialize;
use tidings_contract::{Event, EventId};
use tidings_demo_contract::User;
use tokio::time::{Instant, sleep, timeout};

use super::{
    http::{Connection, target},
    intake::{Intake, Lost, Visit},
    subscriber::ANSWER,
};

/// How long the server may wait for an event.
const WAIT: Duration = Duration::from_secs(25);

/// What a poll is answered with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Polled {
    last_event_id: Option<EventId>,
    events: Vec<Event<Vec<User>>>,
}

/// Connects, and follows the channel until a poll fails. Answers how long the connection lasted.
pub(super) async fn follow(
    intake: &mut Intake,
    address: &str,
    channel: &str,
) -> Result<Duration, Lost> {
    let mut visit = intake.visit();
    let mut connection = timeout(ANSWER, Connection::open(address)).await.map_err(|_| Lost)??;
    let opened = Instant::now();
    // The first poll does not wait for an event: its answer says that the connection works, as `started` does elsewhere.
    let mut wait = Duration::ZERO;
    while let Ok(Ok(polled)) =
        timeout(wait + ANSWER, poll(&mut connection, intake, channel, wait)).await
    {
        if wait.is_zero() {
            let gap = polled.events.iter().any(|event| matches!(event, Event::Gap { .. }));
            let cursor = intake.cursor.clone();
            let resumed = cursor.is_some() && !gap;
            intake.start(&mut visit, resumed, cursor);
        }
        wait = WAIT;
        take(intake, &mut visit, polled);
        // A replica that leaves names the longest pause. Another replica has the next poll.
        sleep(std::mem::take(&mut intake.retry_after).mul_f64(rand::random())).await;
    }
    Ok(opened.elapsed())
}

fn take(intake: &mut Intake, visit: &mut Visit, polled: Polled) {
    for event in polled.events {
        // After `stopped` the next poll is due as after any answer, so the connection stays.
        intake.take(visit, event);
    }
    match polled.last_event_id {
        Some(cursor) => intake.cursor = Some(cursor),
        None => intake.violation("an answer without `lastEventId`".to_owned()),
    }
}

async fn poll(
    connection: &mut Connection,
    intake: &mut Intake,
    channel: &str,
    wait: Duration,
) -> Result<Polled, Lost> {
    let (wait, cursor) = (wait.as_millis().to_string(), intake.cursor.clone());
    let mut parameters = vec![("waitMs", wait.as_str())];
    parameters.extend(cursor.as_ref().map(|cursor| ("lastEventId", cursor.as_str())));
    let target = target("/poll", channel, &parameters);
    let answer = connection.get(intake, &target, None).await?;
    let body = answer.into_body().collect().await.map_err(|_| Lost)?.to_bytes();
    serde_json::from_slice(&body).map_err(|error| {
        intake.violation(format!("{error}: {}", body.escape_ascii()));
        Lost
    })
}
