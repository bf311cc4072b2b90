//! The figures of the scenarios with many channels as text.

use super::figures::{Hot, Join, Recovery, Windows};
use crate::{
    figures::Run,
    parts::Part,
    scenario::Scenario::{self, Channels, Million},
    server::Server,
    summary::{Spread, Summary},
    table::{align, spread},
};

/// A column of a table: its name, its figure, and how many digits that has.
type Column<T> = (&'static str, fn(&T) -> f64, usize);

const JOIN: [Column<Join>; 10] = [
    ("refused", |j| j.refused as f64, 0),
    ("not live", Join::missing, 0),
    ("all live after s", |j| j.seconds, 1),
    ("CPU s", |j| j.cpu_seconds, 1),
    ("not delivered", |j| j.events as f64 - j.received as f64, 0),
    ("KiB/channel", Join::memory, 2),
    ("MiB live", |j| mib(j.live_kib), 0),
    ("MiB kept", |j| mib(j.left_kib), 0),
    ("kept ×", Join::kept, 2),
    ("Valkey conns", |j| j.valkey_most as f64, 0),
];

const RECOVERY: [Column<Recovery>; 9] = [
    ("live before", |r| r.live as f64, 0),
    ("sample live s", |r| r.sample_seconds.unwrap_or(f64::MAX), 1),
    ("told up s", |r| r.told_up_seconds.unwrap_or(f64::NAN), 1),
    ("each has an event s", |r| r.all_seconds.unwrap_or(f64::MAX), 1),
    ("came back", |r| r.came_back as f64, 0),
    ("gaps", |r| r.gaps as f64, 0),
    ("CPU s", |r| r.cpu_seconds, 1),
    ("longest command ms", |r| r.longest_command_ms, 1),
    ("peak MiB", |r| mib(r.peak_kib), 0),
];

const HOT: [Column<Hot>; 10] = [
    ("capacity/s", |h| h.capacity, 0),
    ("flood CPU s", |h| h.flood_cpu_seconds, 1),
    ("published/s", |h| h.rate, 0),
    ("quiet alone p99 ms", |h| h.alone.p99_ms, 1),
    ("quiet p99 ms", |h| h.beside.p99_ms, 1),
    ("not delivered", |h| h.beside.published as f64 - h.beside.received as f64, 0),
    ("visits refused", |h| h.visits_refused as f64, 0),
    ("slowest visit ms", |h| h.slowest_visit_ms, 0),
    ("peak MiB", |h| mib(h.peak_kib), 0),
    ("told out of reach", |h| h.told_down as f64 + h.broker_losses, 0),
];

const WINDOWS: [Column<Windows>; 6] = [
    ("not delivered", |w| w.events as f64 - w.received as f64, 0),
    ("CPU s", |w| w.cpu_seconds, 1),
    ("MiB idle", |w| mib(w.idle_kib), 0),
    ("MiB live", |w| mib(w.live_kib), 0),
    ("MiB full", |w| mib(w.full_kib), 0),
    ("MiB kept", |w| mib(w.left_kib), 0),
];

const PARTS: [Column<Part>; 4] = [
    ("cores", |p| p.cores as f64, 0),
    ("deliveries/s", |p| p.deliveries as f64 / p.seconds, 0),
    ("CPU µs/delivery", |p| p.cpu_seconds * 1e6 / p.deliveries as f64, 2),
    ("received", |p| p.received as f64, 0),
];

/// A table for each scenario that was run.
pub(crate) fn write(summary: Summary<'_>) -> Vec<String> {
    let first = |run: &Run| run.joins.first().cloned();
    let last = |run: &Run| run.joins.last().cloned();
    [
        table(summary, Channels, "all come for the first time", &first, &JOIN),
        table(summary, Channels, "all come once more", &last, &JOIN),
        table(
            summary,
            Scenario::Recovery,
            "Valkey comes back empty",
            &|r| r.recovery.clone(),
            &RECOVERY,
        ),
        table(summary, Scenario::Hot, "a hot channel and a quiet one", &|r| r.hot.clone(), &HOT),
        table(
            summary,
            Scenario::Windows,
            "1,100 events of 1 KB in each of many channels",
            &|r| r.windows.clone(),
            &WINDOWS,
        ),
        table(
            summary,
            Scenario::Parts,
            "in process, on one core",
            &|r| r.parts.first().copied(),
            &PARTS,
        ),
        table(
            summary,
            Scenario::Parts,
            "in process, on two cores",
            &|r| r.parts.last().copied(),
            &PARTS,
        ),
        table(summary, Million, "all come", &first, &JOIN),
        table(summary, Million, "Valkey comes back empty", &|r| r.recovery.clone(), &RECOVERY),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// One run, on a line.
pub(crate) fn line(run: &Run) -> Option<String> {
    let mut parts = run.joins.iter().map(|join| words(join, &JOIN)).collect::<Vec<_>>();
    parts.extend(run.recovery.as_ref().map(|figures| words(figures, &RECOVERY)));
    parts.extend(run.hot.as_ref().map(|figures| words(figures, &HOT)));
    parts.extend(run.windows.as_ref().map(|figures| words(figures, &WINDOWS)));
    parts.extend(run.parts.iter().map(|part| words(part, &PARTS)));
    (!parts.is_empty()).then(|| parts.join("; then "))
}

fn words<T>(figures: &T, columns: &[Column<T>]) -> String {
    let words = columns.iter().map(|(name, figure, digits)| {
        let value = Spread::of([figure(figures)]);
        format!("{name} {}", crate::table::median(value, *digits))
    });
    words.collect::<Vec<_>>().join(", ")
}

fn table<T>(
    summary: Summary<'_>,
    scenario: Scenario,
    title: &str,
    of: &dyn Fn(&Run) -> Option<T>,
    columns: &[Column<T>],
) -> Option<String> {
    let names = columns.iter().map(|column| column.0.to_owned());
    let mut rows = vec![[String::new()].into_iter().chain(names).collect::<Vec<_>>()];
    for server in [Server::Tidings, Server::Before, Server::Centrifugo] {
        let runs = summary.runs(scenario, server).filter_map(of).collect::<Vec<_>>();
        if runs.is_empty() {
            continue;
        }
        let cells = columns.iter().map(|(_, figure, digits)| {
            let figures = Spread::of(runs.iter().map(figure));
            match runs.len() {
                1 => crate::table::median(figures, *digits),
                _ => spread(figures, *digits),
            }
        });
        rows.push([server.name().to_owned()].into_iter().chain(cells).collect());
    }
    (rows.len() > 1).then(|| format!("{}: {title}\n{}", scenario.name(), align(&rows)))
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
