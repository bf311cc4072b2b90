//! A subscription over WebSocket.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tidings_contract::{Event, EventId, Request, Subscription, SubscriptionId};
use tidings_demo_contract::OnUpdates;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Message,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

use super::{
    intake::{Intake, Lost, Visit},
    message::{Incoming, Params},
    subscriber::ANSWER,
};

/// The library's own 128 KiB for each connection would be too much for thousands.
const READ_BUFFER: usize = 4 * 1024;

/// Connects, and follows the channel until the connection is lost. Answers how long it lasted.
pub(super) async fn follow(
    intake: &mut Intake,
    address: &str,
    channel: &str,
) -> Result<Duration, Lost> {
    let visit = intake.visit();
    let mut connection =
        timeout(ANSWER, Connection::open(address, visit)).await.map_err(|_| Lost)??;
    let opened = Instant::now();
    let Lost = connection.serve(intake, channel).await;
    Ok(opened.elapsed())
}

/// One connection.
struct Connection {
    socket: WebSocketStream<TcpStream>,
    visit: Visit,
    /// The id of the subscribe call that is not answered yet.
    asked: Option<u64>,
    calls: u64,
    subscription: Option<SubscriptionId>,
}

impl Connection {
    async fn open(address: &str, visit: Visit) -> Result<Self, Lost> {
        let stream = TcpStream::connect(address).await.map_err(|_| Lost)?;
        stream.set_nodelay(true).map_err(|_| Lost)?;
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        let url = format!("ws://{address}/rpc");
        let (socket, _) =
            client_async_with_config(url, stream, Some(config)).await.map_err(|_| Lost)?;
        Ok(Self { socket, visit, asked: None, calls: 0, subscription: None })
    }

    async fn serve(&mut self, intake: &mut Intake, channel: &str) -> Lost {
        if self.subscribe(channel, intake.cursor.clone()).await.is_err() {
            return Lost;
        }
        loop {
            let next = self.socket.next();
            let next = match self.asked {
                Some(_) => timeout(ANSWER, next).await.unwrap_or(None),
                None => next.await,
            };
            let again = match next {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(message) => self.take(intake, message),
                    Err(error) => {
                        intake.violation(format!("{error}: {text}"));
                        Ok(false)
                    }
                },
                Some(Ok(Message::Close(Some(CloseFrame { code, .. }))))
                    if u16::from(code) >= 4500 =>
                {
                    intake.violation(format!("closed for good: {code}"));
                    Err(Lost)
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Lost),
                Some(Ok(_)) => Ok(false),
            };
            match again {
                Ok(false) => {}
                Ok(true) => {
                    if self.subscribe(channel, intake.cursor.clone()).await.is_err() {
                        return Lost;
                    }
                }
                Err(Lost) => return Lost,
            }
        }
    }

    /// Takes a message. True when it has to subscribe again.
    fn take(&mut self, intake: &mut Intake, message: Incoming) -> Result<bool, Lost> {
        let Incoming { id, result, error, params } = message;
        if let Some(error) = error {
            // A replica that leaves, or whose broker is away: others may do better.
            if error.data.is_none_or(|data| !data.retryable) {
                intake.violation(format!("refused: {}", error.message));
            }
            return Err(Lost);
        }
        if let Some(result) = result {
            if id != self.asked.take() {
                intake.violation(format!("an answer to the call {id:?}"));
            }
            self.subscription = Some(result);
            self.visit.begin();
        }
        let Some(Params { subscription, result: event }) = params else { return Ok(false) };
        if self.subscription != Some(subscription) {
            intake
                .violation(format!("an event of a subscription that it does not have: {event:?}"));
            return Ok(false);
        }
        if matches!(event, Event::Stopped { .. }) {
            self.subscription = None;
        }
        Ok(intake.take(&mut self.visit, event))
    }

    async fn subscribe(&mut self, channel: &str, cursor: Option<EventId>) -> Result<(), Lost> {
        self.calls += 1;
        self.asked = Some(self.calls);
        let mut input = json!({ "channel": channel });
        if let Some(cursor) = cursor {
            input["lastEventId"] = json!(cursor);
        }
        let call = Request::new(self.calls, OnUpdates::NAME, Some(input));
        let call = serde_json::to_string(&call).map_err(|_| Lost)?;
        self.socket.send(Message::text(call)).await.map_err(|_| Lost)
    }
}
