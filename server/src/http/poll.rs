//! `/poll`: subscriptions for clients that can only ask.
//!
//! A poll subscribes, waits until something has happened, and answers with that. It leaves nothing behind: the next poll
//! resumes from the cursor in the answer, on any replica.

use std::time::Duration;

use axum::{
    extract::{Path, Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use tidings_contract::{ErrorKind, RpcError, SubscriptionId};
use tokio::time::{Instant, timeout_at};

use super::{
    follow::{Followed, Follower, parameter},
    refusal::Refusal,
};
use crate::{
    socket::{Notice, Transport},
    subscription::Opened,
};

/// How long a poll waits that does not say so.
const WAIT: Duration = Duration::from_secs(25);

/// The longest wait. Proxies give up after 60 s by default, and an HTTP connection without an answer on its way is closed then.
const MAX_WAIT: Duration = Duration::from_secs(55);

/// How long a poll at least waits for events that its client missed: they are being read. Without it, a client whose polls do
/// not wait would never get them.
const READ_TIME: Duration = Duration::from_secs(5);

/// Bytes of events in an answer, overrun by at most one event for each subscription. The rest comes with the next poll.
const ANSWER_BYTES: usize = 512 * 1024;

pub(super) async fn poll(
    State(follower): State<Follower>,
    procedure: Option<Path<String>>,
    request: Request,
) -> Response {
    let ends = match wait(request.uri().query()) {
        Ok(wait) => Instant::now() + wait,
        Err(error) => {
            let (parts, body) = request.into_parts();
            return Refusal::from(error).unread(&parts.headers, body).await.into_response();
        }
    };
    match follower.follow(procedure, request, Transport::LongPoll).await {
        Ok(followed) => answer(followed, ends).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn wait(query: Option<&str>) -> Result<Duration, RpcError> {
    let Some(wait) = parameter(query, "waitMs") else { return Ok(WAIT) };
    let wait = wait.parse().ok().map(Duration::from_millis);
    wait.filter(|wait| *wait <= MAX_WAIT).ok_or_else(|| {
        let message = format!("waitMs: a number from 0 to {}", MAX_WAIT.as_millis());
        RpcError::new(ErrorKind::INVALID_PARAMS, message).at("waitMs")
    })
}

async fn answer(followed: Followed, ends: Instant) -> Response {
    let Followed { subscriptions, cursors, single, exchange } = followed;
    let new = |(opened, cursor): (&Opened, Option<_>)| Collected::new(opened, cursor);
    let cursors = cursors.into_iter().map(|cursor| cursor.map(|id| id.as_str().to_owned()));
    let mut collected: Vec<_> = subscriptions.iter().zip(cursors).map(new).collect();
    let is_behind = subscriptions.iter().any(Opened::has_missed);
    let ends = if is_behind { ends.max(Instant::now() + READ_TIME) } else { ends };
    subscriptions.into_iter().for_each(Opened::begin);
    let mut bytes = 0;
    loop {
        let in_time = timeout_at(ends, exchange.held()).await.is_ok();
        for held in exchange.take() {
            for notice in held.messages().filter_map(Notice::parse) {
                let of = collected.iter_mut().find(|of| of.id == notice.subscription);
                if let Some(of) = of {
                    bytes += of.take(&notice, held.is_greeting, bytes >= ANSWER_BYTES);
                }
            }
        }
        if !in_time || collected.iter().any(|of| of.has_news) || !exchange.is_live() {
            break;
        }
    }
    drop(exchange);
    let answers: Vec<_> = collected.iter().map(Collected::json).collect();
    let body = if single { answers.concat() } else { format!("[{}]", answers.join(",")) };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, body).into_response()
}

/// What has come for one subscription.
struct Collected {
    id: SubscriptionId,
    has_ids: bool,
    /// Where the next poll resumes.
    cursor: Option<String>,
    /// JSON, with commas between.
    events: String,
    /// Something that is worth an answer.
    has_news: bool,
    has_data: bool,
    /// The answer is full: what follows comes with the next poll.
    is_full: bool,
}

impl Collected {
    fn new(opened: &Opened, cursor: Option<String>) -> Self {
        let (id, has_ids) = (opened.id(), opened.has_ids());
        let (events, has_news, has_data, is_full) = (String::new(), false, false, false);
        Self { id, has_ids, cursor, events, has_news, has_data, is_full }
    }

    /// Takes an event, and returns its bytes. An answer that `is_full` still takes the first `data`.
    fn take(&mut self, notice: &Notice<'_>, is_greeting: bool, is_full: bool) -> usize {
        let is_data = notice.is("data");
        self.is_full |= is_full && is_data && self.has_data;
        if self.is_full {
            return 0;
        }
        let cursor = match notice.event_id() {
            Some(id) => Some(id.to_owned()),
            None if self.has_ids => None,
            None => notice.version().map(|version| version.to_string()),
        };
        // A value that the client has.
        if is_data && !self.has_ids && cursor == self.cursor {
            return 0;
        }
        self.cursor = cursor.or_else(|| self.cursor.take());
        // What it says is in the cursor.
        if notice.is("started") {
            return 0;
        }
        // What a subscription begins with is no news, unless it is lost or over.
        self.has_news |= !is_greeting || notice.is("gap") || notice.is("stopped");
        self.has_data |= is_data;
        if !self.events.is_empty() {
            self.events.push(',');
        }
        self.events.push_str(&String::from_utf8_lossy(notice.event));
        notice.event.len()
    }

    fn json(&self) -> String {
        let Self { cursor, events, .. } = self;
        match cursor {
            // An event id has nothing that JSON escapes, but this one may be the client's.
            Some(cursor) => {
                let cursor = serde_json::Value::from(cursor.as_str());
                format!(r#"{{"lastEventId":{cursor},"events":[{events}]}}"#)
            }
            None => format!(r#"{{"events":[{events}]}}"#),
        }
    }
}
