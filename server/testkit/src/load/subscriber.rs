//! One client, which comes back after whatever happens to it.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tidings_contract::{
    BrokerStatus, Event, EventId, Request, StopReason, Subscription, SubscriptionId,
};
use tidings_demo_contract::{OnUpdates, User};
use tokio::{
    net::TcpStream,
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Message,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

use super::{
    message::{Incoming, Params},
    payload,
    record::{Entry, Record, Resume},
};

/// How long opening a connection, and the answer to the subscribe call, may take before the next attempt.
const ANSWER: Duration = Duration::from_secs(10);
/// The pause before another attempt is a random part of this, doubled with each failure in a row …
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// A connection that lasted for this long ends the row.
const STABLE: Duration = Duration::from_secs(5);
/// The library's own 128 KiB for each connection would be too much for thousands.
const READ_BUFFER: usize = 4 * 1024;

/// One client of one channel: keeps the id of the last event that it took, and when it loses its connection comes
/// back with that id, with back-off and full jitter. It leaves when dropped.
#[derive(Debug)]
pub struct Subscriber {
    presence: watch::Sender<Presence>,
    progress: watch::Receiver<Progress>,
    task: JoinHandle<Record>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Online,
    Offline,
    Gone,
}

/// How far a subscriber has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How often it has been told `started`.
    pub started: u64,
    /// The number of the newest event that it took; 0 before the first.
    pub newest: u64,
}

impl Subscriber {
    /// Starts one. Each of its connections goes to one of `urls`, at random.
    pub fn start(urls: Arc<[String]>, channel: &str) -> Self {
        let (presence, present) = watch::channel(Presence::Online);
        let (progress, seen) = watch::channel(Progress::default());
        let life = Life {
            urls,
            channel: channel.to_owned(),
            progress,
            record: Record::default(),
            cursor: None,
            trying: None,
            retry_after: Duration::ZERO,
            last_event: None,
        };
        Self { presence, progress: seen, task: tokio::spawn(life.run(present)) }
    }

    /// Cuts its connection without a word. It stays away until [`go_online`](Self::go_online).
    pub fn go_offline(&self) {
        self.presence.send_replace(Presence::Offline);
    }

    /// Lets it connect again, at once.
    pub fn go_online(&self) {
        self.presence.send_replace(Presence::Online);
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// Waits until it has come so far. This wait has no limit of its own.
    pub async fn until(&self, far: impl Fn(&Progress) -> bool) {
        // The sender is gone only with the task, which this owns.
        let _ = self.progress.clone().wait_for(|progress| far(progress)).await;
    }

    /// Leaves for good, and answers what it saw.
    ///
    /// # Panics
    ///
    /// When its task has panicked.
    pub async fn leave(self) -> Record {
        self.presence.send_replace(Presence::Gone);
        self.task.await.expect("a subscriber does not panic")
    }
}

/// The task of a subscriber. Ends when it is to leave.
struct Life {
    urls: Arc<[String]>,
    channel: String,
    progress: watch::Sender<Progress>,
    record: Record,
    cursor: Option<EventId>,
    /// When it began to look for a connection, if it has none that works: on a clock, and since 1970.
    trying: Option<(Instant, Duration)>,
    /// How long the replica that said goodbye asked to wait.
    retry_after: Duration,
    last_event: Option<Instant>,
}

/// One connection.
struct Connection {
    socket: WebSocketStream<TcpStream>,
    opened: Instant,
    /// When the attempts began that led to it.
    began: Instant,
    began_at: Duration,
    /// The id of the subscribe call that is not answered yet.
    asked: Option<u64>,
    calls: u64,
    subscription: Option<Subscribed>,
    /// The last of the record's resumes is this connection's.
    resume: bool,
}

struct Subscribed {
    id: SubscriptionId,
    /// `started` has come.
    started: bool,
    /// A `gap` must come next.
    gap_due: bool,
}

/// The connection is over.
struct Lost;

impl Life {
    async fn run(mut self, mut presence: watch::Receiver<Presence>) -> Record {
        let mut failures = 0;
        loop {
            let now = presence.borrow_and_update().to_owned();
            match now {
                Presence::Gone => return self.record,
                Presence::Offline => {
                    failures = 0;
                    self.trying = None;
                    if presence.changed().await.is_err() {
                        return self.record;
                    }
                    continue;
                }
                Presence::Online => {}
            }
            tokio::select! {
                biased;
                changed = presence.changed() => if changed.is_err() { return self.record },
                () = self.try_once(&mut failures) => {}
            }
        }
    }

    /// One connection, and the pause after it.
    async fn try_once(&mut self, failures: &mut u32) {
        let stable = match timeout(ANSWER, self.connect()).await {
            Ok(Ok(mut connection)) => {
                let Lost = self.serve(&mut connection).await;
                connection.opened.elapsed() >= STABLE
            }
            Ok(Err(Lost)) | Err(_) => false,
        };
        let ceiling = FIRST_PAUSE * 2u32.saturating_pow(if stable { 0 } else { *failures });
        *failures = if stable { 0 } else { failures.saturating_add(1) };
        let pause = ceiling.min(LONGEST_PAUSE).mul_f64(rand::random());
        sleep(std::mem::take(&mut self.retry_after) + pause).await;
    }

