//! Many subscriptions of few connections.

use std::{collections::HashMap, fmt, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _, future::join_all};
use serde_json::json;
use tidings_contract::{Event, Request, Subscription, SubscriptionId};
use tidings_demo_contract::OnUpdates;
use tokio::{
    net::TcpStream,
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use super::{
    Stuck,
    message::{Incoming, Params},
    payload,
    record::{Entry, Record},
};

/// How long all of them together may take to come as far as they should.
const PATIENCE: Duration = Duration::from_secs(180);

/// Many subscribers, one for each channel, that share connections. They do not come back: a connection that ends is
/// against what they were promised.
#[derive(Debug)]
pub struct Multitude {
    connections: Vec<Shared>,
}

/// One connection, which many subscribers share.
#[derive(Debug)]
struct Shared {
    progress: watch::Receiver<Progress>,
    leave: watch::Sender<bool>,
    task: JoinHandle<Vec<(usize, Record)>>,
}

/// How far the subscribers of one connection have come.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    subscribers: usize,
    started: usize,
    /// For each number of an event up to 3, how many have taken one that is not older.
    have: [usize; 4],
}

impl Multitude {
    /// Lets each connection subscribe `each` of the channels, and waits until all have been told `started`.
    ///
    /// # Errors
    ///
    /// When some have not within three minutes.
    pub async fn join(url: &str, channels: &[String], each: usize) -> Result<Self, Stuck> {
        let connections = channels.chunks(each).enumerate().map(|(n, channels)| {
            let (tell, progress) =
                watch::channel(Progress { subscribers: channels.len(), ..Progress::default() });
            let (leave, left) = watch::channel(false);
            let channels = channels.iter().enumerate();
            let channels = channels.map(|(m, name)| (n * each + m, name.clone())).collect();
            let task = tokio::spawn(run(url.to_owned(), channels, tell, left));
            Shared { progress, leave, task }
        });
        let joined = Self { connections: connections.collect() };
        joined.all("their subscription", |progress| progress.started).await?;
        Ok(joined)
    }

    /// Waits until each has taken an event of that number, 3 at most, or a later one.
    ///
    /// # Errors
    ///
    /// When some have not within three minutes.
    pub async fn have(&self, number: usize) -> Result<(), Stuck> {
        self.all(&format!("event {number}"), |progress| progress.have[number]).await
    }

    async fn all(&self, before: &str, far: impl Fn(&Progress) -> usize) -> Result<(), Stuck> {
        let waits = self.connections.iter().map(async |connection| {
            let far = |progress: &Progress| far(progress) == progress.subscribers;
            let _ = connection.progress.clone().wait_for(far).await;
        });
        if timeout(PATIENCE, join_all(waits)).await.is_ok() {
            return Ok(());
        }
        let stuck = self.connections.iter().map(|connection| {
            let progress = connection.progress.borrow();
            progress.subscribers - far(&progress)
        });
        Err(Stuck::new(stuck.sum(), before.to_owned()))
    }

    /// All leave. Answers what each saw, with the index of its channel.
    pub async fn leave(self) -> Vec<(usize, Record)> {
        for connection in &self.connections {
            connection.leave.send_replace(true);
        }
        let records = join_all(self.connections.into_iter().map(|connection| connection.task));
        records.await.into_iter().flatten().flatten().collect()
    }
}

struct Seat {
    channel: usize,
    record: Record,
    last_event: Option<Instant>,
}

