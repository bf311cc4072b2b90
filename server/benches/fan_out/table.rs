//! The figures as text.

use std::fmt::Write as _;

use crate::{
    channels,
    figures::FanOut,
    report::Report,
    scenario::Scenario,
    server::Server,
    summary::{Spread, Summary},
    target::{self, Bound},
};

/// All of a report.
pub(crate) fn write(report: &Report) -> String {
    let summary = Summary(&report.runs);
    let machine = &report.machine;
    let programs = machine.programs.iter().map(|(name, version)| format!("{name} {version}"));
    let mut text = format!(
        "{}, {} cores, {}; {}\nruns of each, in turn: {}; median (least–most)\n",
        machine.processor,
        machine.cores,
        machine.kernel,
        programs.collect::<Vec<_>>().join(", "),
        summary.rounds(),
    );
    for scenario in [
        Scenario::Paced,
        Scenario::Polled,
        Scenario::Saturated,
        Scenario::Wide,
        Scenario::Large,
        Scenario::Steady,
    ] {
        if let Some(table) = fan_out(summary, scenario) {
            let _ = write!(text, "\n{}\n{table}", title(scenario));
        }
    }
    for extra in channels::table::write(summary) {
        let _ = write!(text, "\n{extra}");
    }
    for extra in [query(summary), stalled(summary), valkey(summary)].into_iter().flatten() {
        let _ = write!(text, "\n{extra}");
    }
    let _ = write!(text, "\n{}", targets(summary));
    text
}

fn title(scenario: Scenario) -> String {
    let load = scenario.load();
    let subscribers = if load.channels > 1 {
        format!("{} channels with a subscriber each", load.channels)
    } else {
        format!("{} subscribers", load.subscribers)
    };
    let at_once = if load.burst == 1 { String::new() } else { format!(", {} at once", load.burst) };
    format!(
        "{}: {subscribers} × {} events/s{at_once}, {} B",
        scenario.name(),
        load.rate,
        load.bytes
    )
}

