//! How each fault is made, and mended.

use std::{mem, time::Duration};

use tokio::time::{Instant, sleep};

use super::{Failure, Fault, Pace, flood};
use crate::{
    Fleet, Replica, ValkeyProcess,
    load::{Crowd, Stream, Verdict},
    valkey::hand_over,
};

/// How many writes a cut append-only file has lost: about two events of each channel, where there are five. Fewer than
/// were published before, so that it still has the functions.
const TAIL: usize = 10;

/// What a fault did.
#[derive(Debug, Default)]
pub(super) struct Struck {
    /// When no replica could read from Valkey: from when to when.
    pub(super) outages: Vec<(Instant, Instant)>,
    /// What became of the events of a channel that only this fault has.
    pub(super) beside: Option<Verdict>,
}

/// What a fault can reach.
pub(super) struct Ground<'a> {
    pub(super) fleet: &'a mut Fleet,
    pub(super) crowd: &'a Crowd,
    pub(super) stream: &'a Stream,
}

impl Fault {
    /// Tries it.
    ///
    /// # Errors
    ///
    /// When something cannot be mended, or clients do not come back that have to.
    pub(super) async fn strike(self, ground: Ground<'_>, pace: Pace) -> Result<Struck, Failure> {
        let Ground { fleet, crowd, stream } = ground;
        let Pace { times, hold } = pace;
        let mut struck = Struck::default();
        match self {
            Self::CutSockets => {
                crowd.cut_at_random(times, hold, hold / 4).await;
                return Ok(struck);
            }
            Self::HotChannel => {
                struck.beside = Some(flood(fleet, hold * u32::try_from(times).unwrap_or(1)).await?);
                return Ok(struck);
            }
            _ => {}
        }
        // Each of the replicas in turn, so that none stays the one that nothing has happened to.
        let first = rand::random_range(0..fleet.replicas.len());
        for n in 0..times {
            let starts = crowd.starts();
            let victim = (first + n) % fleet.replicas.len();
            let began = Instant::now();
            let outage = match self.of_valkey(fleet, stream, hold).await? {
                Some(outage) => outage,
                None => {
                    self.of_others(fleet, victim, hold).await?;
                    false
                }
            };
            if outage {
                struck.outages.push((began, Instant::now()));
            }
            if matches!(self, Self::ReloadNginx | Self::RestartNginx) {
                crowd.came_back(&starts).await?;
            }
            sleep(hold).await;
        }
        Ok(struck)
    }

    /// What happens to Valkey, and whether no replica could read from it; `None` when this is no such fault.
    async fn of_valkey(
        self,
        fleet: &mut Fleet,
        stream: &Stream,
        hold: Duration,
    ) -> crate::Result<Option<bool>> {
        let outage = match self {
            Self::RestartValkey | Self::LoseValkey => {
                fleet.valkey.kill();
                sleep(hold).await;
                if self == Self::RestartValkey {
                    fleet.valkey.restart().await?;
                } else {
                    fleet.valkey.restart_empty().await?;
                }
                true
            }
            Self::PauseValkey => {
                fleet.valkey.pause();
                sleep(hold).await;
                fleet.valkey.resume();
                true
            }
            Self::ReadOnly => {
                fleet.valkey.refuse_writes().await?;
                sleep(hold).await;
                fleet.valkey.lead().await?;
                true
            }
            Self::LoseTail => {
                lose_tail(fleet, stream, hold).await?;
                false
            }
            Self::SwapValkeys => {
                let (valkey, standby) = both(fleet);
                hand_over(valkey, standby).await?;
                switch_link(fleet);
                stream.goes_on(1).await;
                false
            }
            Self::SplitValkeys => {
                let (valkey, standby) = both(fleet);
                standby.lead().await?;
                mem::swap(valkey, standby);
                switch_link(fleet);
                // Whoever was connected still talks to the old one.
                sleep(hold).await;
                let (valkey, standby) = both(fleet);
                standby.follow(valkey).await?;
                stream.goes_on(1).await;
                false
            }
            Self::KillPrimary => {
                kill_primary(fleet).await?;
                stream.goes_on(1).await;
                sleep(hold).await;
                let (valkey, old) = both(fleet);
                old.restart().await?;
                old.follow(valkey).await?;
                false
            }
            _ => return Ok(None),
        };
        all_ready(fleet).await?;
        Ok(Some(outage))
    }

