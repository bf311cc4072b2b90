//! Clients on bad networks: each loses its connection now and then, and comes back to any replica.

use std::{path::Path, time::Duration};

use futures_util::future::try_join_all;
use tidings_testkit::{
    Replica, ReplicaOptions, ValkeyProcess,
    chaos::Failure,
    load::{Crowd, Promise, Stream, Verdict},
};

use crate::Broken;

const CLIENTS: usize = 2000;
const PERIOD: Duration = Duration::from_millis(500);
const TIMES: usize = 4;
const ONLINE: Duration = Duration::from_secs(13);
const AWAY: Duration = Duration::from_secs(2);

pub(crate) async fn run(tidings: &Path) -> Result<Broken, Failure> {
    let valkey = ValkeyProcess::start().await?;
    let replicas = ["replica-1", "replica-2"].map(|instance| {
        Replica::start(ReplicaOptions::new(tidings, instance).valkey_url(valkey.url()))
    });
    let replicas = try_join_all(replicas).await?;
    let channels = ["jitter".to_owned()];
    let crowd = Crowd::join(replicas.iter().map(Replica::ws_url), &channels, CLIENTS).await?;
    let stream = Stream::start(&valkey, &channels, PERIOD);
    crowd.cut_at_random(TIMES, ONLINE, AWAY).await;
    let published = stream.stop().await;
    crowd.reached(&published).await?;
    let records = crowd.leave().await;
    let verdict = Verdict::of(&records, &published);
    let resumes = records.iter().flat_map(|(_, record)| &record.resumes);
    let mut took = resumes.map(|resume| resume.took).collect::<Vec<_>>();
    took.sort_unstable();
    print(&verdict, &took);
    let broken = verdict.broken(Promise::Everything);
    Ok(broken.into_iter().map(|broken| format!("jitter: {broken}")).collect())
}

#[expect(clippy::print_stdout, reason = "the table is what the command is for")]
fn print(verdict: &Verdict, took: &[Duration]) {
    let percent = 100.0 * verdict.delivered as f64 / verdict.expected as f64;
    let at = |share: f64| {
        let last = took.len().saturating_sub(1) as f64;
        took.get((share * last).round() as usize).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    };
    println!(
        "{CLIENTS} clients on two replicas, 2 events/s, cut about every 15 s for about 2 s:\n"
    );
    println!(
        "| published | expected | delivered | reconnects | replay − offline: p50 | p99 | max |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|");
    println!(
        "| {} | {} | {} ({percent:.3} %) | {} | {:.1} ms | {:.1} ms | {:.1} ms |\n",
        verdict.published,
        verdict.expected,
        verdict.delivered,
        verdict.reconnects,
        at(0.5),
        at(0.99),
        at(1.0),
    );
}