async fn run(
    url: String,
    channels: Vec<(usize, String)>,
    progress: watch::Sender<Progress>,
    mut leave: watch::Receiver<bool>,
) -> Vec<(usize, Record)> {
    let mut seats = Vec::with_capacity(channels.len());
    for (channel, _) in &channels {
        seats.push(Seat { channel: *channel, record: Record::default(), last_event: None });
    }
    let told = tokio::select! {
        biased;
        _ = leave.wait_for(|leave| *leave) => Ok(()),
        told = talk(&url, &channels, &mut seats, &progress) => told,
    };
    if let Err(why) = told {
        for seat in &mut seats {
            seat.record.entries.push(Entry::Violation(why.clone()));
        }
        // Whoever waits for them need not wait for long.
        progress.send_modify(|progress| {
            progress.started = progress.subscribers;
            progress.have = [progress.subscribers; 4];
        });
    }
    seats.into_iter().map(|seat| (seat.channel, seat.record)).collect()
}

/// Subscribes, and takes what comes. Ends with why it cannot go on.
async fn talk(
    url: &str,
    channels: &[(usize, String)],
    seats: &mut [Seat],
    progress: &watch::Sender<Progress>,
) -> Result<(), String> {
    let mut socket = connect(url, channels).await.map_err(|error| error.to_string())?;
    let mut subscriptions = HashMap::<SubscriptionId, usize>::new();
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message.map_err(|error| error.to_string())? else { continue };
        let message =
            serde_json::from_str::<Incoming>(&text).map_err(|e| format!("{e}: {text}"))?;
        if let Some(error) = message.error {
            return Err(format!("refused: {}", error.message));
        }
        if let (Some(id), Some(subscription)) = (message.id, message.result) {
            subscriptions.insert(subscription, usize::try_from(id).unwrap_or_default());
        }
        let Some(Params { subscription, result }) = message.params else { continue };
        let Some(seat) = subscriptions.get(&subscription) else {
            return Err("an event of a subscription that it does not have".to_owned());
        };
        take(&mut seats[*seat], result, progress);
    }
    Err("the connection ended".to_owned())
}

async fn connect(
    url: &str,
    channels: &[(usize, String)],
) -> Result<WebSocketStream<TcpStream>, Box<dyn std::error::Error + Send + Sync>> {
    let address = url.trim_start_matches("ws://").split('/').next().unwrap_or_default();
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = client_async(url, stream).await?;
    for (id, (_, channel)) in channels.iter().enumerate() {
        let input = json!({ "channel": channel });
        let call = Request::new(id as u64, OnUpdates::NAME, Some(input));
        socket.feed(Message::text(serde_json::to_string(&call)?)).await?;
    }
    socket.flush().await?;
    Ok(socket)
}

fn take(
    seat: &mut Seat,
    event: Event<Vec<tidings_demo_contract::User>>,
    progress: &watch::Sender<Progress>,
) {
    let entry = match event {
        Event::Started { .. } => {
            progress.send_modify(|progress| progress.started += 1);
            return;
        }
        Event::Status { .. } => return,
        Event::Gap { reason, .. } => Entry::Gap(reason),
        Event::Data { id: Some(id), data, .. } => match payload::read(&data) {
            Some((number, _)) => {
                let before = newest(&seat.record);
                let number_at = usize::try_from(number).unwrap_or(usize::MAX).min(3);
                progress.send_modify(|progress| {
                    progress
                        .have
                        .iter_mut()
                        .take(number_at + 1)
                        .skip(before + 1)
                        .for_each(|n| *n += 1);
                });
                if let Some(last) = seat.last_event.replace(Instant::now()) {
                    seat.record.silence = seat.record.silence.max(last.elapsed());
                }
                Entry::Event { number, id }
            }
            None => Entry::Violation(format!("nobody published {data:?}")),
        },
        other => Entry::Violation(format!("unexpected: {other:?}")),
    };
    seat.record.entries.push(entry);
}

/// The number of the newest event that it has, 3 at most.
fn newest(record: &Record) -> usize {
    let numbers = record.entries.iter().filter_map(|entry| match entry {
        Entry::Event { number, .. } => usize::try_from(*number).ok(),
        _ => None,
    });
    numbers.max().unwrap_or_default().min(3)
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("channel", &self.channel).finish_non_exhaustive()
    }
}
