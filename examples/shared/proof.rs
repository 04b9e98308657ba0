//! What a journal proves, as a show prints it in the end: a table of rules, and where the events are.

use std::io::{self, Write};
use std::path::Path;

use crate::style::{DIM, GOOD, counted, paint, rule};

/// A rule, how often it was judged, and how close it was.
pub type Row = (&'static str, String, String);

/// Prints a table of rules. So wide are what they say, and how often.
pub fn rules(
    out: &mut impl Write,
    (text_width, judged_width): (usize, usize),
    rows: impl IntoIterator<Item = Row>,
) -> io::Result<()> {
    let named = text_width + 2;
    let heading = format!(" {:<named$}{:>judged_width$}   {}", "rule", "judged", "how close");
    writeln!(out, "{}\n{}", paint(DIM, heading), rule())?;
    for (text, judged, close) in rows {
        let mark = paint(GOOD.bold(), "✓");
        let line = format!(" {mark} {text:<text_width$}{judged:>judged_width$}   {close}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Where its events are: in a folder that is kept, if there is one.
pub fn closing(events: usize, kept: Option<&Path>) -> String {
    let events = counted(events, "event");
    match kept {
        Some(folder) => {
            format!("{events} are kept in {}: run it again to prove them again.", folder.display())
        }
        None => format!("{events}, gone with the folder; --data DIR keeps them."),
    }
}
