//! Many events in many channels: what the server keeps of them.

use std::{thread, time::Duration};

use super::{figures::Windows, gauge, join, stage::SILENCE};
use crate::{error::BoxError, publisher::Plan, scenario::Load, server::Server, window::Bench};

/// How long after all have left it takes an allocator to give back what was freed: jemalloc's decay takes 10 s, and begins
/// a little late.
const GIVEN_BACK: Duration = Duration::from_secs(20);
/// How many events each channel gets.
const EACH: u64 = 1_100;
/// How many events are published at once, to as many channels as there are.
const CHUNK: usize = 500;
/// By how many events the clients may be behind when the next are published: no server is flooded here. How long they are
/// waited for.
const BEHIND: u64 = 2_000;
const PATIENCE: Duration = Duration::from_millis(500);

pub(crate) fn measure(bench: &mut Bench, server: Server, load: Load) -> Result<Windows, BoxError> {
    let guests = join::guests(load)?;
    let mut stage = join::stage(bench, server, guests)?;
    let idle_kib = stage.memory_kib()?;
    let mut clients = stage.open(guests)?;
    let mut press = stage.press(guests, load.bytes)?;
    join::subscribe(&mut stage, &mut clients, guests, |_| {})?;
    let live_kib = gauge::settled(stage.running.pid())?;
    let events = EACH * u64::from(guests.channels());
    let mark = stage.mark()?;
    for from in (0..events).step_by(CHUNK) {
        let left = events - from;
        let burst = left.min(CHUNK as u64);
        press.publish(Plan { from, events: burst, burst, every: Duration::ZERO })?;
        clients.read_until(PATIENCE, |ledger| ledger.received + BEHIND >= from)?;
    }
    clients.read_all(SILENCE, |ledger| ledger.received >= events)?;
    let [cpu_seconds, _, seconds] = stage.since(mark)?;
    let full_kib = gauge::settled(stage.running.pid())?;
    let received = clients.ledger().received;
    drop(clients);
    stage.left();
    thread::sleep(GIVEN_BACK);
    Ok(Windows {
        channels: guests.channels(),
        events,
        bytes: load.bytes,
        received,
        seconds,
        cpu_seconds,
        idle_kib,
        live_kib,
        full_kib,
        left_kib: gauge::settled(stage.running.pid())?,
    })
}
