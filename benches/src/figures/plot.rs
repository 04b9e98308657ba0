//! The picture: throughput in a grid of groups on one scale, memory below on its own.

use super::REFERENCE;
use super::canvas::{Anchor, Canvas, MARGIN, WIDTH};
use super::panels::{Bar, Group, memory, throughput};
use crate::report::Row;

const GUTTER: f64 = 44.0;
const LINE: f64 = 22.0;
const BAR: f64 = 14.0;
/// Beside a bar: its name before it, its figure and its ratio behind it.
const NAME: f64 = 82.0;
const LABEL: f64 = 74.0;
const RATIO: f64 = 46.0;

/// Draws the results as an SVG.
pub fn plot(rows: &[Row]) -> String {
    let mut canvas = Canvas::new();
    let mut y = MARGIN + 14.0;
    let groups = throughput(rows);
    if !groups.is_empty() {
        y = heading(
            &mut canvas,
            y,
            "Commands per second",
            "each judged, folded, encoded and appended to one shared journal · longer is better",
        );
        y = grid(&mut canvas, y, &groups);
    }
    if let Some(group) = memory(rows) {
        canvas.rule(MARGIN, WIDTH - MARGIN, y - 12.0);
        y = heading(
            &mut canvas,
            y + 22.0,
            group.title,
            &format!("{} · shorter is better", group.detail),
        );
        let scale = greatest(std::slice::from_ref(&group));
        y = bars(
            &mut canvas,
            MARGIN,
            y - 6.0,
            WIDTH - 2.0 * MARGIN,
            NAME + 34.0,
            scale,
            &group.bars,
        );
    }
    let note = format!(
        "Medians of interleaved rounds of one run. × compares with a bare {REFERENCE}. Bars of a \
         section share one scale."
    );
    canvas.text("small", Anchor::Start, MARGIN, y + 20.0, &note);
    let description = "Throughput and memory of Bailiwick and its rivals";
    canvas.finish(WIDTH, y + 20.0 + MARGIN - 6.0, description)
}

fn heading(canvas: &mut Canvas, y: f64, title: &str, detail: &str) -> f64 {
    canvas.text("title", Anchor::Start, MARGIN, y, title);
    canvas.text("small", Anchor::Start, MARGIN, y + 19.0, detail);
    y + 44.0
}

/// Two groups side by side.
fn grid(canvas: &mut Canvas, mut y: f64, groups: &[Group]) -> f64 {
    let scale = greatest(groups);
    let width = (WIDTH - 2.0 * MARGIN - GUTTER) / 2.0;
    for pair in groups.chunks(2) {
        let mut bottom = y;
        for (n, group) in pair.iter().enumerate() {
            let x = MARGIN + n as f64 * (width + GUTTER);
            canvas.text("head", Anchor::Start, x, y + 6.0, group.title);
            canvas.text("soft", Anchor::End, x + width, y + 6.0, group.detail);
            canvas.rule(x, x + width, y + 14.0);
            bottom = bars(canvas, x, y + 24.0, width, NAME, scale, &group.bars).max(bottom);
        }
        y = bottom + 26.0;
    }
    y
}

/// Bars below each other; returns where they end.
fn bars(
    canvas: &mut Canvas,
    x: f64,
    y: f64,
    width: f64,
    name: f64,
    scale: f64,
    bars: &[Bar],
) -> f64 {
    let longest = width - name - LABEL - RATIO;
    for (n, bar) in bars.iter().enumerate() {
        let top = y + n as f64 * LINE;
        let base = top + BAR - 2.5;
        let (fill, plain, strong) = match bar {
            Bar { name, .. } if name.ends_with("stored") => ("asleep", "", "soft"),
            Bar { own: true, .. } => ("own", "head", "strong"),
            Bar { name, .. } if name == REFERENCE => ("reference", "", "soft"),
            _ => ("other", "", "soft"),
        };
        let length = (bar.value / scale * longest).max(1.5);
        canvas.text(plain, Anchor::Start, x, base, &bar.name);
        canvas.bar(fill, x + name, top, length, BAR);
        canvas.text(plain, Anchor::Start, x + name + length + 7.0, base, &bar.label);
        if let Some(ratio) = bar.ratio {
            canvas.text(strong, Anchor::End, x + width, base, &format!("{ratio:.2} ×"));
        }
    }
    y + bars.len() as f64 * LINE
}

fn greatest(groups: &[Group]) -> f64 {
    let values = groups.iter().flat_map(|group| &group.bars).map(|bar| bar.value);
    values.fold(f64::MIN_POSITIVE, f64::max)
}