    async fn of_others(
        self,
        fleet: &mut Fleet,
        victim: usize,
        hold: Duration,
    ) -> crate::Result<()> {
        let addresses = fleet.replicas.iter().map(Replica::address).collect::<Vec<_>>();
        match self {
            Self::KillReplica => {
                fleet.replicas[victim].kill();
                sleep(hold).await;
                fleet.replicas[victim].restart().await
            }
            Self::PauseReplica => {
                fleet.replicas[victim].pause();
                sleep(hold).await;
                fleet.replicas[victim].resume();
                Ok(())
            }
            Self::RollingRestart => {
                for replica in &mut fleet.replicas {
                    replica.restart().await?;
                    sleep(hold).await;
                }
                Ok(())
            }
            Self::Upgrade => upgrade(fleet, hold).await,
            Self::ReloadNginx => fleet.nginx.reload(&addresses).await,
            Self::RestartNginx => fleet.nginx.restart().await,
            Self::CutLink => {
                let link = fleet.link.as_ref().expect("the fleet was started with a link");
                link.cut().await;
                sleep(hold).await;
                fleet.replicas[0].not_ready().await?;
                link.restore().await;
                fleet.replicas[0].ready().await
            }
            // Those above have their own rhythm, or are Valkey's.
            _ => Ok(()),
        }
    }
}

async fn all_ready(fleet: &Fleet) -> crate::Result<()> {
    for replica in &fleet.replicas {
        replica.ready().await?;
    }
    Ok(())
}

fn both(fleet: &mut Fleet) -> (&mut ValkeyProcess, &mut ValkeyProcess) {
    let standby = fleet.standby.as_mut().expect("the fleet was started with a standby");
    (&mut fleet.valkey, standby)
}

/// New connections go to the primary; those to the old one stay open.
fn switch_link(fleet: &Fleet) {
    let link = fleet.link.as_ref().expect("the fleet was started with a link");
    link.switch(fleet.valkey.address());
}

/// The replicas hang while Valkey is back and is published to: so the first to see what it lost is a publisher, which
/// knows nothing of it.
async fn lose_tail(fleet: &mut Fleet, stream: &Stream, hold: Duration) -> crate::Result<()> {
    fleet.valkey.kill();
    fleet.valkey.aof()?.cut_last(TAIL)?;
    sleep(hold).await;
    fleet.replicas.iter().for_each(Replica::pause);
    let published = async {
        fleet.valkey.restart().await?;
        stream.goes_on(2).await;
        Ok(())
    }
    .await;
    fleet.replicas.iter().for_each(Replica::resume);
    published
}

/// Kills the primary, and waits until the Sentinels have promoted the other one.
async fn kill_primary(fleet: &mut Fleet) -> crate::Result<()> {
    let sentinels = fleet.sentinels.as_ref().expect("the fleet was started with Sentinels");
    let switches = sentinels.switches();
    fleet.valkey.kill();
    switches.await?;
    let (valkey, standby) = both(fleet);
    mem::swap(valkey, standby);
    Ok(())
}

/// Half of the replicas, then all; then one goes back to the program from before, and is upgraded again.
async fn upgrade(fleet: &mut Fleet, hold: Duration) -> crate::Result<()> {
    let next = fleet.upgrade_to.clone().expect("the fleet was started to be upgraded");
    let before = fleet.replicas[0].program().to_owned();
    let half = fleet.replicas.len().div_ceil(2);
    for (n, replica) in fleet.replicas.iter_mut().enumerate() {
        replica.restart_as(&next).await?;
        if n + 1 == half {
            sleep(hold).await;
        }
    }
    sleep(hold).await;
    fleet.replicas[0].restart_as(&before).await?;
    sleep(hold).await;
    fleet.replicas[0].restart_as(&next).await
}
