//! `tidings tail`.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::{self, Message, error::ProtocolError, protocol::CloseFrame};

use crate::{
    backoff::Backoff,
    cli::TailArgs,
    connection::{self, WebSocket},
    document::Document,
    event::Event,
    failure::{Failure, Result, RpcError},
    input, reader,
};

/// After this much silence the client sends a ping. A server pings every 20 s.
const QUIET: Duration = Duration::from_secs(45);
/// The member that names the event to resume after.
const CURSOR: &str = "lastEventId";

/// Prints the events of a subscription until Ctrl-C, reconnecting as often as it takes.
pub(crate) async fn tail(args: TailArgs) -> Result<()> {
    let mut tail = Tail::new(args).await?;
    tokio::select! {
        failure = tail.follow() => return Err(failure),
        () = reader::gone() => return Ok(()),
        signal = tokio::signal::ctrl_c() => signal?,
    }
    if tail.resumable
        && let Some(id) = tail.input[CURSOR].as_str()
    {
        note(&format!("to go on after the last event, add: --from {id}"));
    }
    Ok(())
}

/// A subscription that outlives its connections.
#[derive(Debug)]
struct Tail {
    args: TailArgs,
    /// The input, with the id of the last event once there is one.
    input: Value,
    resumable: bool,
    backoff: Backoff,
}

/// Why a connection ended, when a retry may succeed.
#[derive(Debug)]
struct Lost {
    /// `None` if a `stopped` event was printed.
    why: Option<String>,
    /// The least wait that the server asks for.
    retry_after: Duration,
}

impl Lost {
    fn because(why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), retry_after: Duration::ZERO }
    }
}

impl Tail {
    async fn new(args: TailArgs) -> Result<Self> {
        let mut input = input::object(&args.input)?;
        let document = Document::of(&args.service.url).await?;
        let name = &args.procedure;
        let subscription = document.procedure(name)?.as_subscription()?;
        let resumable = subscription.resumable();
        if let Some(id) = &args.from {
            if !resumable {
                let feed = &subscription.feed;
                return Err(Failure::new(format!(
                    "`{name}` has no event ids to begin after, because it is a {feed} feed: leave out --from"
                )));
            }
            input[CURSOR] = Value::from(id.as_str());
        }
        Ok(Self { args, input, resumable, backoff: Backoff::default() })
    }

    /// Returns only for errors that a retry cannot fix.
    async fn follow(&mut self) -> Failure {
        loop {
            let lost = match self.connection().await {
                Ok(lost) => lost,
                Err(failure) => return failure,
            };
            let pause = self.backoff.next(lost.retry_after);
            let seconds = pause.as_secs_f64();
            match lost.why {
                Some(why) => note(&format!("{why}; subscribing again in {seconds:.1} s")),
                None => note(&format!("subscribing again in {seconds:.1} s")),
            }
            sleep(pause).await;
        }
    }

    /// Subscribes on a new connection and prints events until the connection or the subscription ends.
    async fn connection(&mut self) -> Result<Lost> {
        let mut socket = match connection::web_socket(&self.args.service.url).await {
            Ok(socket) => socket,
            Err(Failure::Text(why)) => return Ok(Lost::because(why)),
            Err(other) => return Err(other),
        };
        let call = connection::request(&self.args.procedure, &self.input);
        if let Err(error) = socket.send(Message::text(call.to_string())).await {
            return Ok(broken(&error));
        }
        let mut subscription = None;
        loop {
            let text = match next(&mut socket).await {
                Ok(text) => text,
                Err(closed) => return closed,
            };
            let Ok(mut message) = serde_json::from_str::<Value>(&text) else { continue };
            if message["id"] == 1 {
                if let Some(lost) = self.answer(&mut message)? {
                    return Ok(lost);
                }
                subscription = Some(message["result"].take());
            } else if Some(&message["params"]["subscription"]) == subscription.as_ref()
                && let Some(lost) = self.event(&message["params"]["result"])?
            {
                return Ok(lost);
            }
        }
    }

