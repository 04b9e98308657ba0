//! What is seen of the streams: a line for each that starts or ends.

use std::io::Write;
use std::time::Duration;

use anstyle::Style;
use bailiwick::{Clock, SystemClock};

use crate::shared::style::{DIM, GOOD, NO, TIME, paint};
use crate::shared::time_of_day::time_of_day;
use crate::stream::End;
use crate::streams::StreamId;

/// Where it is printed, if somebody wants to see it.
#[derive(Debug, Clone)]
pub struct Board {
    shown: bool,
}

impl Board {
    pub fn new(shown: bool) -> Board {
        Board { shown }
    }

    pub fn started(&self, id: &StreamId, lease: Duration, running: usize) {
        let what = format!("keeps its lease of {} alive", seconds(lease));
        self.line(id, (GOOD, "started"), &what, running);
    }

    pub fn ended(&self, id: &StreamId, end: End, running: usize) {
        let (style, what) = match end {
            End::Stopped => (DIM, "told to stop"),
            End::ByItself => (DIM, "by itself; the orchestrator knows"),
            End::NoSuchLease => (NO, "a keep-alive was told: no such lease"),
            End::LeaseOver => (TIME, "the lease is over, and nobody answers"),
        };
        self.line(id, (style, "ended"), what, running);
    }

    fn line(&self, id: &StreamId, (style, verb): (Style, &str), what: &str, running: usize) {
        if !self.shown {
            return;
        }
        let StreamId { account, session } = id;
        let time = paint(DIM, time_of_day(SystemClock::new().now()));
        let verb = paint(style, format_args!("{verb:<8}"));
        let id = format!("{account} {session}");
        // Who does not look any more stops nothing.
        let _ = writeln!(anstream::stdout(), " {time}  {id:<18} {verb} {what:<38}{running:>3} run");
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_millis() as f64 / 1_000.0)
}
