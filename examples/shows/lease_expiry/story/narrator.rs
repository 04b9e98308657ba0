//! The page: one line for each thing that happens, in columns.

use std::io::{self, Write};

use anstyle::Style;
use bailiwick::{Position, Timestamp};

use crate::style::{BOLD, DIM, GOOD, NO, ORCHESTRATOR, STREAMING, TIME, paint, titled};

/// The columns of what happened, up to the end of its number.
const WHAT: usize = 38;

/// Writes the story down.
pub struct Narrator<W> {
    pub out: W,
    pub started: Timestamp,
}

/// Who speaks.
#[derive(Clone, Copy)]
pub enum Who {
    Orchestrator,
    StreamingSide,
}

/// One line of the story.
pub struct Line<'a> {
    pub at: Timestamp,
    pub who: Who,
    /// What happened, in a word.
    pub verb: &'a str,
    /// To whom, and how.
    pub text: &'a str,
    /// Where it stands in the journal.
    pub position: Option<Position>,
    /// How many slots of how many are in use.
    pub slots: Option<(usize, usize)>,
}

impl<W: Write> Narrator<W> {
    /// A page for a story that starts at `started`.
    pub fn new(out: W, started: Timestamp) -> Self {
        Narrator { out, started }
    }

    /// Seconds since the story started.
    pub fn clock(&self, at: Timestamp) -> String {
        format!("+{:.1}s", at.since(self.started).as_secs_f64())
    }

    pub fn opening(&mut self, title: &str, text: &[String]) -> io::Result<()> {
        writeln!(self.out, "\n {}\n", paint(BOLD, title))?;
        for line in text {
            writeln!(self.out, "{}", format!(" {line}").trim_end())?;
        }
        let columns = format!("{:>7}  {:<14}  {:<41}journal slots", "time", "who", "what");
        writeln!(self.out, "\n{}", paint(DIM, columns))
    }

    pub fn chapter(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", titled(title))
    }

    pub fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        let time = paint(DIM, format_args!("{:>7}", self.clock(line.at)));
        let (name, style) = match line.who {
            Who::Orchestrator => ("orchestrator", ORCHESTRATOR),
            Who::StreamingSide => ("streaming side", STREAMING),
        };
        let who = paint(style, format_args!("{name:<14}"));
        let verb = paint(verb_style(line.verb), format_args!("{:<10}", line.verb));
        let number = line.position.map_or(String::new(), |position| format!("#{position}"));
        let slots = line.slots.map_or(String::new(), |(used, all)| gauge(used, all));
        // What happened and its number share their columns: one is short where the other is long.
        let room = WHAT - number.len();
        let behind = match number.is_empty() && slots.is_empty() {
            true => line.text.to_owned(),
            false => format!("{:<room$}{}  {slots}", line.text, paint(DIM, number)),
        };
        writeln!(self.out, "{time}  {who}  {verb}{behind}")?;
        self.out.flush()
    }
}

fn verb_style(verb: &str) -> Style {
    match verb {
        "granted" | "renewed" | "kept" | "counts" => GOOD,
        "refused" => NO.bold(),
        "expired" | "silent" => TIME.bold(),
        _ => Style::new(),
    }
}

/// The slots as a gauge: `[■·]`.
fn gauge(used: usize, all: usize) -> String {
    let style = if used < all { GOOD } else { TIME };
    let full = paint(style, "■".repeat(used.min(all)));
    let free = paint(DIM, "·".repeat(all.saturating_sub(used)));
    format!("{}{full}{free}{}", paint(DIM, "["), paint(DIM, "]"))
}
