//! System calls of a delivery, on a replica of its own process.

use std::{fs, path::PathBuf};

use tidings_testkit::{Replica, ReplicaOptions, ValkeyProcess};

use crate::{
    audience::Audience,
    median::median,
    trace::{Calls, Trace},
};

/// How many events are published one after the other, each when everybody has the one before: nothing can go out
/// together.
const EVENTS: usize = 50;

/// Writes beside the deliveries, in all: the replica reports itself to Valkey every 2 s, with one. So there is room
/// for minutes, of which the script needs seconds.
const WRITES_BESIDE: usize = 100;

/// How often threads wait or are woken for an event, where so few listen that they are visited at once. 1 was counted:
/// waiting for the next one.
const WAKE_UPS_FOR_FEW: usize = 3;

/// The same where many listen: they are visited in tasks, which have to be started, and let others have their turn after
/// every 32. 12 to 22 were counted for 200 on two cores, 46 with six threads, and with more it becomes less again, since
/// each has few to visit. 200 would be one for each delivery.
const WAKE_UPS_FOR_MANY: usize = 64;

/// All other calls, for one event. 1 was counted: reading it.
const OTHERS: usize = 8;

/// Writes for each delivery of events that come together. 0.007 was counted: about 140 events in a write, which
/// depends on how quickly they come and are read from Valkey, but they come by the dozen. 1 would be none together.
const WRITES_TOGETHER: f64 = 0.1;

/// A replica that strace writes about.
pub(crate) struct Traced {
    pub(crate) replica: Replica,
    pub(crate) valkey: ValkeyProcess,
    folder: tempfile::TempDir,
}

impl Traced {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let valkey = ValkeyProcess::start().await.unwrap();
        let options = ReplicaOptions::new(env!("CARGO_BIN_EXE_tidings-demo"), "traced")
            .valkey_url(valkey.url())
            .traced(folder.path().join("trace"))
            // A ping is a write for each connection, and comes at any time.
            .args(["--ping-interval", "1h", "--stall-limit", "2h"]);
        let replica = Replica::start(options).await.unwrap();
        Self { replica, valkey, folder }
    }

    async fn audience(&self, subscribers: usize) -> Audience {
        Audience::join(self.replica.ws_url(), &self.valkey, subscribers).await
    }

    fn trace(&self) -> Trace {
        self.trace_from(0)
    }

    /// What is written of it from this byte on.
    pub(crate) fn trace_from(&self, begin: u64) -> Trace {
        Trace::read(&self.file(), begin)
    }

    /// How many bytes have been written of it.
    pub(crate) fn written(&self) -> u64 {
        fs::metadata(self.file()).unwrap().len()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("trace")
    }
}

/// The calls for each of the events, and for all of them.
async fn one_at_a_time(subscribers: usize) -> (Vec<Calls>, Calls) {
    let traced = Traced::start().await;
    let mut audience = traced.audience(subscribers).await;
    // One more, whose coming ends what belongs to the last.
    for _ in 0..=EVENTS {
        audience.hear().await;
    }
    let trace = traced.trace();
    audience.leave().await;
    let each = (1..=EVENTS).map(|event| trace.between(event, event + 1)).collect();
    (each, trace.between(1, EVENTS + 1))
}

async fn check_one_at_a_time(subscribers: usize, most_wake_ups: usize) {
    let (each, all) = one_at_a_time(subscribers).await;
    let of_one = |calls: fn(&Calls) -> usize| median(each.iter().map(calls));
    let deliveries = EVENTS * subscribers;
    // Were it less, something would not be counted.
    assert_eq!(of_one(|calls| calls.writes), subscribers, "a write for each delivery: {all:?}");
    assert!(all.writes >= deliveries, "{all:?}");
    assert!(all.writes <= deliveries + WRITES_BESIDE, "{deliveries} deliveries: {all:?}");
    let wake_ups = of_one(|calls| calls.wake_ups);
    assert!(wake_ups <= most_wake_ups, "{wake_ups} wake-ups for an event; for {EVENTS}: {all:?}");
    let others = of_one(|calls| calls.others);
    assert!(others <= OTHERS, "{others} other calls for an event; for {EVENTS}: {all:?}");
}

#[tokio::test]
async fn a_delivery_is_one_write_and_nothing_else_for_few_subscribers() {
    check_one_at_a_time(30, WAKE_UPS_FOR_FEW).await;
}

#[tokio::test]
async fn a_delivery_is_one_write_and_little_else_for_many_subscribers() {
    check_one_at_a_time(200, WAKE_UPS_FOR_MANY).await;
}

#[tokio::test]
async fn events_that_come_together_are_written_together() {
    const TOGETHER: usize = 1000;
    const SUBSCRIBERS: usize = 100;
    let traced = Traced::start().await;
    let mut audience = traced.audience(SUBSCRIBERS).await;
    audience.hear_together(TOGETHER).await;
    // Its coming ends what belongs to the others.
    audience.hear().await;
    let trace = traced.trace();
    audience.leave().await;
    let all = trace.between(1, TOGETHER + 1);
    // Were it less, something would not be counted.
    assert!(all.writes >= SUBSCRIBERS, "{all:?}");
    let writes = all.writes as f64 / (TOGETHER * SUBSCRIBERS) as f64;
    assert!(writes <= WRITES_TOGETHER, "{writes} writes for a delivery: {all:?}");
}
