//! How it looks: one palette, from the sixteen colours that every terminal theme defines, and
//! nothing wider than [`WIDTH`].

use std::time::Duration;

use anstyle::{AnsiColor, Style};

/// Columns.
pub const WIDTH: usize = 80;

pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
/// Something is so now: granted, kept, proven.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Somebody was told no.
pub const NO: Style = AnsiColor::Red.on_default();
/// Time did something.
pub const TIME: Style = AnsiColor::Yellow.on_default();
/// Said by the orchestrator.
pub const ORCHESTRATOR: Style = AnsiColor::Cyan.on_default();
/// Said by the streaming side.
pub const STREAMING: Style = AnsiColor::Magenta.on_default();

/// `text` in `style`.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A rule across the page, begun by a title.
pub fn titled(title: &str) -> String {
    let rest = WIDTH - 6 - title.chars().count();
    let (before, after) = (paint(DIM, "──"), paint(DIM, "─".repeat(rest)));
    format!(" {before} {} {after}", paint(BOLD, title))
}

/// A rule across the page.
pub fn rule() -> String {
    format!(" {}", paint(DIM, "─".repeat(WIDTH - 2)))
}

/// A point that was proven.
pub fn proven(claim: &str) -> String {
    format!(" {} {claim}", paint(GOOD.bold(), "✓"))
}

/// A number with its thousands apart: `26 113`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 step`, `2 steps`.
pub fn counted(number: usize, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {thing}{ending}", grouped(number))
}

/// `39 s`, `12 min`, `5 h`, `3 days`: none if it is less than a second.
pub fn longer_than_a_second(time: Duration) -> Option<String> {
    let seconds = time.as_secs();
    match seconds {
        0 => None,
        1..120 => Some(format!("{seconds} s")),
        120..7_200 => Some(format!("{} min", seconds / 60)),
        7_200..172_800 => Some(format!("{} h", seconds / 3_600)),
        _ => Some(format!("{} days", seconds / 86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let numbers = [0, 999, 1_000, 26_113, 1_234_567];
        let texts = ["0", "999", "1 000", "26 113", "1 234 567"];
        assert_eq!(numbers.map(grouped), texts);
    }

    #[test]
    fn times_are_told_in_the_unit_that_says_enough() {
        let times = [999, 1_000, 119_999, 120_000, 7_200_000, 172_800_000];
        let texts = times.map(|millis| longer_than_a_second(Duration::from_millis(millis)));
        let texts = texts.each_ref().map(|text| text.as_deref().unwrap_or("soon"));
        assert_eq!(texts, ["soon", "1 s", "119 s", "2 min", "2 h", "2 days"]);
    }

    #[test]
    fn a_title_fills_the_page() {
        let plain = anstream::adapter::strip_str(&titled("Silence")).to_string();
        assert_eq!(plain.chars().count(), WIDTH - 1);
    }
}