fn fan_out(summary: Summary<'_>, scenario: Scenario) -> Option<String> {
    let servers = scenario.servers().iter().copied().chain([Server::Before]);
    let servers =
        servers.filter(|s| summary.runs(scenario, *s).next().is_some()).collect::<Vec<_>>();
    if servers.is_empty() {
        return None;
    }
    let mut rows = vec![
        [
            "",
            "CPU/delivery µs",
            "× Tidings",
            "delivered %",
            "lost",
            "p50 ms",
            "p99 ms",
            "KiB/conn",
            "Valkey conns",
            "message B",
            "others' CPU %",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for server in servers {
        let figure = |figure: &dyn Fn(&FanOut) -> f64| summary.fan_out(scenario, server, figure);
        let ratio = summary.ratio((scenario, server), (scenario, Server::Tidings), FanOut::cost);
        rows.push(vec![
            server.name().to_owned(),
            spread(figure(&FanOut::cost), 2),
            median(ratio, 2),
            median(figure(&|f| f.delivered() * 100.0), 1),
            median(figure(&|f| f.lost as f64), 0),
            median(figure(&|f| f.latency_p50_us as f64 / 1e3), 1),
            median(figure(&|f| f.latency_p99_us as f64 / 1e3), 1),
            median(figure(&FanOut::memory), 1),
            median(figure(&|f| f.valkey_connections as f64), 0),
            median(figure(&|f| f.message_bytes as f64), 0),
            median(figure(&|f| f.foreign() * 100.0), 0),
        ]);
    }
    Some(align(&rows))
}

fn query(summary: Summary<'_>) -> Option<String> {
    let runs = summary.runs(Scenario::Query, Server::Tidings);
    let queries = runs.filter_map(|run| run.query.as_ref()).collect::<Vec<_>>();
    let row = |name: &str, of: &dyn Fn(&&&crate::figures::Query) -> crate::figures::RoundTrips| {
        let spread_of = |figure: &dyn Fn(crate::figures::RoundTrips) -> f64| {
            spread(Spread::of(queries.iter().map(|q| figure(of(&q)))), 0)
        };
        vec![name.to_owned(), spread_of(&|r| r.p50_us), spread_of(&|r| r.p99_us)]
    };
    let head = ["", "p50 µs", "p99 µs"].map(str::to_owned).to_vec();
    let rows = [head, row("idle", &|q| q.idle), row("10,000 deliveries/s", &|q| q.busy)];
    (!queries.is_empty())
        .then(|| format!("query: round trip of userById, 1,000 subscribers\n{}", align(&rows)))
}

fn stalled(summary: Summary<'_>) -> Option<String> {
    summary.stalled(true).next()?;
    let p99 = |lazy| {
        spread(Spread::of(summary.stalled(lazy).map(|r| r.fan_out.latency_p99_us as f64 / 1e3)), 1)
    };
    let stalls = |figure: fn(&crate::figures::Stall) -> Option<f64>| {
        Spread::of(summary.stalled(true).filter_map(|run| figure(run.stall.as_ref()?)))
    };
    let leaving = summary.leaving().filter_map(|run| run.stall.as_ref()?.left_seconds);
    let rows = [
        ["p99 of all, ms".to_owned(), p99(false)].to_vec(),
        ["p99 of the others, ms".to_owned(), p99(true)].to_vec(),
        ["cut".to_owned(), spread(stalls(|s| Some(s.cut as f64)), 0)].to_vec(),
        ["counted as stalled".to_owned(), spread(stalls(|s| s.counted), 0)].to_vec(),
        ["first cut after, s".to_owned(), spread(stalls(|s| s.first_cut_seconds), 1)].to_vec(),
        ["last cut after, s".to_owned(), spread(stalls(|s| s.last_cut_seconds), 1)].to_vec(),
        ["memory grew by, KiB".to_owned(), spread(stalls(|s| Some(s.memory_growth_kib as f64)), 0)]
            .to_vec(),
        ["SIGTERM to end, s".to_owned(), spread(Spread::of(leaving), 1)].to_vec(),
    ];
    Some(format!("{}, 50 of them read nothing\n{}", title(Scenario::Stalled), align(&rows)))
}

fn valkey(summary: Summary<'_>) -> Option<String> {
    let cost = |many| Spread::of(summary.valkey(many).map(|run| run.fan_out.valkey_cost()));
    let rows = [(false, "10 subscribers"), (true, "1,000 subscribers")]
        .map(|(many, name)| vec![name.to_owned(), format!("{} µs/event", spread(cost(many), 0))]);
    cost(true)?;
    Some(format!("valkey: its own CPU, 50 events/s\n{}", align(&rows)))
}

fn targets(summary: Summary<'_>) -> String {
    let rows = target::all(summary).into_iter().filter(|t| t.figure.is_some()).map(|target| {
        let bound = match target.bound {
            Bound::AtMost(bound) => format!("≤ {bound}"),
            Bound::Exactly(bound) => format!("= {bound}"),
        };
        let met = if target.met() == Some(true) { "met" } else { "MISSED" };
        vec![target.says, spread(target.figure, 2), bound, met.to_owned()]
    });
    let head = ["targets", "measured", "bound", ""].map(str::to_owned).to_vec();
    align(&[vec![head], rows.collect()].concat())
}

pub(crate) fn median(spread: Option<Spread>, digits: usize) -> String {
    match spread {
        Some(s) if s.median > 1e100 => "never".to_owned(),
        Some(s) => format!("{:.digits$}", s.median),
        None => "–".to_owned(),
    }
}

pub(crate) fn spread(spread: Option<Spread>, digits: usize) -> String {
    match spread {
        Some(s) if s.median > 1e100 => "never".to_owned(),
        Some(s) => format!("{:.digits$} ({:.digits$}–{:.digits$})", s.median, s.least, s.most),
        None => "–".to_owned(),
    }
}

/// Columns: the first to the left, the others to the right.
pub(crate) fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths = (0..columns).map(width).collect::<Vec<_>>();
    let mut text = String::new();
    for row in rows {
        let mut line = String::from(" ");
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(line, " {cell:<width$}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
