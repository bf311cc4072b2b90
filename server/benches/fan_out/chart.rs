//! The chart for the README: an SVG that is readable on a telephone and follows the reader's colour scheme.

use std::fmt::Write as _;

use crate::{
    figures::FanOut, report::Report, scenario::Scenario, server::Server, summary::Summary,
};

/// As wide as a column of text; it is shown smaller where there is less room.
const WIDTH: f64 = 520.0;
const MARGIN: f64 = 20.0;
/// Where bars begin.
const BARS: f64 = 132.0;
/// Between a bar and its figures, and between those.
const GAP: f64 = 8.0;
/// How wide a character of the figures is, at most, in the fonts that readers have.
const CHARACTER: f64 = 9.5;
const ROW: f64 = 28.0;
const BAR: f64 = 18.0;

const STYLE: &str = "
  .card { fill: #ffffff; stroke: #d1d9e0 }
  text { font: 16px system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif; fill: #1f2328 }
  .title { font-size: 21px; font-weight: 700 }
  .group { font-weight: 600 }
  .quiet { fill: #59636e }
  .small { font-size: 14px }
  .ours { font-weight: 700 }
  .bar { fill: #aab4bf }
  .bar.ours { fill: #0969da }
  .bar.floor { fill: #dfe4ea }
  .axis { stroke: #d1d9e0 }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d }
    text { fill: #f0f6fc }
    .quiet { fill: #9198a1 }
    .bar { fill: #636c76 }
    .bar.ours { fill: #4493f8 }
    .bar.floor { fill: #353c45 }
    .axis { stroke: #3d444d }
  }
";

/// A scenario's bars.
struct Group {
    title: String,
    bars: Vec<Bar>,
}

struct Bar {
    server: Server,
    /// Microseconds per delivery.
    cost: f64,
    /// How many times Tidings' cost that is, where it is another's.
    ratio: Option<f64>,
    /// What part of the events came in time.
    delivered: f64,
}

impl Bar {
    /// What stands behind it: its cost, how it compares, and a remark; some of them may be empty.
    fn figures(&self) -> [String; 3] {
        let cost = format!("{:.1} µs", self.cost);
        let ratio = match self.ratio {
            Some(ratio @ 10.0..) => format!("{ratio:.0}×"),
            Some(ratio) => format!("{ratio:.2}×"),
            None => String::new(),
        };
        let came = if self.delivered < 0.9995 {
            format!("{:.0} % came", (self.delivered * 100.0).min(99.0))
        } else {
            String::new()
        };
        [cost, ratio, came]
    }

    /// How long it may be.
    fn room(&self) -> f64 {
        let figures = self.figures();
        let characters = figures.iter().map(|figure| figure.chars().count()).sum::<usize>();
        WIDTH - MARGIN - BARS - GAP * 3.0 - CHARACTER * characters as f64
    }
}

/// Draws CPU time per delivery, by scenario and server.
pub(crate) fn draw(report: &Report) -> String {
    let summary = Summary(&report.runs);
    let scenarios = [Scenario::Paced, Scenario::Saturated, Scenario::Wide, Scenario::Large];
    let groups = scenarios.iter().filter_map(|s| group(summary, *s)).collect::<Vec<_>>();
    // As long as they can be with room for the figures behind the longest ones.
    let bars = groups.iter().flat_map(|group| &group.bars);
    let scale = bars.map(|bar| bar.room() / bar.cost.max(0.1)).fold(f64::MAX, f64::min);

    let mut body = String::new();
    let mut y = MARGIN + 20.0;
    text(&mut body, MARGIN, y, "title", "Server CPU per delivery");
    y += 26.0;
    let rounds = summary.rounds();
    let runs = if rounds == 1 { "one run".to_owned() } else { format!("median of {rounds} runs") };
    let subtitle = format!("µs on one core, {runs}; less is better");
    text(&mut body, MARGIN, y, "quiet", &subtitle);
    for group in &groups {
        y += 40.0;
        text(&mut body, MARGIN, y, "group", &group.title);
        y += 12.0;
        let height = ROW * group.bars.len() as f64;
        let _ = writeln!(
            body,
            r#"  <line class="axis" x1="{BARS}" x2="{BARS}" y1="{y:.0}" y2="{:.0}"/>"#,
            y + height
        );
        for bar in &group.bars {
            draw_bar(&mut body, y, bar, scale);
            y += ROW;
        }
    }
    y += 34.0;
    let machine = format!("{}, {}", report.machine.processor, report.machine.kernel);
    text(&mut body, MARGIN, y, "quiet small", &format!("{machine}. × compares with Tidings."));
    let height = y + MARGIN;

    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0}" viewBox="0 0 {WIDTH} {height:.0}" role="img" aria-labelledby="title desc">
  <title id="title">Server CPU per delivery, in microseconds</title>
  <desc id="desc">{}</desc>
  <style>{STYLE}  </style>
  <rect class="card" x="0.5" y="0.5" width="{:.0}" height="{:.0}" rx="10"/>
{body}</svg>
"#,
        escape(&describe(&groups)),
        WIDTH - 1.0,
        height - 1.0,
    )
}

fn group(summary: Summary<'_>, scenario: Scenario) -> Option<Group> {
    let bars = scenario.servers().iter().filter_map(|&server| {
        let ratio = summary.ratio((scenario, server), (scenario, Server::Tidings), FanOut::cost);
        Some(Bar {
            server,
            cost: summary.cost(scenario, server)?.median,
            ratio: ratio.filter(|_| server != Server::Tidings).map(|ratio| ratio.median),
            delivered: summary.fan_out(scenario, server, FanOut::delivered)?.median,
        })
    });
    let bars = bars.collect::<Vec<_>>();
    let load = scenario.load();
    let (subscribers, rate) = (thousands(load.subscribers as u64), thousands(load.rate.into()));
    let size = match load.bytes {
        kilobytes if kilobytes >= 1_000 => format!("{} KB", kilobytes / 1_000),
        bytes => format!("{bytes} B"),
    };
    let title = format!("{subscribers} subscribers × {rate} events/s, {size}");
    (!bars.is_empty()).then_some(Group { title, bars })
}

fn draw_bar(body: &mut String, y: f64, bar: &Bar, scale: f64) {
    let (bar_class, text_class) = match bar.server {
        Server::Tidings => ("bar ours", "ours"),
        Server::Floor => ("bar floor", "quiet"),
        _ => ("bar", ""),
    };
    let baseline = y + ROW / 2.0 + 5.5;
    text(body, MARGIN, baseline, text_class, bar.server.name());
    let width = bar.cost * scale;
    let _ = writeln!(
        body,
        r#"  <rect class="{bar_class}" x="{BARS}" y="{:.1}" width="{width:.1}" height="{BAR}" rx="2"/>"#,
        y + (ROW - BAR) / 2.0
    );
    let [cost, ratio, came] = bar.figures();
    let figures = format!(
        r#"<tspan>{cost}</tspan><tspan class="quiet" dx="{GAP}">{ratio}</tspan><tspan class="quiet small" dx="{GAP}">{came}</tspan>"#
    );
    let x = BARS + width + GAP;
    let _ = writeln!(
        body,
        r#"  <text class="{text_class}" x="{x:.1}" y="{baseline:.1}">{figures}</text>"#
    );
}

/// The same in words, for those who cannot see it.
fn describe(groups: &[Group]) -> String {
    let groups = groups.iter().map(|group| {
        let bars = group.bars.iter().map(|bar| format!("{} {:.1}", bar.server.name(), bar.cost));
        format!("{}: {}.", group.title, bars.collect::<Vec<_>>().join(", "))
    });
    groups.collect::<Vec<_>>().join(" ")
}

fn text(body: &mut String, x: f64, y: f64, class: &str, text: &str) {
    let text = escape(text);
    let _ = writeln!(body, r#"  <text class="{class}" x="{x:.1}" y="{y:.1}">{text}</text>"#);
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn thousands(number: u64) -> String {
    match number {
        1_000.. => format!("{},{:03}", number / 1_000, number % 1_000),
        _ => number.to_string(),
    }
}
