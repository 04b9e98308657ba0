//! The latencies of a load as a picture: by percentile, one line for each kind of request; below, what was
//! accepted and refused second by second, and the memory of the server.

use std::time::Duration;

use super::canvas::{Anchor, Canvas, MARGIN, WIDTH};
use crate::load::print::millis;
use crate::load::{Histogram, KINDS, Measured, Second};
use crate::report::count;

/// Room for the figures at the left of a panel, and for names at its right.
const LEFT: f64 = 92.0;
const RIGHT: f64 = 110.0;
const TALL: f64 = 300.0;
const LOW: f64 = 90.0;

/// The percentiles that are named, as shares.
const NAMED: [(f64, &str); 6] =
    [(0.0, "0"), (0.5, "50"), (0.9, "90"), (0.99, "99"), (0.999, "99.9"), (0.9999, "99.99 %")];
/// Points of a line between two of them.
const POINTS: usize = 24;
/// How lines are drawn, in the order of the kinds; refusals have the last.
const CLASSES: [&str; 4] = ["first", "second", "third", "fourth"];

/// A part of the picture with two axes, from 0 to 1 each.
struct Panel {
    top: f64,
    height: f64,
}

/// Draws it as an SVG. `title` says what was done to whom.
pub fn percentiles(title: &str, measured: &Measured) -> String {
    let mut canvas = Canvas::new();
    canvas.text("title", Anchor::Start, MARGIN, MARGIN + 14.0, "Latency by percentile");
    canvas.text("small", Anchor::Start, MARGIN, MARGIN + 34.0, title);
    let panel = Panel { top: MARGIN + 58.0, height: TALL };
    latencies(&mut canvas, &panel, measured);
    let mut y = panel.bottom() + 58.0;
    let seconds = &measured.seconds;
    if seconds.len() > 1 {
        let accepted = |second: &Second| Some(second.accepted);
        let refused = |second: &Second| Some(second.refused);
        let per_second = |value: f64| count(value) + "/s";
        y = over_time(&mut canvas, y, "Accepted", seconds, accepted, per_second, "first");
        if seconds.iter().any(|second| second.refused > 0.0) {
            y = over_time(&mut canvas, y, "Refused", seconds, refused, per_second, "fourth");
        }
        let memory = |second: &Second| second.memory.map(|bytes| bytes as f64 / 1e6);
        if seconds.iter().any(|second| second.memory.is_some()) {
            let megabytes = |value: f64| count(value) + " MB";
            y = over_time(
                &mut canvas,
                y,
                "Memory of the server",
                seconds,
                memory,
                megabytes,
                "second",
            );
        }
    }
    canvas.finish(WIDTH, y - 20.0, "Latency of requests by percentile")
}

fn latencies(canvas: &mut Canvas, panel: &Panel, measured: &Measured) {
    let kinds = KINDS.iter().map(|kind| kind.name()).zip(&measured.tally.kinds);
    let kinds = kinds.map(|(name, counts)| (name, &counts.latencies));
    let refusals = [("refusals", &measured.tally.refusals)];
    let lines: Vec<(&str, &Histogram, &str)> = kinds
        .chain(refusals)
        .zip(CLASSES)
        .map(|((name, latencies), class)| (name, latencies, class))
        .filter(|(_, latencies, _)| !latencies.is_empty())
        .collect();
    let of_all =
        |share: f64| lines.iter().filter_map(move |(_, latencies, _)| latencies.percentile(share));
    let lowest = of_all(0.0).min().map_or(1e-4, |least| decade(least, f64::floor));
    let highest = of_all(1.0).max().map_or(1.0, |most| decade(most, f64::ceil));
    let y = |latency: Duration| {
        let log = latency.as_secs_f64().max(1e-9).log10();
        (log - lowest.log10()) / (highest / lowest).log10()
    };
    let mut at = lowest;
    while at <= highest * 1.001 {
        let latency = Duration::from_secs_f64(at);
        panel.level(canvas, y(latency), &millis(Some(latency)));
        at *= 10.0;
    }
    for (n, (_, name)) in NAMED.iter().enumerate() {
        let x = n as f64 / (NAMED.len() - 1) as f64;
        canvas.text("small", Anchor::Middle, panel.x(x), panel.bottom() + 18.0, name);
    }
    let mut labels: Vec<(f64, &str)> = Vec::new();
    for (name, latencies, class) in &lines {
        let steps = (NAMED.len() - 1) * POINTS;
        let points = (0..=steps).filter_map(|n| {
            let latency = latencies.percentile(share_at(n))?;
            Some((panel.x(n as f64 / steps as f64), panel.y(y(latency))))
        });
        let points: Vec<(f64, f64)> = points.collect();
        canvas.line(class, &points);
        let wanted = points.last().map_or(panel.top, |(_, y)| *y) + 4.0;
        // Below those that are there already.
        let taken = |y: f64| labels.iter().any(|(other, _)| (other - y).abs() < 15.0);
        let mut label = wanted;
        while taken(label) {
            label += 15.0;
        }
        labels.push((label, name));
        canvas.swatch(class, panel.x(1.0) + 10.0, label - 4.0);
        canvas.text("", Anchor::Start, panel.x(1.0) + 30.0, label, name);
    }
}

