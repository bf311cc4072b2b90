//! Every fault in turn, on one fleet, and what its memory is before and after.

use std::{path::Path, time::Duration};

use tidings_testkit::chaos::{Failure, Fault, Load, Pace, Report, Stage};

use crate::Broken;

const BRIEFLY: Pace = Pace { times: 1, hold: Duration::from_secs(2) };

/// Memory may be so many percent more than before.
const MORE_MEMORY: u64 = 10;

pub(crate) async fn run(tidings: &Path, clients: usize, only: &[Fault]) -> Result<Broken, Failure> {
    // 50 events/s in all.
    let load = Load { clients, channels: 5, period: Duration::from_millis(100), calm: 10 };
    let mut stage = Stage::start(tidings).await?;
    // Once briefly, so that a replica then has what memory it needs for all this.
    let faults = Fault::ALL.into_iter().filter(|fault| only.is_empty() || only.contains(fault));
    let (ending, others) = faults.partition::<Vec<_>, _>(|fault| fault.ends_replicas());
    for &fault in &others {
        stage.play(fault, BRIEFLY, "warm-up", load).await?;
    }
    let before = stage.settled_memory_kib().await?;
    print_head(clients);
    let mut broken = Broken::new();
    let mut after = before.clone();
    for fault in others {
        broken.extend(play(&mut stage, fault, load).await?);
        after = stage.settled_memory_kib().await?;
    }
    for fault in ending {
        broken.extend(play(&mut stage, fault, load).await?);
    }
    broken.extend(compare(&before, &after));
    stage.fleet.stop().await?;
    Ok(broken)
}

async fn play(stage: &mut Stage, fault: Fault, load: Load) -> Result<Broken, Failure> {
    let report = stage.play(fault, fault.full_pace(), "chaos", load).await?;
    print_row(&report);
    Ok(report.broken.iter().map(|broken| format!("{}: {broken}", fault.title())).collect())
}

#[expect(clippy::print_stdout, reason = "the table is what the command is for")]
fn print_head(clients: usize) {
    println!(
        "{clients} clients through nginx over three replicas, 50 events/s in five channels:\n"
    );
    println!(
        "| fault | published | expected | delivered | lost | behind gaps | duplicates | gaps | reconnects | longest silence |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
}

#[expect(clippy::print_stdout, reason = "the table is what the command is for")]
fn print_row(report: &Report) {
    let verdict = &report.verdict;
    println!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} s |",
        report.fault.title(),
        verdict.published,
        verdict.expected,
        verdict.delivered,
        verdict.lost,
        verdict.behind_gaps,
        verdict.duplicates,
        verdict.gaps,
        verdict.reconnects,
        verdict.silence.as_secs_f64(),
    );
}

/// Prints the memory of each replica when everyone has left: after each fault was tried briefly, and after each was
/// tried at length.
#[expect(clippy::print_stdout, reason = "the table is what the command is for")]
fn compare(before: &[u64], after: &[u64]) -> Broken {
    let mut broken = Broken::new();
    println!("\n| replica | RSS before | RSS after |\n|---|--:|--:|");
    for (n, (before, after)) in before.iter().zip(after).enumerate() {
        let name = format!("replica-{}", n + 1);
        println!("| {name} | {before} KiB | {after} KiB |");
        if *after * 100 > *before * (100 + MORE_MEMORY) {
            broken.push(format!("{name} has more than {MORE_MEMORY} % more memory than before"));
        }
    }
    println!();
    broken
}