    async fn connect(&mut self) -> Result<Connection, Lost> {
        let now = || (Instant::now(), payload::now());
        let (began, began_at) = *self.trying.get_or_insert_with(now);
        let url = &self.urls[rand::random_range(0..self.urls.len())];
        let address = url.trim_start_matches("ws://").split('/').next().unwrap_or_default();
        let stream = TcpStream::connect(address).await.map_err(|_| Lost)?;
        stream.set_nodelay(true).map_err(|_| Lost)?;
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        let (socket, _) =
            client_async_with_config(url, stream, Some(config)).await.map_err(|_| Lost)?;
        let (asked, subscription, resume) = (None, None, false);
        let opened = Instant::now();
        Ok(Connection { socket, opened, began, began_at, asked, calls: 0, subscription, resume })
    }

    async fn serve(&mut self, connection: &mut Connection) -> Lost {
        if connection.subscribe(&self.channel, self.cursor.clone()).await.is_err() {
            return Lost;
        }
        loop {
            let next = connection.socket.next();
            let next = match connection.asked {
                Some(_) => timeout(ANSWER, next).await.unwrap_or(None),
                None => next.await,
            };
            let again = match next {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(message) => self.take(connection, message),
                    Err(error) => {
                        self.violation(format!("{error}: {text}"));
                        Ok(false)
                    }
                },
                Some(Ok(Message::Close(Some(CloseFrame { code, .. }))))
                    if u16::from(code) >= 4500 =>
                {
                    self.violation(format!("closed for good: {code}"));
                    Err(Lost)
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Lost),
                Some(Ok(_)) => Ok(false),
            };
            match again {
                Ok(false) => {}
                Ok(true) => {
                    if connection.subscribe(&self.channel, self.cursor.clone()).await.is_err() {
                        return Lost;
                    }
                }
                Err(Lost) => return Lost,
            }
        }
    }

    /// Takes a message. True when it has to subscribe again.
    fn take(&mut self, connection: &mut Connection, message: Incoming) -> Result<bool, Lost> {
        let Incoming { id, result, error, params } = message;
        if let Some(error) = error {
            // A replica that leaves, or whose broker is away: others may do better.
            if error.data.is_none_or(|data| !data.retryable) {
                self.violation(format!("refused: {}", error.message));
            }
            return Err(Lost);
        }
        if let Some(result) = result {
            if id != connection.asked.take() {
                self.violation(format!("an answer to the call {id:?}"));
            }
            let subscribed = Subscribed { id: result, started: false, gap_due: false };
            connection.subscription = Some(subscribed);
        }
        match params {
            Some(params) => Ok(self.event(connection, params)),
            None => Ok(false),
        }
    }

    fn event(&mut self, connection: &mut Connection, params: Params) -> bool {
        let Params { subscription, result: event } = params;
        let Some(subscribed) = connection.subscription.as_mut().filter(|s| s.id == subscription)
        else {
            self.violation(format!("an event of a subscription that it does not have: {event:?}"));
            return false;
        };
        let is_start = matches!(event, Event::Started { .. });
        let is_data = matches!(event, Event::Data { .. });
        if is_start == subscribed.started || (is_data && subscribed.gap_due) {
            self.violation(format!("out of turn: {event:?}"));
        }
        match event {
            Event::Started { resumed, last_event_id, .. } => {
                subscribed.started = true;
                self.trying = None;
                subscribed.gap_due = self.cursor.is_some() && !resumed;
                if self.cursor.is_some() {
                    let took = connection.began.elapsed();
                    self.record.resumes.push(Resume { resumed, took });
                    connection.resume = true;
                } else if resumed {
                    self.violation("resumed what it never had".to_owned());
                }
                self.cursor = last_event_id.or(self.cursor.take());
                self.progress.send_modify(|progress| progress.started += 1);
            }
            Event::Data { id, data, .. } => self.data(connection, id, &data),
            Event::Gap { reason, last_event_id } => {
                subscribed.gap_due = false;
                self.cursor = last_event_id.or(self.cursor.take());
                self.record.entries.push(Entry::Gap(reason));
            }
            Event::Status { broker: BrokerStatus::Down } => {
                self.record.told_down.push(Instant::now());
            }
            Event::Status { broker: BrokerStatus::Up } => {}
            Event::Stopped { reason, retry_after_ms } => {
                connection.subscription = None;
                self.retry_after = Duration::from_millis(retry_after_ms.unwrap_or_default());
                return reason == StopReason::SlowConsumer;
            }
        }
        false
    }

    fn data(&mut self, connection: &mut Connection, id: Option<EventId>, data: &[User]) {
        let (Some(id), Some((number, published_at))) = (id, payload::read(data)) else {
            return self.violation(format!("nobody published {data:?}"));
        };
        self.cursor = Some(id.clone());
        self.record.entries.push(Entry::Event { number, id });
        if connection.resume
            && published_at < connection.began_at
            && let Some(resume) = self.record.resumes.last_mut()
        {
            resume.took = connection.began.elapsed();
        }
        if let Some(last) = self.last_event.replace(Instant::now()) {
            self.record.silence = self.record.silence.max(last.elapsed());
        }
        self.progress.send_modify(|progress| progress.newest = number);
    }

    fn violation(&mut self, what: String) {
        self.record.entries.push(Entry::Violation(what));
    }
}

impl Connection {
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
