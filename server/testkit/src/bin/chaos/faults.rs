//! Every fault in turn, on one fleet, and what its memory is before and after.

use std::time::Duration;

use tidings_testkit::chaos::{Failure, Fault, Load, Pace, Report, Scene, Stage};

use crate::{Broken, Programs, row};

const BRIEFLY: Pace = Pace { times: 1, hold: Duration::from_secs(2) };

/// Memory may be so many percent more than before.
const MORE_MEMORY: u64 = 10;

pub(crate) async fn run(
    programs: &Programs,
    clients: usize,
    only: &[Fault],
) -> Result<Broken, Failure> {
    // 50 events/s in all.
    let load = Load { clients, channels: 5, period: Duration::from_millis(100), calm: 10 };
    let (mut broken, mut memories) = (Broken::new(), Vec::new());
    row::print_head(&format!(
        "{clients} clients through nginx over three replicas, 50 events/s in five channels:"
    ));
    for scene in Scene::ALL {
        let of_scene = Fault::ALL.into_iter().filter(|fault| fault.scene() == scene);
        let faults = of_scene.filter(|fault| only.is_empty() || only.contains(fault));
        let faults = faults.collect::<Vec<_>>();
        if faults.is_empty() || (scene == Scene::Upgrade && programs.before.is_none()) {
            continue;
        }
        let mut stage = Stage::start(scene, &programs.tidings, programs.before.as_deref()).await?;
        let memory = all(&mut stage, &faults, load, &mut broken).await?;
        memories.extend(memory);
        stage.fleet.stop().await?;
    }
    for memory in &memories {
        broken.extend(compare(memory));
    }
    Ok(broken)
}

/// The memory of each replica, in KiB.
struct Memory {
    before: Vec<u64>,
    after: Vec<u64>,
}

/// Tries faults in turn on one fleet. Answers its memory where several faults leave its processes alone.
async fn all(
    stage: &mut Stage,
    faults: &[Fault],
    load: Load,
    broken: &mut Broken,
) -> Result<Option<Memory>, Failure> {
    let (ending, others) =
        faults.iter().copied().partition::<Vec<_>, _>(|fault| fault.ends_replicas());
    // Where there are several, each once briefly, so that a replica then has what memory it needs for all this.
    let compares = others.len() > 1;
    if compares {
        for &fault in &others {
            stage.play(fault, BRIEFLY, "warm-up", load).await?;
        }
    }
    let before = stage.settled_memory_kib().await?;
    for fault in others {
        broken.extend(play(stage, fault, load).await?);
    }
    let after = stage.settled_memory_kib().await?;
    for fault in ending {
        broken.extend(play(stage, fault, load).await?);
    }
    Ok(compares.then_some(Memory { before, after }))
}

async fn play(stage: &mut Stage, fault: Fault, load: Load) -> Result<Broken, Failure> {
    let report = stage.play(fault, fault.full_pace(), "chaos", load).await?;
    row::print(fault.title(), &report.verdict, report.told);
    if let Some(beside) = &report.beside {
        row::print("… and that channel", beside, None);
    }
    Ok(broken(&report))
}

fn broken(report: &Report) -> Broken {
    let told = report.told.iter().flat_map(|told| told.broken());
    let broken = report.broken.iter().cloned().chain(told);
    broken.map(|broken| format!("{}: {broken}", report.fault.title())).collect()
}

/// Prints the memory of each replica when everyone has left: after each fault was tried briefly, and after each was
/// tried at length.
#[expect(clippy::print_stdout, reason = "the table is what the command is for")]
fn compare(Memory { before, after }: &Memory) -> Broken {
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
