//! An SVG under construction: only what the picture needs.
//!
//! It has its own background, and follows the reader's colour scheme: an image in a README cannot
//! know on what it lies.

use std::fmt::Write;

/// Of a picture.
pub(super) const WIDTH: f64 = 860.0;
/// Around what is in it.
pub(super) const MARGIN: f64 = 28.0;

const STYLE: &str = "\
    .card{fill:#ffffff;stroke:#d8dee4}.rule{stroke:#d8dee4}\
    .own{fill:#0f766e}.asleep{fill:#0f766e;opacity:.5}.reference{fill:#8c96a3}.other{fill:#c3cad2}\
    .line{fill:none;stroke-width:2;stroke-linejoin:round}.first{stroke:#0f766e}.second{stroke:#1d4ed8}\
    .third{stroke:#b45309}.fourth{stroke:#b91c1c}\
    text{font-family:-apple-system,BlinkMacSystemFont,'Segoe UI','Noto Sans',Helvetica,Arial,\
    'Liberation Sans',sans-serif;font-size:13px;font-variant-numeric:tabular-nums;fill:#1f2328}\
    .title{font-size:17px;font-weight:600}.head{font-weight:600}.soft{fill:#59636e}\
    .small{font-size:12px;fill:#59636e}.strong{font-weight:600;fill:#0f766e}\
    @media(prefers-color-scheme:dark){\
    .card{fill:#0d1117;stroke:#30363d}.rule{stroke:#30363d}\
    .own,.asleep{fill:#2dbfae}.reference{fill:#768390}.other{fill:#444c56}\
    .first{stroke:#2dbfae}.second{stroke:#7aa2f7}.third{stroke:#e0a458}.fourth{stroke:#f07178}\
    text{fill:#e6edf3}.soft,.small{fill:#9198a1}.strong{fill:#4fd1c1}}";

/// Where a text begins, or ends.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// An SVG under construction.
pub(super) struct Canvas(String);

impl Canvas {
    pub(super) fn new() -> Self {
        Canvas(String::new())
    }

    pub(super) fn text(&mut self, class: &str, anchor: Anchor, x: f64, y: f64, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        self.push(format_args!(r#"<text class="{class}" x="{x}" y="{y}"{anchor}>{text}</text>"#));
    }

    pub(super) fn bar(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        self.push(format_args!(
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width:.1}" height="{height}" rx="2"/>"#
        ));
    }

    pub(super) fn rule(&mut self, from: f64, to: f64, y: f64) {
        self.push(format_args!(r#"<path class="rule" d="M{from} {y}H{to}"/>"#));
    }

    /// From point to point.
    pub(super) fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        self.push(format_args!(r#"<polyline class="line {class}" points="{points}"/>"#));
    }

    /// How lines of a class look, beside their name.
    pub(super) fn swatch(&mut self, class: &str, x: f64, y: f64) {
        let end = x + 14.0;
        self.push(format_args!(r#"<path class="line {class}" d="M{x} {y:.1}H{end}"/>"#));
    }

    /// The whole, with what it says for those who do not see it.
    pub(super) fn finish(self, width: f64, height: f64, description: &str) -> String {
        let (w, h) = (width - 1.0, height - 1.0);
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{description}">
<style>{STYLE}</style>
<rect class="card" x=".5" y=".5" width="{w}" height="{h}" rx="8"/>
{}</svg>
"#,
            self.0
        )
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{element}").expect("a string takes it");
    }
}
