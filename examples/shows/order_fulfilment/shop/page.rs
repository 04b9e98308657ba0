//! The page: one line for each thing that happens, as it happens.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anstyle::Style;
use bailiwick::{Clock, Position, SystemClock, Timestamp};
use bailiwick_examples::orders::{Order, OrderId, Status};

use crate::style::{DIM, GOOD, NO, ORCHESTRATOR, STREAMING, TIME, paint, titled};

/// How many columns what happened and its position have together.
const WHAT: usize = 44;

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Who<'a> {
    /// A customer.
    Person(&'a str),
    /// A warehouse, or whoever brings parcels.
    Place(&'a str),
    Bank,
    Office,
    Policy,
    Mail,
}

/// Something that happens.
pub struct Line<'a> {
    pub at: Timestamp,
    pub who: Who<'a>,
    pub verb: &'a str,
    pub text: &'a str,
    /// Where it is in the journal, if it is there.
    pub position: Option<Position>,
    /// How far the order has come by now.
    pub order: &'a str,
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
            Who::Place(name) => (name, Style::new()),
            Who::Bank => ("bank", ORCHESTRATOR),
            Who::Office => ("office", ORCHESTRATOR.bold()),
            Who::Policy => ("policy", STREAMING),
            Who::Mail => ("mail", TIME),
        };
        let who = paint(style, format_args!("{name:<7}"));
        let verb = paint(verb_style(line.verb), format_args!("{:<8}", line.verb));
        let number = line.position.map_or(String::new(), |position| format!("#{position}"));
        let room = WHAT.saturating_sub(number.len());
        let text = format!("{:<room$}{}  {}", line.text, paint(DIM, &number), line.order);
        let text = if number.is_empty() && line.order.is_empty() { line.text } else { &text };
        writeln!(out, "{time}  {who} {verb} {}", text.trim_end())?;
        out.flush()
    }

    /// Something that leaves nothing in the journal.
    pub fn says(&self, who: Who<'_>, verb: &str, text: &str) -> io::Result<()> {
        let at = SystemClock::new().now();
        self.line(&Line { at, who, verb, text, position: None, order: "" })
    }
}

/// `A ●●○`: how far an order has come.
pub fn come(id: &OrderId, order: &Order) -> String {
    let steps = match order.status() {
        Status::Unpaid => 0,
        Status::Paid => 1,
        Status::InDelivery => 2,
        Status::Completed => 3,
    };
    let (done, left) = (paint(GOOD, "●".repeat(steps)), paint(DIM, "○".repeat(3 - steps)));
    let refunded = if order.refunded() { paint(NO, " ✗") } else { String::new() };
    format!("{id} {done}{left}{refunded}")
}

fn verb_style(verb: &str) -> Style {
    match verb {
        "says" | "brings" => GOOD,
        "refused" | "refunds" | "is down" | "gives up" => NO.bold(),
        "cancels" | "returns" | "again" => TIME.bold(),
        _ => Style::new(),
    }
}
