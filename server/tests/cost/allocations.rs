//! Allocations of a delivery, on a replica in this process.

use std::thread;

use clap::Parser;
use tidings::Error;
use tidings_demo::ServeArgs;
use tidings_testkit::ValkeyProcess;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{audience::Audience, channels::Channels, guests::Guests, median::median};

/// How many steps are taken one after the other, such as events that are published, each when everybody has the one before.
const STEPS: usize = 50;

/// For one event. 34 were counted on two cores: to read and check it, and two or three for each core.
const FOR_AN_EVENT: u64 = 100;

/// What an event for 200 subscribers may take beyond that for 50. 3 were counted, for the tasks that visit them: at most
/// six, whatever the cores. One for each delivery would be 150.
const FOR_150_SUBSCRIBERS: u64 = 20;

/// What an event may take more for 200 subscribers that have left and come back than for 200 that have not. 0 to 3 were
/// counted. One for each delivery would be 200: so it is where each has an encoding of its own.
const FOR_COMING_BACK: u64 = 20;

/// A replica in the thread that awaits it.
struct Server {
    url: String,
    shutdown: oneshot::Sender<()>,
    running: JoinHandle<Result<(), Error>>,
}

impl Server {
    async fn start(valkey: &ValkeyProcess) -> Self {
        let url = valkey.url();
        let args = ["serve", "--instance", "counted", "--valkey-url", &url];
        let server = tidings_demo::server(ServeArgs::parse_from(args)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/rpc", listener.local_addr().unwrap());
        let (shutdown, requested) = oneshot::channel();
        let running = tokio::spawn(server.serve(listener, async {
            let _ = requested.await;
        }));
        Self { url, shutdown, running }
    }

    async fn end(self) {
        self.shutdown.send(()).unwrap();
        self.running.await.unwrap().unwrap();
    }
}

/// Who listens, and what a step is: an event for all of them, if not said otherwise.
#[derive(Clone, Copy)]
pub(crate) enum Who {
    Crowd(usize),
    Guests {
        subscribers: usize,
        rejoin: bool,
    },
    /// Every first step is a join, every second an event.
    Visitor {
        channels: usize,
    },
}

/// Those who listen and publish, in a thread of their own: what they allocate does not count.
struct Others {
    /// Takes a step when it gets where to say that it is taken.
    steps: mpsc::UnboundedSender<oneshot::Sender<()>>,
    thread: thread::JoinHandle<ValkeyProcess>,
}

impl Others {
    async fn start(url: String, valkey: ValkeyProcess, who: Who) -> Self {
        let (steps, mut wanted) = mpsc::unbounded_channel::<oneshot::Sender<()>>();
        let (joined, all_joined) = oneshot::channel();
        let script = async move {
            match who {
                Who::Crowd(subscribers) => {
                    let mut audience = Audience::join(url, &valkey, subscribers).await;
                    joined.send(()).unwrap();
                    while let Some(heard) = wanted.recv().await {
                        audience.hear().await;
                        heard.send(()).unwrap();
                    }
                    audience.leave().await;
                }
                Who::Guests { subscribers, rejoin } => {
                    let mut guests = Guests::join(&url, &valkey, subscribers).await;
                    if rejoin {
                        guests.rejoin().await;
                    }
                    joined.send(()).unwrap();
                    while let Some(heard) = wanted.recv().await {
                        guests.hear().await;
                        heard.send(()).unwrap();
                    }
                }
                Who::Visitor { channels } => {
                    let mut channels = Channels::join(&url, &valkey, channels).await;
                    // Connects the publisher.
                    channels.hear().await;
                    joined.send(()).unwrap();
                    for joins in [true, false].into_iter().cycle() {
                        let Some(taken) = wanted.recv().await else { break };
                        if joins {
                            channels.join_another().await;
                        } else {
                            channels.hear().await;
                        }
                        taken.send(()).unwrap();
                    }
                }
            }
            valkey
        };
        let thread = thread::spawn(|| runtime().block_on(script));
        all_joined.await.unwrap();
        Self { steps, thread }
    }

    /// Has the next step taken, and answers what resolves when it is.
    fn step(&self) -> oneshot::Receiver<()> {
        let (take, taken) = oneshot::channel();
        self.steps.send(take).unwrap();
        taken
    }

    fn end(self) -> ValkeyProcess {
        drop(self.steps);
        self.thread.join().unwrap()
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The allocations of a replica for one step.
fn of_a_step(who: Who) -> u64 {
    median(of_steps(who))
}

/// The allocations of a replica for each step.
pub(crate) fn of_steps(who: Who) -> Vec<u64> {
    let runtime = runtime();
    let (server, others) = runtime.block_on(async {
        let valkey = ValkeyProcess::start().await.unwrap();
        let server = Server::start(&valkey).await;
        let others = Others::start(server.url.clone(), valkey, who).await;
        (server, others)
    });
    let counts = (0..STEPS).map(|_| {
        let taken = others.step();
        // Only those of this thread, which works for the server and for nobody else.
        allocation_counter::measure(|| runtime.block_on(taken).unwrap()).count_total
    });
    let counts = counts.collect();
    let valkey = others.end();
    runtime.block_on(server.end());
    drop(valkey);
    counts
}

#[test]
fn an_event_takes_no_more_allocations_for_many_subscribers_than_for_few() {
    let (few, many) = (of_a_step(Who::Crowd(50)), of_a_step(Who::Crowd(200)));
    assert!(few > 0, "nothing was counted");
    assert!(few <= FOR_AN_EVENT, "{few} allocations for an event");
    assert!(many <= few + FOR_150_SUBSCRIBERS, "{few} for 50 subscribers, {many} for 200");
}

#[test]
fn an_event_takes_no_more_allocations_for_subscribers_that_have_left_and_come_back() {
    let of = |rejoin| of_a_step(Who::Guests { subscribers: 200, rejoin });
    let (fresh, rejoined) = (of(false), of(true));
    assert!(
        rejoined <= fresh + FOR_COMING_BACK,
        "{fresh} for fresh ones, {rejoined} for the others"
    );
}
