//! How far a rehearsal has come.

use std::fmt;
use std::time::Duration;

use bailiwick_core::Position;

use super::report::grouped;

/// How far a [rehearsal](crate::Rehearsal) has come. As text it is a line:
/// `120 000 events, up to 120000 of 1000000 (12 %), 3.1 s`.
///
/// For an example see [`Rehearsal`](crate::Rehearsal).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many events were read.
    pub events: u64,
    /// Behind this position it began.
    pub after: Position,
    /// The position that was read last.
    pub at: Position,
    /// The last one that is to be read.
    pub upto: Position,
    /// For how long it has been at work.
    pub elapsed: Duration,
}

impl Progress {
    /// How much of the positions was read, from 0 to 1.
    pub fn part(&self) -> f64 {
        let read = self.at.get().saturating_sub(self.after.get());
        let all = self.upto.get().saturating_sub(self.after.get());
        #[expect(clippy::cast_precision_loss, reason = "it is for people")]
        let part = read as f64 / all.max(1) as f64;
        part.min(1.0)
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Progress { events, at, upto, elapsed, .. } = self;
        let (percent, seconds) = (100.0 * self.part(), elapsed.as_secs_f64());
        let events = grouped(*events);
        write!(f, "{events} events, up to {at} of {upto} ({percent:.0} %), {seconds:.1} s")
    }
}
