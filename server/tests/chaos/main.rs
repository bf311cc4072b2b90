//! Everything that breaks under a fleet, and that its clients lose nothing by it: the short form of `make chaos`.
//!
//! Each fault is tried once and briefly, on a fleet of its own. Nothing is asserted about time: the clients get as
//! long as they need, and then they must have every event, once and in order.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{path::Path, time::Duration};

use tidings_testkit::chaos::{Channels, Fault, Load, Pace, Scene, Stage};

mod long_polling_with_a_broker;

const PACE: Pace = Pace { times: 1, hold: Duration::from_millis(500) };
const LOAD: Load = Load { clients: 30, channels: 3, period: Duration::from_millis(50), calm: 5 };

async fn survive(fault: Fault) {
    let tidings = Path::new(env!("CARGO_BIN_EXE_tidings-demo"));
    // There is no program from before here: those that are upgraded are of this one, too.
    let mut stage = Stage::start(fault.scene(), tidings, None).await.unwrap();
    let report = stage.play(fault, PACE, "test", LOAD).await.unwrap();
    assert!(report.broken.is_empty(), "{:?}\n{:#?}", report.broken, report.verdict);
    stage.fleet.stop().await.unwrap();
}

macro_rules! nothing_is_lost {
    ($($name:ident: $fault:ident;)+) => {
        $(#[tokio::test(flavor = "multi_thread")] async fn $name() {
            survive(Fault::$fault).await;
        })+
    };
}

nothing_is_lost! {
    nothing_is_lost_when_clients_lose_their_sockets: CutSockets;
    nothing_is_lost_when_a_replica_is_killed: KillReplica;
    nothing_is_lost_when_a_replica_hangs: PauseReplica;
    nothing_is_lost_when_all_replicas_are_replaced: RollingRestart;
    nothing_is_lost_when_nginx_is_reloaded: ReloadNginx;
    nothing_is_lost_when_nginx_is_restarted: RestartNginx;
    nothing_is_lost_when_a_replica_does_not_reach_valkey: CutLink;
    nothing_is_lost_when_valkey_is_killed_and_keeps_its_data: RestartValkey;
    nothing_is_lost_when_valkey_hangs: PauseValkey;
    nothing_is_lost_when_valkey_and_its_replica_change_places: SwapValkeys;
    nothing_is_lost_beside_a_hot_channel: HotChannel;
    nothing_is_lost_when_replicas_are_upgraded_one_by_one: Upgrade;
    a_gap_is_told_once_when_valkey_comes_back_empty: LoseValkey;
    a_gap_is_told_once_when_valkey_comes_back_without_the_end_of_its_file: LoseTail;
    nothing_is_lost_without_a_gap_when_valkey_refuses_writes: ReadOnly;
    nothing_is_lost_without_a_gap_when_there_are_two_primaries_for_a_while: SplitValkeys;
    nothing_is_lost_without_a_gap_when_sentinels_promote_a_replica: KillPrimary;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_in_many_channels_when_valkey_is_killed_and_keeps_its_data() {
    let tidings = Path::new(env!("CARGO_BIN_EXE_tidings-demo"));
    let mut stage = Stage::start(Scene::Durable, tidings, None).await.unwrap();
    let channels = Channels { count: 3_000, each: 100, away: PACE.hold };
    let report = stage.play_channels("test", channels).await.unwrap();
    assert!(report.broken.is_empty(), "{:?}\n{:#?}", report.broken, report.verdict);
    stage.fleet.stop().await.unwrap();
}
