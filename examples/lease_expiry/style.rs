//! How it looks: one palette, from the sixteen colours that every terminal theme defines, and
//! nothing wider than [`WIDTH`].

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
    fn a_title_fills_the_page() {
        let plain = anstream::adapter::strip_str(&titled("Silence")).to_string();
        assert_eq!(plain.chars().count(), WIDTH - 1);
    }
}