    /// Handles the response to the subscribe call.
    fn answer(&self, message: &mut Value) -> Result<Option<Lost>> {
        let Ok(error) = serde_json::from_value::<RpcError>(message["error"].take()) else {
            return Ok(None);
        };
        let procedure = &self.args.procedure;
        if error.retryable() {
            return Ok(Some(Lost::because(format!("{procedure}: {error}"))));
        }
        Err(Failure::rpc(procedure, error))
    }

    /// Prints an event. Returns why the subscription ended if this is its last event.
    fn event(&mut self, event: &Value) -> Result<Option<Lost>> {
        let known = Event::read(event);
        let line = match &known {
            Some(known) if !self.args.json => known.line(),
            _ => event.to_string(),
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()?;
        let Some(known) = known else { return Ok(None) };
        if self.resumable
            && let Some(id) = known.last_event_id()
        {
            self.input[CURSOR] = Value::from(id);
        }
        match known {
            Event::Started { .. } => self.backoff.reset(),
            Event::Stopped { .. } => {
                return Ok(Some(Lost { why: None, retry_after: known.retry_after() }));
            }
            _ => {}
        }
        Ok(None)
    }
}

/// The next text message. Otherwise why the connection ended: `Ok` if a retry may succeed, `Err` if not.
async fn next(socket: &mut WebSocket) -> std::result::Result<String, Result<Lost>> {
    let mut asked = false;
    loop {
        let message = match timeout(QUIET, socket.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(error))) => return Err(Ok(broken(&error))),
            Ok(None) => return Err(Ok(Lost::because("the connection broke"))),
            Err(_) if asked => return Err(Ok(Lost::because("the server is silent"))),
            Err(_) => {
                asked = true;
                if let Err(error) = socket.send(Message::Ping(Bytes::new())).await {
                    return Err(Ok(broken(&error)));
                }
                continue;
            }
        };
        match message {
            Message::Text(text) => return Ok(text.as_str().to_owned()),
            Message::Close(frame) => return Err(closed(frame)),
            _ => asked = false,
        }
    }
}

/// A plainer text than Tungstenite's for a server that is gone.
fn broken(error: &tungstenite::Error) -> Lost {
    match error {
        tungstenite::Error::ConnectionClosed
        | tungstenite::Error::AlreadyClosed
        | tungstenite::Error::Io(_)
        | tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            Lost::because("the connection broke")
        }
        error => Lost::because(format!("the connection broke: {error}")),
    }
}

/// What a close means: PROTOCOL.md, "Closing".
fn closed(frame: Option<CloseFrame>) -> Result<Lost> {
    let Some(CloseFrame { code, reason }) = frame else {
        return Ok(Lost::because("the server closed the connection"));
    };
    let code = u16::from(code);
    let text = match reason.as_str() {
        "" => format!("the server closed the connection ({code})"),
        reason => format!("the server closed the connection ({code}: {reason})"),
    };
    match code {
        1002 | 1009 | 4500..=4999 => Err(Failure::new(text)),
        _ => Ok(Lost::because(text)),
    }
}

/// Reports a change of the connection on standard error.
#[expect(clippy::print_stderr, reason = "standard output is for events")]
fn note(text: &str) {
    eprintln!("tidings: {text}");
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::protocol::CloseFrame;

    use super::{Failure, closed};

    fn frame(code: u16, reason: &'static str) -> Option<CloseFrame> {
        Some(CloseFrame { code: code.into(), reason: reason.into() })
    }

    #[test]
    fn a_replica_that_leaves_is_not_a_failure() {
        for code in [1000, 1001, 1012, 4000, 4408, 4499] {
            assert!(closed(frame(code, "")).is_ok(), "{code}");
        }
        assert!(closed(None).is_ok());
    }

    #[test]
    fn a_server_that_refuses_this_client_is_a_failure() {
        for code in [1002, 1009, 4500, 4999] {
            assert!(closed(frame(code, "")).is_err(), "{code}");
        }
        let Err(Failure::Text(text)) = closed(frame(4501, "go away")) else {
            panic!("it is a failure")
        };
        assert_eq!(text, "the server closed the connection (4501: go away)");
    }
}
