//! One client, which comes back after whatever happens to it.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle, time::sleep};

use super::{
    Record, Transport, event_stream,
    intake::{Intake, Lost},
    long_poll, web_socket,
};

/// How long opening a connection, and the first answer, may take before the next attempt.
pub(super) const ANSWER: Duration = Duration::from_secs(10);
/// The pause before another attempt is a random part of this, doubled with each failure in a row …
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// A connection that lasted for this long ends the row.
const STABLE: Duration = Duration::from_secs(5);

/// One client of one channel: keeps the id of the last event that it took, and when it loses its connection comes
/// back with that id, with back-off and full jitter. It leaves when dropped.
#[derive(Debug)]
pub struct Subscriber {
    transport: Transport,
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
    /// How often it has been told `started`, or had the first answer of a connection for long polls.
    pub started: u64,
    /// The number of the newest event that it took; 0 before the first.
    pub newest: u64,
}

impl Subscriber {
    /// Starts one. Each of its connections goes to one of `urls`, where a WebSocket client finds servers, at random.
    pub fn start(transport: Transport, urls: Arc<[String]>, channel: &str) -> Self {
        let (presence, present) = watch::channel(Presence::Online);
        let (progress, seen) = watch::channel(Progress::default());
        let intake = Intake::new(progress);
        let life = Life { transport, urls, channel: channel.to_owned(), intake };
        Self { transport, presence, progress: seen, task: tokio::spawn(life.run(present)) }
    }

    /// How it talks to the server.
    pub fn transport(&self) -> Transport {
        self.transport
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
    transport: Transport,
    urls: Arc<[String]>,
    channel: String,
    intake: Intake,
}

impl Life {
    async fn run(mut self, mut presence: watch::Receiver<Presence>) -> Record {
        let mut failures = 0;
        loop {
            let now = presence.borrow_and_update().to_owned();
            match now {
                Presence::Gone => return self.intake.record,
                Presence::Offline => {
                    failures = 0;
                    self.intake.rest();
                    if presence.changed().await.is_err() {
                        return self.intake.record;
                    }
                    continue;
                }
                Presence::Online => {}
            }
            tokio::select! {
                biased;
                changed = presence.changed() => if changed.is_err() { return self.intake.record },
                () = self.try_once(&mut failures) => {}
            }
        }
    }

    /// One connection, and the pause after it.
    async fn try_once(&mut self, failures: &mut u32) {
        let stable = matches!(self.follow().await, Ok(lasted) if lasted >= STABLE);
        let ceiling = FIRST_PAUSE * 2u32.saturating_pow(if stable { 0 } else { *failures });
        *failures = if stable { 0 } else { failures.saturating_add(1) };
        let pause = ceiling.min(LONGEST_PAUSE).mul_f64(rand::random());
        sleep(std::mem::take(&mut self.intake.retry_after) + pause).await;
    }

    /// One connection. Answers how long it lasted.
    async fn follow(&mut self) -> Result<Duration, Lost> {
        let Self { transport, urls, channel, intake } = self;
        let url = &urls[rand::random_range(0..urls.len())];
        let address = url.trim_start_matches("ws://").split('/').next().unwrap_or_default();
        match transport {
            Transport::WebSocket => web_socket::follow(intake, address, channel).await,
            Transport::EventStream => event_stream::follow(intake, address, channel).await,
            Transport::LongPoll => long_poll::follow(intake, address, channel).await,
        }
    }
}
