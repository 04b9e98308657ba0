//! How a call ended: as the trace has it, as it is counted, and as something that was seen.

use bailiwick::{Cause, Position, ReadError, Unknown};

use super::history::Seen;
use super::seat::Tally;
use super::sights::Sight;

/// How a call ended, whatever its types.
#[derive(Debug)]
pub(super) enum Answer {
    /// The reply of a command; `repeated` if it was run when it was asked before.
    Replied {
        value: Option<u64>,
        position: Position,
        repeated: bool,
    },
    Rejected {
        value: u64,
    },
    /// The reply of a decision, or the values on which it was refused.
    Decided {
        values: Vec<u64>,
        position: Position,
        repeated: bool,
    },
    Refused {
        values: Vec<u64>,
    },
    Saw(Seen),
    NotRun(Cause),
    Unknown(Unknown),
    Unread(ReadError),
    /// The caller went away; `polled` if it had asked before.
    Cancelled {
        polled: bool,
    },
}

impl Answer {
    /// An answer as the trace has it.
    pub(super) fn summary(&self) -> (Sight, &'static str, (u64, u64)) {
        match self {
            Answer::Replied { value, position, .. } => {
                let numbers = (value.unwrap_or_default(), position.get());
                (Sight::Replied, "reply", numbers)
            }
            Answer::Rejected { value } => (Sight::Rejected, "rejection", (*value, 0)),
            Answer::Decided { values, position, .. } => {
                (Sight::Decided, "decided", (values[0], position.get()))
            }
            Answer::Refused { values } => (Sight::Refused, "refused", (values[0], 0)),
            Answer::Saw(seen) => (Sight::ReadAnswered, "saw", (seen.value, seen.rings)),
            Answer::NotRun(Cause::Moved { expected, actual }) => {
                (Sight::Moved, "moved", (expected.get(), actual.get()))
            }
            Answer::NotRun(cause) => {
                let (sight, how) = not_run(cause);
                (sight, how, (0, 0))
            }
            Answer::Unknown(Unknown::TimedOut) => (Sight::TimedOutAfter, "out of time", (0, 0)),
            Answer::Unknown(Unknown::ShutDown) => (Sight::UnknownAtTheEnd, "unknown end", (0, 0)),
            Answer::Unknown(_) => (Sight::Unknown, "unknown", (0, 0)),
            Answer::Unread(_) => (Sight::Unread, "unread", (0, 0)),
            Answer::Cancelled { polled } => {
                (Sight::Cancelled, "cancelled", (u64::from(*polled), 0))
            }
        }
    }

    /// Whether the call may have had its effect, or may have it yet.
    pub(super) fn is_unclear(&self) -> bool {
        matches!(self, Answer::Unknown(_) | Answer::Cancelled { polled: true })
    }

    /// Counts it, as the outcome of a command.
    pub(super) fn count(&self, tally: &mut Tally) {
        let of = match self {
            Answer::Replied { .. } | Answer::Decided { .. } => &mut tally.replied,
            Answer::Rejected { .. } | Answer::Refused { .. } => &mut tally.rejected,
            Answer::NotRun(Cause::Panicked { .. }) => &mut tally.panicked,
            Answer::NotRun(_) => &mut tally.not_run,
            Answer::Unknown(Unknown::TimedOut) | Answer::Cancelled { .. } => &mut tally.unseen,
            Answer::Unknown(_) => &mut tally.unknown,
            Answer::Saw(_) | Answer::Unread(_) => return,
        };
        *of += 1;
    }
}

fn not_run(cause: &Cause) -> (Sight, &'static str) {
    match cause {
        Cause::MailboxFull { .. } => (Sight::MailboxFull, "full"),
        Cause::Overloaded { .. } => (Sight::Overloaded, "overloaded"),
        Cause::TimedOut => (Sight::TimedOutBefore, "not in time"),
        Cause::ShutDown => (Sight::RefusedAtTheEnd, "shut down"),
        Cause::Contended { .. } => (Sight::Contended, "contended"),
        Cause::Overtaken { .. } => (Sight::Overtaken, "overtaken"),
        Cause::Panicked { .. } => (Sight::Panicked, "panicked"),
        _ => (Sight::GivenBack, "given back"),
    }
}
