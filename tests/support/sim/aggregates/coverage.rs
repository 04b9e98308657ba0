//! Which cases a run met. Invariants that hold because nothing ever happens are worth nothing, so a
//! test asks that over many seeds every case was met.

/// Something worth having happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Sight {
    Replied,
    Rejected,
    Panicked,
    ReadAnswered,
    Cancelled,
    MailboxFull,
    Overloaded,
    TimedOutBefore,
    TimedOutAfter,
    Moved,
    Contended,
    GivenBack,
    Unknown,
    UnknownAtTheEnd,
    Unread,
    RefusedAtTheEnd,
    Conflict,
    LateAppend,
    Rang,
    Stuck,
    Killed,
    ShutDownInTime,
    ShutDownTooLate,
    ShutDownAborted,
    Dropped,
    ExecutorLost,
    Stored,
    Decided,
    Refused,
    Overtaken,
    /// A call with a key was asked again after it had taken effect, and got its answer.
    Repeated,
    /// The same, of a decision.
    DecisionRepeated,
}

/// All of them.
const ALL: [Sight; 32] = [
    Sight::Replied,
    Sight::Rejected,
    Sight::Panicked,
    Sight::ReadAnswered,
    Sight::Cancelled,
    Sight::MailboxFull,
    Sight::Overloaded,
    Sight::TimedOutBefore,
    Sight::TimedOutAfter,
    Sight::Moved,
    Sight::Contended,
    Sight::GivenBack,
    Sight::Unknown,
    Sight::UnknownAtTheEnd,
    Sight::Unread,
    Sight::RefusedAtTheEnd,
    Sight::Conflict,
    Sight::LateAppend,
    Sight::Rang,
    Sight::Stuck,
    Sight::Killed,
    Sight::ShutDownInTime,
    Sight::ShutDownTooLate,
    Sight::ShutDownAborted,
    Sight::Dropped,
    Sight::ExecutorLost,
    Sight::Stored,
    Sight::Decided,
    Sight::Refused,
    Sight::Overtaken,
    Sight::Repeated,
    Sight::DecisionRepeated,
];

/// A set of sights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sights(u64);

impl Sights {
    /// Adds one.
    pub fn add(&mut self, sight: Sight) {
        self.0 |= 1 << sight as u8;
    }

    /// Adds those of another run.
    pub fn add_all(&mut self, others: Sights) {
        self.0 |= others.0;
    }

    /// Those that are not among them.
    pub fn missing(self) -> Vec<Sight> {
        let seen = |sight: &Sight| self.0 & (1 << *sight as u8) != 0;
        ALL.into_iter().filter(|sight| !seen(sight)).collect()
    }
}
