//! What a join and an event of one channel cost, among few channels and among many: the same.

use tidings_testkit::{Replica, ReplicaOptions, ValkeyProcess};

use crate::{
    allocations::{Who, of_steps},
    channels::{Channels, FEW, MANY},
    commands::{self, Commands},
    median::median,
    system_calls::Traced,
    trace::Calls,
};

/// How many of each are counted, one after the other.
const TIMES: usize = 30;

/// What wake-ups may differ by, and other calls: a thread may find work before it has gone to wait for it. Counted were 1
/// and 1 for an event, 9 and 5 with a join, among few channels and among many.
const CALLS_BY_CHANCE: usize = 4;

/// What allocations may differ by: a table or a queue that grows does so now and then. 97 were counted for a join and 30 for
/// an event, among few channels and among many.
const ALLOCATIONS_BY_CHANCE: u64 = 4;

/// The commands of a join, and of an event.
async fn valkey_commands(channels: usize) -> [Commands; 2] {
    let valkey = ValkeyProcess::start().await.unwrap();
    let options = ReplicaOptions::new(env!("CARGO_BIN_EXE_tidings-demo"), "counted");
    let replica = Replica::start(options.valkey_url(valkey.url())).await.unwrap();
    let mut channels = Channels::join(&replica.ws_url(), &valkey, channels).await;
    // Connects the publisher.
    channels.hear().await;
    let (mut joins, mut events) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let before = commands::run_by(&valkey).await;
        channels.join_another().await;
        let joined = commands::run_by(&valkey).await;
        channels.hear().await;
        let heard = commands::run_by(&valkey).await;
        joins.push((before, joined.clone()));
        events.push((joined, heard));
    }
    [commands::of_one(&joins), commands::of_one(&events)]
}

#[tokio::test]
async fn a_join_and_an_event_are_as_many_valkey_commands_among_many_channels_as_among_few() {
    let (few, many) = (valkey_commands(FEW).await, valkey_commands(MANY).await);
    let [join, event] = &few;
    assert_eq!((join["subscribe"], join["fcall_ro"], event["fcall"]), (1, 1, 1), "{few:?}");
    assert_eq!(few, many);
}

/// The calls of an event, and of an event with a join before the next one.
async fn system_calls(channels: usize) -> [Vec<Calls>; 2] {
    let traced = Traced::start().await;
    let mut channels = Channels::join(&traced.replica.ws_url(), &traced.valkey, channels).await;
    // What is before is long, and of no interest.
    let begin = traced.written();
    channels.hear().await;
    for _ in 0..TIMES {
        channels.hear().await;
    }
    for _ in 0..TIMES {
        channels.join_another().await;
        channels.hear().await;
    }
    let trace = traced.trace_from(begin);
    let of = |from: usize| (from..from + TIMES).map(|n| trace.between(n, n + 1)).collect();
    [of(1), of(1 + TIMES)]
}

#[tokio::test]
async fn a_join_and_an_event_are_as_many_system_calls_among_many_channels_as_among_few() {
    let (few, many) = (system_calls(FEW).await, system_calls(MANY).await);
    for (few, many) in few.iter().zip(&many) {
        let of_one = |all: &[Calls], calls: fn(&Calls) -> usize| median(all.iter().map(calls));
        let of_both = |calls| (of_one(few, calls), of_one(many, calls));
        let (writes_of_few, writes_of_many) = of_both(|calls| calls.writes);
        assert!(writes_of_few > 0, "nothing was counted");
        assert_eq!(writes_of_few, writes_of_many);
        for calls in [|calls: &Calls| calls.wake_ups, |calls: &Calls| calls.others] {
            let (of_few, of_many) = of_both(calls);
            assert!(
                of_many <= of_few + CALLS_BY_CHANCE,
                "{of_few} among few channels and {of_many} among many: {:?} and {:?}",
                few[0],
                many[0],
            );
        }
    }
}

#[test]
fn a_join_and_an_event_take_as_many_allocations_among_many_channels_as_among_few() {
    let of = |channels| {
        let steps = of_steps(Who::Visitor { channels });
        let of_every_second = |first| median(steps.iter().copied().skip(first).step_by(2));
        [of_every_second(0), of_every_second(1)]
    };
    for (few, many) in of(FEW).into_iter().zip(of(MANY)) {
        assert!(few > 0, "nothing was counted");
        assert!(many <= few + ALLOCATIONS_BY_CHANCE, "{few} among few channels, {many} among many");
    }
}
