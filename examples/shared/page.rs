//! The page of a show: one line for each thing that happens, as it happens.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anstyle::Style;
use bailiwick::journal::RecordedEvent;
use bailiwick::{BoxError, Clock, Position, SystemClock, Timestamp};

use crate::style::{DIM, grouped, paint, titled};

/// Who does something in a show, and how that looks on its page.
pub trait Role {
    /// How many columns a verb has.
    const VERB: usize;
    /// How many columns what happened and its position have together.
    const WHAT: usize;

    /// How they are called, and how that looks.
    fn name(&self) -> (&str, Style);

    /// How it looks what they do.
    fn verb(verb: &str) -> Style;
}

/// Something that happens.
struct Line<'a, R> {
    at: Timestamp,
    who: R,
    verb: &'a str,
    text: &'a str,
    /// Where it is in the journal, if it is there.
    position: Option<Position>,
    /// How matters stand now.
    stands: &'a str,
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

    /// Something that the journal has, and how matters stand after it.
    pub fn line(
        &self,
        recorded: &RecordedEvent,
        who: impl Role,
        (verb, text): (&str, &str),
        stands: &str,
    ) -> Result<(), BoxError> {
        let (at, position) = (recorded.event.recorded_at, Some(recorded.position));
        Ok(self.print(&Line { at, who, verb, text, position, stands })?)
    }

    /// Something that leaves nothing in the journal.
    pub fn says(&self, who: impl Role, verb: &str, text: &str) -> io::Result<()> {
        let at = SystemClock::new().now();
        self.print(&Line { at, who, verb, text, position: None, stands: "" })
    }

    fn print<R: Role>(&self, line: &Line<'_, R>) -> io::Result<()> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = io::stdout().lock();
        if let Some(title) = written.title.take() {
            writeln!(out, "\n{}", titled(title))?;
        }
        let since = line.at.since(written.begun).as_secs_f64();
        let time = paint(DIM, format_args!("{:>7}", format!("+{since:.1}s")));
        let (name, style) = line.who.name();
        let who = paint(style, format_args!("{name:<7}"));
        let verb =
            paint(R::verb(line.verb), format_args!("{:<width$}", line.verb, width = R::VERB));
        let number = line.position.map_or(String::new(), |position| format!("#{position}"));
        let room = R::WHAT.saturating_sub(number.len());
        let text = format!("{:<room$}{}  {}", line.text, paint(DIM, &number), line.stands);
        let text = if number.is_empty() && line.stands.is_empty() { line.text } else { &text };
        writeln!(out, "{time}  {who} {verb} {}", text.trim_end())?;
        out.flush()
    }
}

/// `1 200 ms`.
pub fn millis(time: Duration) -> String {
    format!("{} ms", grouped(usize::try_from(time.as_millis()).unwrap_or(usize::MAX)))
}
