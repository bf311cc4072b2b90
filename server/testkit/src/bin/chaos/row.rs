//! The table of what became of events.

use tidings_testkit::{chaos::Told, load::Verdict};

/// Prints what the load is, and the table's head.
#[expect(clippy::print_stdout, reason = "the table is what the command is for")]
pub(crate) fn print_head(load: &str) {
    println!("{load}\n");
    println!(
        "| fault | published | expected | delivered | lost | behind gaps | duplicates | gaps | reconnects | longest silence | `status` after |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
}

/// Prints a row. `told` is there where the fault was an outage of which clients were to be told.
#[expect(clippy::print_stdout, reason = "the table is what the command is for")]
pub(crate) fn print(title: &str, verdict: &Verdict, told: Option<Told>) {
    let told = told.map_or_else(
        || "–".to_owned(),
        |told| match told.untold {
            0 => format!("{:.1} s", told.slowest.as_secs_f64()),
            untold => format!("{untold} never"),
        },
    );
    println!(
        "| {title} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} s | {told} |",
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
