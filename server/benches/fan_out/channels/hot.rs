//! A hot channel beside a quiet one.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    clients::{Clients, Guests},
    figures::Hot,
    gauge::Gauge,
    press::Press,
    quiet::Quiet,
    stage::{Stage, publish_while_reading},
    visitor::Visitor,
};
use crate::{error::BoxError, publisher::Plan, scenario::Load, server::Server, window::Bench};

/// How long as much as possible is published to find out what the server can carry, and how much of it is looked at.
const FLOOD: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_secs(2);
/// How many events are published at once in the flood.
const BURST: u64 = 50;
/// How long the quiet channel is measured alone.
const ALONE: Duration = Duration::from_secs(5);
/// How many times its capacity is published to the hot channel.
const TIMES: f64 = 2.0;
/// The time between two bursts to the hot channel.
const EVERY: Duration = Duration::from_millis(2);
/// Once so little has come in this time, the server has delivered all it will.
const CALM: Duration = Duration::from_secs(1);

pub(crate) fn measure(bench: &mut Bench, server: Server, load: Load) -> Result<Hot, BoxError> {
    let guests =
        Guests { connections: load.subscribers, names: "hot", first: 0, each: 1, together: true };
    let mut stage = Stage::set(bench, server, &[])?;
    let mut clients = stage.open(guests)?;
    let mut press = stage.press(guests, load.bytes)?;
    clients.subscribe();
    let all = load.subscribers as u64;
    if !clients.read_all(Duration::from_secs(10), |ledger| ledger.live >= all)? {
        return Err("a subscriber of the hot channel was refused".into());
    }
    clients.persist();
    let quiet = Quiet::start(&stage, load)?;
    clients.read_until(ALONE, |_| false)?;
    let (alone, _) = quiet.stop()?;
    let memory_before_kib = stage.memory_kib()?;

    let mut published = 0;
    let flooded = stage.mark()?;
    let capacity = capacity(&mut clients, &mut press, &mut published, all)?;
    let [flood_cpu_seconds, ..] = stage.since(flooded)?;

    clients.ledger().forget();
    let quiet = Quiet::start(&stage, load)?;
    let visitor = Visitor::start(&stage);
    let peak = Gauge::start(stage.running.pid());
    let burst = (capacity * TIMES * EVERY.as_secs_f64()).max(1.0);
    let burst = burst.round() as u64;
    let bursts = u64::try_from(load.window.as_nanos() / EVERY.as_nanos())?;
    let plan = Plan { from: published, events: burst * bursts, burst, every: EVERY };
    let took = publish_while_reading(&mut clients, &mut press, plan)?;

    let visits = visitor.stop()?;
    let stopping = thread::spawn(|| quiet.stop().map_err(|e| e.to_string()));
    while !stopping.is_finished() {
        clients.read_until(Duration::from_millis(20), |_| false)?;
    }
    let (beside, quiet_told_down) = stopping.join().map_err(|_| "the quiet channel panicked")??;
    calm(&mut clients, load.patience)?;
    let broker_losses = stage.metric("tidings_broker_losses_total").unwrap_or_default();
    let ledger = clients.ledger();
    Ok(Hot {
        subscribers: load.subscribers,
        bytes: load.bytes,
        capacity,
        flood_cpu_seconds,
        rate: plan.events as f64 / took.as_secs_f64(),
        seconds: took.as_secs_f64(),
        published: plan.events,
        received: ledger.received,
        gaps: ledger.gaps,
        ended: ledger.ended,
        closed: ledger.closed,
        alone,
        beside,
        visits: visits.made,
        visits_refused: visits.refused,
        slowest_visit_ms: visits.slowest_ms,
        memory_before_kib,
        peak_kib: peak.peak()?,
        told_down: ledger.told_down + quiet_told_down,
        broker_losses,
    })
}

/// How many events a second the server delivers to all subscribers when there are always more.
fn capacity(
    clients: &mut Clients,
    press: &mut Press,
    published: &mut u64,
    subscribers: u64,
) -> Result<f64, BoxError> {
    let (begun, mut looked) = (Instant::now(), None);
    let received = thread::scope(|scope| -> Result<f64, BoxError> {
        let publishing = scope.spawn(|| -> Result<u64, BoxError> {
            let mut events = 0;
            while begun.elapsed() < FLOOD {
                let plan =
                    Plan { from: events, events: BURST, burst: BURST, every: Duration::ZERO };
                press.publish(plan)?;
                events += BURST;
            }
            Ok(events)
        });
        while !publishing.is_finished() {
            clients.read_until(Duration::from_millis(20), |_| false)?;
            if looked.is_none() && begun.elapsed() >= FLOOD.saturating_sub(LOOK) {
                looked = Some((clients.ledger().received, Instant::now()));
            }
        }
        let (before, at) = looked.ok_or("the flood was too short")?;
        let rate = (clients.ledger().received - before) as f64 / at.elapsed().as_secs_f64();
        *published = publishing.join().map_err(|_| "the publisher panicked")??;
        Ok(rate)
    })?;
    calm(clients, Duration::from_secs(60))?;
    Ok(received / subscribers as f64)
}

/// Reads until hardly anything comes any more.
fn calm(clients: &mut Clients, patience: Duration) -> Result<(), BoxError> {
    let deadline = Instant::now() + patience;
    loop {
        let before = clients.ledger().received;
        clients.read_until(CALM, |_| false)?;
        if clients.ledger().received == before || Instant::now() > deadline {
            return Ok(());
        }
    }
}
