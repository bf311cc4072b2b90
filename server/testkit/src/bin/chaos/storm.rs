//! All clients come back at once, to a replica that has nothing at hand.

use std::{path::Path, time::Duration};

use tidings_testkit::{
    Replica, ReplicaOptions, ValkeyProcess,
    chaos::Failure,
    load::{Crowd, Promise, Publisher, Subscriber, Verdict},
};

use crate::Broken;

const CLIENTS: usize = 5000;
const MISSED: u64 = 100;
/// Readings of the history that are enough for all of them.
const ENOUGH_READS: f64 = 50.0;

pub(crate) async fn run(tidings: &Path) -> Result<Broken, Failure> {
    let valkey = ValkeyProcess::start().await?;
    let replica = ReplicaOptions::new(tidings, "replica-1").valkey_url(valkey.url());
    let mut replica = Replica::start(replica).await?;
    let mut publisher = Publisher::new(&valkey, "storm");
    let crowd = Crowd::join([replica.ws_url()], &["storm".to_owned()], CLIENTS).await?;
    publisher.publish().await;
    crowd.reached(&[publisher.published()]).await?;

    crowd.subscribers().iter().for_each(Subscriber::go_offline);
    replica.kill();
    for _ in 0..MISSED {
        publisher.publish().await;
    }
    replica.restart().await?;
    valkey.cli(["CONFIG", "RESETSTAT"]).await?;
    crowd.subscribers().iter().for_each(Subscriber::go_online);
    crowd.reached(&[publisher.published()]).await?;
    let reads = replica.metric("tidings_history_reads_total").await?;
    let calls = calls(&valkey.cli(["INFO", "commandstats"]).await?);

    let records = crowd.leave().await;
    let verdict = Verdict::of(&records, &[publisher.published()]);
    let resumes = || records.iter().flat_map(|(_, record)| &record.resumes);
    let resumed = resumes().filter(|resume| resume.resumed).count();
    let slowest = resumes().map(|resume| resume.took).max().unwrap_or_default();
    print(&verdict, resumed, reads, calls, slowest);

    let mut broken = verdict.broken(Promise::Everything);
    if resumed != CLIENTS {
        broken.push(format!("{resumed} of {CLIENTS} resumed"));
    }
    if reads > ENOUGH_READS {
        broken.push(format!("{reads} history reads"));
    }
    Ok(broken.into_iter().map(|broken| format!("storm: {broken}")).collect())
}

/// How many functions Valkey was asked to run.
fn calls(stats: &str) -> u64 {
    let fcall = stats.lines().find_map(|line| line.strip_prefix("cmdstat_fcall:calls="));
    fcall.and_then(|rest| rest.split(',').next()?.parse().ok()).unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "the table is what the command is for")]
fn print(verdict: &Verdict, resumed: usize, reads: f64, calls: u64, slowest: Duration) {
    println!(
        "{CLIENTS} clients that missed {MISSED} events come back to one fresh replica at once:\n"
    );
    println!(
        "| resumed | events replayed | history reads | function calls at Valkey, all | slowest |"
    );
    println!("|--:|--:|--:|--:|--:|");
    let replayed = verdict.delivered.saturating_sub(CLIENTS as u64);
    let slowest = slowest.as_secs_f64();
    println!("| {resumed} | {replayed} | {reads} | {calls} | {slowest:.2} s |\n");
}
