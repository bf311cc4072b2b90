//! Many channels with a subscriber each, and events for all of them in turn.

use std::time::Duration;

use super::{
    join,
    stage::{SILENCE, publish},
};
use crate::{
    error::BoxError,
    figures::FanOut,
    publisher::Plan,
    scenario::Load,
    server::Server,
    usage,
    window::{Bench, micros},
};

pub(crate) fn measure(bench: &mut Bench, server: Server, load: Load) -> Result<FanOut, BoxError> {
    let guests = join::guests(load)?;
    let mut stage = join::stage(bench, server, guests)?;
    let memory_before_kib = stage.memory_kib()?;
    let mut clients = stage.open(guests)?;
    let mut press = stage.press(guests, load.bytes)?;
    join::subscribe(&mut stage, &mut clients, guests, |_| {})?;
    let memory_subscribed_kib = stage.memory_kib()?;
    let mut plan = Plan {
        from: 0,
        events: load.events(load.warm_up),
        burst: load.burst.into(),
        every: load.every(),
    };
    let all = plan.events;
    publish(&mut clients, &mut press, plan, SILENCE, |ledger| ledger.received >= all)?;

    clients.ledger().forget();
    (plan.from, plan.events) = (plan.events, load.events(load.window));
    let all = plan.events;
    let (mark, busy) = (stage.mark()?, usage::busy(bench.server_cpu)?);
    let publishing =
        publish(&mut clients, &mut press, plan, SILENCE, |ledger| ledger.received >= all)?;
    let [cpu, valkey_cpu, seconds] = stage.since(mark)?;
    let busy = usage::busy(bench.server_cpu)?.saturating_sub(busy);
    let foreign = busy.saturating_sub(Duration::from_secs_f64(cpu));
    let memory_after_kib = stage.memory_kib()?;
    let valkey_connections = stage.connections()?;
    let ledger = clients.ledger();
    Ok(FanOut {
        subscribers: guests.channels() as usize,
        events: all,
        seconds,
        publishing_seconds: publishing.as_secs_f64(),
        expected: all,
        received: ledger.received,
        deliveries: ledger.received,
        lost: ledger.lost,
        repeated: ledger.repeated,
        closed: ledger.closed,
        cpu_us: cpu * 1e6,
        valkey_cpu_us: valkey_cpu * 1e6,
        foreign_us: micros(foreign),
        latency_p50_us: ledger.latency.value_at_quantile(0.5),
        latency_p99_us: ledger.latency.value_at_quantile(0.99),
        latency_max_us: ledger.latency.max(),
        message_bytes: ledger.message_bytes,
        memory_before_kib,
        memory_subscribed_kib,
        memory_after_kib,
        valkey_connections,
    })
}
