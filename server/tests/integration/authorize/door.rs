//! A service whose `authorize` handler does what the call's input asks for.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidings::{
    Channel, Context, ErrorDetails, ErrorKind, Feed, Mutation, Query, Router, RpcError, Server,
    Subscription,
};
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

use crate::support::{PATIENCE, TestBroker, TestServer};

/// The procedures that need to be authorised.
pub(super) const PROCEDURES: [&str; 3] = ["door.peek", "door.open", "door.onKnock"];

/// The action of the `authorize` handler.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Answer {
    Allow,
    Refuse,
    RefuseWithDetails,
    /// Takes one of [`Door::releases`], and then allows or refuses.
    WaitAndAllow,
    WaitAndRefuse,
    /// Before there is a future, and in it.
    PanicAtOnce,
    PanicLater,
}

/// The input of every procedure.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Knock {
    answer: Answer,
    /// Whether the procedure itself panics, once it is allowed.
    #[serde(default)]
    then_panic: bool,
}

/// Until when the door is locked.
#[derive(Serialize, JsonSchema)]
struct Locked {
    until: String,
}

impl ErrorDetails for Locked {
    const KIND: ErrorKind = ErrorKind::new(2001, "locked", "The door is locked.").retryable();
}

const ERRORS: &[ErrorKind] = &[ErrorKind::FORBIDDEN, ErrorKind::of::<Locked>()];

/// Answers how often it was called.
#[derive(JsonSchema)]
struct Peek;

impl Query for Peek {
    const NAME: &'static str = "door.peek";
    type Input = Knock;
    type Output = usize;
    const ERRORS: &'static [ErrorKind] = ERRORS;
}

/// Answers how often it was called.
#[derive(JsonSchema)]
struct Open;

impl Mutation for Open {
    const NAME: &'static str = "door.open";
    type Input = Knock;
    type Output = usize;
    const ERRORS: &'static [ErrorKind] = ERRORS;
}

/// Streams every knock.
#[derive(JsonSchema)]
pub(super) struct OnKnock;

impl Subscription for OnKnock {
    const NAME: &'static str = "door.onKnock";
    type Input = Knock;
    type Event = u32;
    const FEED: Feed = Feed::Log;
    const ERRORS: &'static [ErrorKind] = ERRORS;

    fn channel(input: &Knock) -> Channel {
        assert!(!input.then_panic, "a channel that panics");
        Channel::default()
    }
}

/// The state of the service.
pub(super) struct Door {
    /// The number of times that `authorize` ran.
    pub(super) asked: AtomicUsize,
    /// How often a query or a mutation ran.
    pub(super) ran: AtomicUsize,
    /// Releases the waiting `authorize` calls.
    pub(super) releases: Semaphore,
    /// How many wait to be authorised.
    waiting: watch::Sender<usize>,
}

impl Door {
    /// Waits until this many `authorize` calls are waiting.
    pub(super) async fn until_waiting(&self, number: usize) {
        let mut waiting = self.waiting.subscribe();
        let wait = waiting.wait_for(|waiting| *waiting == number);
        assert!(timeout(PATIENCE, wait).await.is_ok(), "{number} never waited");
    }

    pub(super) fn ran(&self) -> usize {
        self.ran.load(Ordering::SeqCst)
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Counts one waiting `authorize` call, until it is dropped.
struct Waiting(Arc<Door>);

impl Waiting {
    fn new(door: Arc<Door>) -> Self {
        door.waiting.send_modify(|waiting| *waiting += 1);
        Self(door)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.send_modify(|waiting| *waiting -= 1);
    }
}

/// A server of the service, with its state.
pub(super) async fn serve(args: &[&str]) -> (TestServer, Arc<Door>) {
    let state = Door {
        asked: AtomicUsize::new(0),
        ran: AtomicUsize::new(0),
        releases: Semaphore::new(0),
        waiting: watch::Sender::new(0),
    };
    let router = Router::<Door>::new("Door", "1.0.0")
        .query::<Peek>(pass)
        .authorize(check)
        .mutation::<Open>(pass)
        .authorize(check)
        .subscription::<OnKnock>()
        .authorize(check);
    let server = Server::new(TestBroker::memory().config(args), router, state).unwrap();
    let door = server.state();
    (TestServer::serve(server, None).await, door)
}

#[expect(clippy::needless_pass_by_value, reason = "a handler takes them so")]
fn check(
    context: Context<Door>,
    input: Knock,
) -> impl Future<Output = Result<(), RpcError>> + Send + 'static {
    let door = context.state.clone();
    door.asked.fetch_add(1, Ordering::SeqCst);
    assert!(!matches!(input.answer, Answer::PanicAtOnce), "a handler that panics at once");
    async move {
        if matches!(input.answer, Answer::WaitAndAllow | Answer::WaitAndRefuse) {
            let waiting = Waiting::new(door);
            waiting.0.releases.acquire().await.unwrap().forget();
        }
        match input.answer {
            Answer::Refuse | Answer::WaitAndRefuse => {
                Err(RpcError::forbidden("the door is closed to you"))
            }
            Answer::RefuseWithDetails => {
                let until = "noon".to_owned();
                Err(RpcError::with_details("come back at noon", Locked { until }).at("answer"))
            }
            Answer::PanicLater => panic!("a handler that panics later"),
            _ => Ok(()),
        }
    }
}

async fn pass(context: Context<Door>, input: Knock) -> Result<usize, RpcError> {
    let before = context.state.ran.fetch_add(1, Ordering::SeqCst);
    // Behind an await, as most panics are.
    tokio::task::yield_now().await;
    assert!(!input.then_panic, "a handler that panics");
    Ok(before + 1)
}