/// The share at a point: between two that are named, the rest shrinks evenly.
fn share_at(point: usize) -> f64 {
    let (named, within) = (point / POINTS, (point % POINTS) as f64 / POINTS as f64);
    let (from, _) = NAMED[named];
    let Some((to, _)) = NAMED.get(named + 1) else { return from };
    1.0 - (1.0 - from) * ((1.0 - to) / (1.0 - from)).powf(within)
}

/// A power of ten, in seconds.
fn decade(latency: Duration, round: fn(f64) -> f64) -> f64 {
    10_f64.powf(round(latency.as_secs_f64().max(1e-6).log10()))
}

/// A low panel below `y`; returns where the next may begin.
fn over_time(
    canvas: &mut Canvas,
    y: f64,
    title: &str,
    seconds: &[Second],
    value: impl Fn(&Second) -> Option<f64>,
    show: fn(f64) -> String,
    class: &str,
) -> f64 {
    canvas.text("head", Anchor::Start, MARGIN, y, title);
    let panel = Panel { top: y + 16.0, height: LOW };
    let most = seconds.iter().filter_map(&value).fold(f64::MIN_POSITIVE, f64::max);
    let end = seconds.last().map_or(1.0, |second| second.at.as_secs_f64());
    panel.level(canvas, 0.0, "0");
    panel.level(canvas, 1.0, &show(most));
    let points = seconds.iter().filter_map(|second| {
        Some((panel.x(second.at.as_secs_f64() / end), panel.y(value(second)? / most)))
    });
    canvas.line(class, &points.collect::<Vec<_>>());
    canvas.text("small", Anchor::Start, panel.x(0.0), panel.bottom() + 18.0, "0 s");
    let end = format!("{end:.0} s");
    canvas.text("small", Anchor::End, panel.x(1.0), panel.bottom() + 18.0, &end);
    panel.bottom() + 56.0
}

impl Panel {
    fn bottom(&self) -> f64 {
        self.top + self.height
    }

    fn x(&self, share: f64) -> f64 {
        MARGIN + LEFT + share * (WIDTH - 2.0 * MARGIN - LEFT - RIGHT)
    }

    fn y(&self, share: f64) -> f64 {
        self.bottom() - share * self.height
    }

    /// A line across, with what it stands for.
    fn level(&self, canvas: &mut Canvas, share: f64, name: &str) {
        canvas.rule(self.x(0.0), self.x(1.0), self.y(share));
        canvas.text("small", Anchor::End, self.x(0.0) - 10.0, self.y(share) + 4.0, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_passes_through_the_percentiles_that_are_named() {
        for (n, (share, _)) in NAMED.iter().enumerate() {
            assert!((share_at(n * POINTS) - share).abs() < 1e-12);
        }
        let shares: Vec<f64> = (0..=(NAMED.len() - 1) * POINTS).map(share_at).collect();
        assert!(shares.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn every_kind_that_was_asked_has_a_line_within_the_picture() {
        let mut measured = Measured::default();
        for (n, kind) in KINDS.iter().take(2).enumerate() {
            for ms in 1..1_000 {
                let latency = Duration::from_micros(ms * ms + 100 * n as u64);
                measured.tally.of(*kind).latencies.push(latency);
            }
        }
        let svg = percentiles("a & b", &measured);
        assert!(svg.contains(">start<") && svg.contains(">keep-alive<") && !svg.contains(">stop<"));
        assert!(svg.contains("a &amp; b") && !svg.contains("NaN") && !svg.contains("inf"));
        let points = svg.split("points=\"").skip(1).flat_map(|rest| {
            rest.split('"').next().unwrap_or("").split(' ').map(str::to_owned).collect::<Vec<_>>()
        });
        let points: Vec<(f64, f64)> = points
            .map(|point| {
                let (x, y) = point.split_once(',').expect("two numbers");
                (x.parse().expect("a number"), y.parse().expect("a number"))
            })
            .collect();
        assert!(points.len() > 200);
        assert!(points.iter().all(|(x, y)| (0.0..WIDTH).contains(x) && (80.0..400.0).contains(y)));
    }
}
