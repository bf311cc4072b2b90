//! Valkey is killed under many channels and comes back empty.

use std::time::{Duration, Instant};

use super::{
    figures::Recovery,
    gauge::Gauge,
    join,
    stage::{SILENCE, publish},
};
use crate::{
    broker, error::BoxError, payload::since, publisher::Plan, scenario::Load, server::Server,
    window::Bench,
};

/// How many channels get events again and again until one has come.
const SAMPLE: usize = 1_000;
/// The time between two such events.
const EVERY: Duration = Duration::from_millis(100);
/// How many events are published at once to the channels that are not of the sample, and when those that have got none
/// get another.
const CHUNK: usize = 200;
const ONCE_MORE: Duration = Duration::from_secs(2);
/// How long all of this may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many events of each channel there are before, which the bench's numbers leave room for.
const BEFORE: u64 = 1;

pub(crate) fn measure(bench: &mut Bench, server: Server, load: Load) -> Result<Recovery, BoxError> {
    let guests = join::guests(load)?;
    let mut stage = join::stage(bench, server, guests)?;
    let mut clients = stage.open(guests)?;
    let mut press = stage.press(guests, load.bytes)?;
    join::subscribe(&mut stage, &mut clients, guests, |_| {})?;
    let channels = guests.channels();
    // Some channels have had an event, and most have not: as in life.
    let plan = Plan { from: 0, events: u64::from(channels) / 10, burst: 100, every: EVERY / 10 };
    publish(&mut clients, &mut press, plan, SILENCE, |l| l.received >= plan.events)?;
    drop(press);
    let ledger = clients.ledger();
    ledger.forget();
    let (live, refused) = (ledger.live, ledger.refused);
    // What was refused at first has no part in this.
    let mut wanted = vec![true; channels as usize];
    for channel in std::mem::take(&mut ledger.refused_channels) {
        wanted[channel as usize] = false;
    }
    let wanted = (0..channels).filter(|channel| wanted[*channel as usize]).collect::<Vec<_>>();
    let sampled = wanted.iter().copied();
    let sampled = sampled.step_by((live as usize / SAMPLE).max(1)).take(SAMPLE).collect::<Vec<_>>();
    clients.persist();
    let peak = Gauge::start(stage.running.pid());

    let mark = stage.mark()?;
    bench.runtime.block_on(stage.valkey.restart_empty())?;
    let (back, back_at) = (Instant::now(), stage.clock.now());
    stage.admin = broker::connect(&stage.valkey)?;
    let mut press = stage.press(guests, load.bytes)?;
    let all = sampled.len() as u64;
    let mut sample_seconds = None;
    let mut event = BEFORE;
    while sample_seconds.is_none() && back.elapsed() < PATIENCE {
        let ledger = clients.ledger();
        let waiting = sampled.iter().copied().filter(|channel| !ledger.is_fresh(*channel));
        let waiting = waiting.collect::<Vec<_>>();
        press.probe(waiting.iter().copied(), event)?;
        event += 1;
        if clients.read_until(EVERY, |ledger| ledger.fresh_channels >= all)? {
            sample_seconds = Some(back.elapsed().as_secs_f64());
        }
    }
    // All the others, in turn: once is enough where a server loses no event and tells of no gap.
    while clients.ledger().fresh_channels < live && back.elapsed() < PATIENCE {
        let waiting = wanted.iter().filter(|channel| !clients.ledger().is_fresh(**channel));
        let waiting = waiting.copied().collect::<Vec<_>>();
        for chunk in waiting.chunks(CHUNK) {
            press.probe(chunk.iter().copied(), event)?;
            clients.turn(Duration::ZERO)?;
        }
        event += 1;
        clients.read_until(ONCE_MORE, |ledger| ledger.fresh_channels >= live)?;
    }
    let all_came = clients.ledger().fresh_channels >= live;
    let all_seconds = (all_came && live > 0).then(|| back.elapsed().as_secs_f64());
    let cpu_seconds = (stage.mark()?.server - mark.server).as_secs_f64();
    let (longest_command_ms, longest_command) = stage.longest_command()?;
    let ledger = clients.ledger();
    Ok(Recovery {
        channels,
        live,
        sample: sampled.len(),
        sample_seconds,
        all_seconds,
        came_back: ledger.fresh_channels,
        told_down: ledger.told_down,
        told_up: ledger.told_up,
        told_up_seconds: (ledger.told_up > 0)
            .then(|| since(back_at, ledger.told_up_at).as_secs_f64()),
        gaps: ledger.gaps,
        ended: ledger.ended,
        refused,
        closed: ledger.closed,
        cpu_seconds,
        longest_command_ms,
        longest_command,
        peak_kib: peak.peak()?,
    })
}
