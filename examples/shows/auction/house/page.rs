//! The page: one line for each thing that happens, as it happens.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anstyle::Style;
use bailiwick::{Clock, Position, SystemClock, Timestamp};

use crate::style::{DIM, GOOD, NO, ORCHESTRATOR, STREAMING, TIME, paint, titled};

/// How many columns what happened and its position have together.
const WHAT: usize = 40;

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Who<'a> {
    Person(&'a str),
    Office,
    Policy,
    Time,
}

/// Something that happens.
pub struct Line<'a> {
    pub at: Timestamp,
    pub who: Who<'a>,
    pub verb: &'a str,
    pub text: &'a str,
    /// Where it is in the journal, if it is there.
    pub position: Option<Position>,
    /// Who leads the lot now.
    pub leads: &'a str,
}

/// Where it is printed. Cloning shares it.
#[derive(Clone)]
pub struct Page(Arc<Mutex<Written>>);

struct Written {
    begun: Timestamp,
    /// Printed before the next line.
    title: Option<&'static str>,
}

impl Page {
    pub fn new() -> Page {
        Page(Arc::new(Mutex::new(Written { begun: SystemClock::new().now(), title: None })))
    }

    /// What comes next is another chapter, if anything comes.
    pub fn chapter(&self, title: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).title = Some(title);
    }

    pub fn line(&self, line: &Line<'_>) -> io::Result<()> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = io::stdout().lock();
        if let Some(title) = written.title.take() {
            writeln!(out, "\n{}", titled(title))?;
        }
        let since = line.at.since(written.begun).as_secs_f64();
        let time = paint(DIM, format_args!("{:>7}", format!("+{since:.1}s")));
        let (name, style) = match line.who {
            Who::Person(name) => (name, ORCHESTRATOR),
            Who::Office => ("office", STREAMING),
            Who::Policy => ("policy", STREAMING.bold()),
            Who::Time => ("time", TIME),
        };
        let who = paint(style, format_args!("{name:<7}"));
        let verb = paint(verb_style(line.verb), format_args!("{:<9}", line.verb));
        let number = line.position.map_or(String::new(), |position| format!("#{position}"));
        let room = WHAT.saturating_sub(number.len());
        let text = format!("{:<room$}{}  {}", line.text, paint(DIM, &number), line.leads);
        let text = if number.is_empty() && line.leads.is_empty() { line.text } else { &text };
        writeln!(out, "{time}  {who} {verb} {}", text.trim_end())?;
        out.flush()
    }

    /// Something that leaves nothing in the journal.
    pub fn says(&self, who: Who<'_>, verb: &str, text: &str) -> io::Result<()> {
        let at = SystemClock::new().now();
        self.line(&Line { at, who, verb, text, position: None, leads: "" })
    }
}

fn verb_style(verb: &str) -> Style {
    match verb {
        "bids" | "approves" | "sold" => GOOD,
        "refused" | "suspends" => NO.bold(),
        "takes out" | "stands" => TIME.bold(),
        _ => Style::new(),
    }
}
