//! Many subscribe at once, and leave again.

use std::time::Duration;

use super::{
    clients::{Clients, Guests},
    figures::Join,
    gauge::{self, Gauge},
    stage::{SILENCE, Stage, publish},
};
use crate::{
    error::BoxError, publisher::Plan, scenario::Load, server::Server, usage, window::Bench,
};

/// How many events are delivered when all are live, at most: each to another channel.
const EVENTS: u64 = 8_000;
/// How often the connections to Valkey are counted meanwhile.
const LOOK: Duration = Duration::from_millis(100);

/// What the scenario's load asks for: each connection has as many channels as another.
pub(crate) fn guests(load: Load) -> Result<Guests, BoxError> {
    let each = load.channels / u32::try_from(load.subscribers)?;
    let connections = if each == 0 { load.channels as usize } else { load.subscribers };
    Ok(Guests { connections, names: "c", first: 0, each: each.max(1), together: false })
}

/// A server whose clients may have as many subscriptions as they want.
pub(crate) fn stage(bench: &mut Bench, server: Server, guests: Guests) -> Result<Stage, BoxError> {
    let each = guests.each.max(128).to_string();
    Stage::set(bench, server, &["--max-subscriptions", &each])
}

/// All come and leave, so many times.
pub(crate) fn measure(
    bench: &mut Bench,
    server: Server,
    load: Load,
    rounds: u32,
) -> Result<Vec<Join>, BoxError> {
    let guests = guests(load)?;
    let mut stage = stage(bench, server, guests)?;
    // From the second round on, channels have had events: these come after those.
    (0..rounds).map(|_| round(&mut stage, guests, load)).collect()
}

fn round(stage: &mut Stage, guests: Guests, load: Load) -> Result<Join, BoxError> {
    let mut join = Join {
        connections: guests.connections,
        channels: guests.channels(),
        idle_kib: gauge::settled(stage.running.pid())?,
        valkey_before: stage.connections()?,
        ..Join::default()
    };
    let mut clients = stage.open(guests)?;
    let mut press = stage.press(guests, load.bytes)?;
    clients.read_until(Duration::from_secs(1), |_| false)?;
    join.connected_kib = stage.memory_kib()?;

    let peak = Gauge::start(stage.running.pid());
    let start = stage.mark()?;
    subscribe(stage, &mut clients, guests, |connections| {
        join.valkey_most = join.valkey_most.max(connections);
    })?;
    [join.joining_cpu_seconds, _, join.seconds] = stage.since(start)?;
    let ledger = clients.ledger();
    ledger.forget();
    (join.live, join.refused) = (ledger.live, ledger.refused);
    join.refusals = ledger.refusals.clone();

    join.events = EVENTS.min(guests.channels().into());
    let plan = Plan { from: 0, events: join.events, burst: load.burst.into(), every: load.every() };
    let all = join.events;
    // What a refused subscribe leaves out never comes.
    let silence = if join.refused == 0 { SILENCE } else { Duration::from_secs(2) };
    publish(&mut clients, &mut press, plan, silence, |ledger| ledger.received >= all)?;
    [join.cpu_seconds, join.valkey_cpu_seconds, _] = stage.since(start)?;
    join.peak_kib = peak.peak()?;
    join.received = clients.ledger().received;
    join.latency_p99_us = clients.ledger().latency.value_at_quantile(0.99);
    // Pings are answered while memory settles.
    clients.read_until(Duration::from_secs(3), |_| false)?;
    join.live_kib = usage::memory_kib(stage.running.pid())?;
    join.valkey_most = join.valkey_most.max(stage.connections()?);

    drop(clients);
    stage.left();
    join.left_kib = gauge::settled(stage.running.pid())?;
    join.valkey_after = stage.connections()?;
    Ok(join)
}

/// All subscribe, until each is live or refused, or nothing more comes. Tells the number of connections to Valkey now
/// and then.
pub(crate) fn subscribe(
    stage: &mut Stage,
    clients: &mut Clients,
    guests: Guests,
    mut look: impl FnMut(usize),
) -> Result<(), BoxError> {
    let all = u64::from(guests.channels());
    clients.subscribe();
    let (mut answered, mut silent) = (0, Duration::ZERO);
    while !clients.read_until(LOOK, |ledger| ledger.answered() >= all)? && silent < SILENCE {
        look(stage.connections()?);
        let now = clients.ledger().answered();
        silent = if now == answered { silent + LOOK } else { Duration::ZERO };
        answered = now;
    }
    Ok(())
}
