//! Which cases a run met. Invariants that hold because nothing ever happens are worth nothing, so a
//! test asks that over many seeds every case was met.

/// Something worth having happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Case {
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
const ALL: [Case; 32] = [
    Case::Replied,
    Case::Rejected,
    Case::Panicked,
    Case::ReadAnswered,
    Case::Cancelled,
    Case::MailboxFull,
    Case::Overloaded,
    Case::TimedOutBefore,
    Case::TimedOutAfter,
    Case::Moved,
    Case::Contended,
    Case::GivenBack,
    Case::Unknown,
    Case::UnknownAtTheEnd,
    Case::Unread,
    Case::RefusedAtTheEnd,
    Case::Conflict,
    Case::LateAppend,
    Case::Rang,
    Case::Stuck,
    Case::Killed,
    Case::ShutDownInTime,
    Case::ShutDownTooLate,
    Case::ShutDownAborted,
    Case::Dropped,
    Case::ExecutorLost,
    Case::Stored,
    Case::Decided,
    Case::Refused,
    Case::Overtaken,
    Case::Repeated,
    Case::DecisionRepeated,
];

/// A set of sights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage(u64);

impl Coverage {
    /// Adds one.
    pub fn add(&mut self, case: Case) {
        self.0 |= 1 << case as u8;
    }

    /// Adds those of another run.
    pub fn add_all(&mut self, others: Coverage) {
        self.0 |= others.0;
    }

    /// Those that are not among them.
    pub fn missing(self) -> Vec<Case> {
        let seen = |case: &Case| self.0 & (1 << *case as u8) != 0;
        ALL.into_iter().filter(|case| !seen(case)).collect()
    }
}
