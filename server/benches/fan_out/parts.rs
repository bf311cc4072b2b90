//! A server in this process, with the broker in its memory, on as many cores as this process may use: what a second core
//! brings.
//!
//! Nobody reads from the clients' sockets while it is measured: what is delivered fits into what the kernel keeps for them. So
//! the cores work for the server alone, and each delivery still costs its system call.

use std::{
    thread,
    time::{Duration, Instant},
};

use clap::Parser as _;
use serde::{Deserialize, Serialize};
use tidings::{Channel, Monitor, Publisher};
use tidings_demo::ServeArgs;
use tidings_demo_contract::{OnUpdates, User};
use tidings_testkit::Process;
use tokio::{net::TcpListener, runtime, sync::oneshot};

use crate::{
    channels::{Clients, Guests, Language},
    error::BoxError,
    payload::{Clock, Payload},
    usage,
    window::Bench,
};

/// Each subscribes to a channel of its own. Two open files for each, since both ends are here.
const CONNECTIONS: u32 = 4_000;
/// Events for each channel: few enough for the kernel to keep all of them, 64 KiB for a socket.
const WARM_UP: u32 = 10;
const EVENTS: u32 = 90;
const BYTES: usize = 200;
/// How many events a publisher publishes before others have their turn.
const TURN: u32 = 32;
const PATIENCE: Duration = Duration::from_secs(120);
/// How often deliveries are counted.
const LOOK: Duration = Duration::from_millis(2);

/// What one server has shown.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Part {
    pub(crate) cores: usize,
    pub(crate) deliveries: u64,
    /// From the first publishing until the last was written to its socket.
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    /// How many came in the end.
    pub(crate) received: u64,
}

impl Bench {
    /// Measures on one core, and on two.
    pub(crate) fn measure_parts(&mut self) -> Result<Vec<Part>, BoxError> {
        let program = std::env::current_exe()?;
        let (one, two) =
            (self.server_cpu.to_string(), format!("{},{}", self.server_cpu, self.load_cpu));
        let runs = [one, two].map(|cpus| -> Result<Part, BoxError> {
            let mut command = Process::command("taskset")?;
            command.arg("--cpu-list").arg(cpus).arg(&program).arg("parts");
            let process = Process::start("parts", command)?;
            let result = process.log().find(0, |line| serde_json::from_str(line).ok());
            Ok(self.runtime.block_on(process.expect("its figures", result))?)
        });
        runs.into_iter().collect()
    }
}

/// Measures on the cores that this process may use, and prints what it has seen.
#[expect(clippy::print_stdout, reason = "the bench reads this line")]
pub(crate) fn run() -> Result<(), BoxError> {
    usage::open_files()?;
    let cores = thread::available_parallelism()?.get();
    let runtime =
        runtime::Builder::new_multi_thread().worker_threads(cores).enable_all().build()?;
    let server = tidings_demo::server(ServeArgs::parse_from(["serve", "--instance", "parts"]))?;
    let (publisher, monitor) = (server.publisher(), server.monitor());
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let (_shutdown, requested) = oneshot::channel::<()>();
    let _serving = runtime.spawn(server.serve(listener, async {
        let _ = requested.await;
    }));

    let guests = Guests {
        connections: CONNECTIONS as usize,
        names: "c",
        first: 0,
        each: 1,
        together: false,
    };
    let clock = Clock::start();
    let mut clients = Clients::open(address, Language::Tidings, guests, clock)?;
    clients.subscribe();
    let all = u64::from(CONNECTIONS);
    if !clients.read_until(PATIENCE, |ledger| ledger.live >= all)? {
        return Err("not all were subscribed in time".into());
    }
    let press = Press { publisher, clock, publishers: u32::try_from(cores)? };
    press.publish(&runtime, 0..WARM_UP)?;
    delivered(&monitor, all * u64::from(WARM_UP))?;

    let (cpu, start) = (usage::cpu(std::process::id())?, Instant::now());
    press.publish(&runtime, WARM_UP..WARM_UP + EVENTS)?;
    let deliveries = all * u64::from(EVENTS);
    delivered(&monitor, all * u64::from(WARM_UP) + deliveries)?;
    let seconds = start.elapsed().as_secs_f64();
    let cpu_seconds = (usage::cpu(std::process::id())? - cpu).as_secs_f64();

    let expected = all * u64::from(WARM_UP + EVENTS);
    clients.read_until(PATIENCE, |ledger| ledger.received >= expected)?;
    let received = clients.ledger().received;
    let part = Part { cores, deliveries, seconds, cpu_seconds, received };
    println!("{}", serde_json::to_string(&part)?);
    Ok(())
}

/// Publishes in the server's process, from as many tasks as there are cores.
struct Press {
    publisher: Publisher,
    clock: Clock,
    publishers: u32,
}

impl Press {
    fn publish(
        &self,
        runtime: &runtime::Runtime,
        events: std::ops::Range<u32>,
    ) -> Result<(), BoxError> {
        let tasks = (0..self.publishers).map(|task| {
            let (publisher, clock) = (self.publisher.clone(), self.clock);
            let channels = (task..CONNECTIONS).step_by(self.publishers as usize);
            let events = events.clone();
            runtime.spawn(async move { publish(publisher, clock, channels, events).await })
        });
        for task in tasks.collect::<Vec<_>>() {
            runtime.block_on(task)?.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

async fn publish(
    publisher: Publisher,
    clock: Clock,
    channels: impl Iterator<Item = u32> + Clone,
    events: std::ops::Range<u32>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut users = serde_json::from_slice::<Vec<User>>(Payload::new(BYTES).stamp(0, clock))?;
    let channels = channels.map(|number| Ok((number, format!("c{number}").parse::<Channel>()?)));
    let channels =
        channels.collect::<Result<Vec<_>, Box<dyn std::error::Error + Send + Sync>>>()?;
    for event in events {
        for (place, (number, channel)) in channels.iter().enumerate() {
            let stamp = u64::from(event) * u64::from(CONNECTIONS) + u64::from(*number);
            if let Some(user) = users.first_mut() {
                user.name = format!("@{stamp:010}@{:016}", clock.now());
            }
            publisher.publish::<OnUpdates>(channel, &users).await?;
            if place % TURN as usize == 0 {
                tokio::task::yield_now().await;
            }
        }
    }
    Ok(())
}

/// Waits until so many deliveries were made.
fn delivered(monitor: &Monitor, count: u64) -> Result<(), BoxError> {
    let deadline = Instant::now() + PATIENCE;
    while made(monitor).is_none_or(|made| made < count) {
        if Instant::now() > deadline {
            return Err(format!("{:?} of {count} were delivered in time", made(monitor)).into());
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

fn made(monitor: &Monitor) -> Option<u64> {
    let metrics = monitor.metrics();
    metrics
        .lines()
        .find_map(|line| line.strip_prefix("tidings_deliveries_total ")?.trim().parse().ok())
}
