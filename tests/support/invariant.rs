//! What must hold, by name: whoever looks for a violation can say which it found.

use std::fmt;

/// A promise that the simulation and the crash load check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// What a caller is told (a reply, a rejection, what a read saw) rests on what is in the journal.
    Durable,
    /// What was told to have had no effect never has one.
    NoEffect,
    /// A call, or a key, takes effect once, and is answered the same whenever it is asked again.
    Once,
    /// Every event could be decided on those before it.
    Rules,
    /// All events of a command or a decision are there, or none.
    Whole,
    /// Commands to one aggregate are decided in the order in which they came.
    Order,
    /// Nothing fires before it is due, and what is due fires before anything else is decided.
    NeverEarly,
    /// What is due fires, and a restart knows what is pending.
    NeverLost,
    /// Time neither goes back nor runs ahead of every clock.
    Time,
    /// A call has no reply only for a reason that there was.
    Reason,
    /// Nobody is shown less than was shown, or acknowledged, before.
    Fresh,
    /// Nobody waits while nothing is at work for it.
    WakeUp,
    /// Nobody waits longer than it said.
    TimeOut,
    /// When everything works, every command is run.
    Progress,
    /// Who watches is shown every durable event in order, and is told of the end.
    Watch,
    /// Queues, batches and appends in flight have their bounds.
    Bounds,
    /// Every accepted command has one outcome, and the counts are what callers saw.
    Counts,
    /// Nothing is in memory without work.
    Rest,
    /// What has ended holds nothing, and its report is true.
    End,
    /// A delivery leaves one trace.
    Traced,
    /// What a policy has recorded as done is done.
    Mark,
    /// Nothing overtakes the news at which a lane is parked.
    Overtaken,
    /// What is recorded as performed was called, at least once.
    Called,
    /// Whatever is called for one news is called under one key, with one input.
    OneKey,
    /// What has its trace is not called again.
    NotAgain,
    /// A parked lane stays so until somebody sees to it.
    Parked,
    /// What is there once all is done is what is there without crashes.
    SameFacts,
    /// Our own code does not panic.
    NoPanic,
    /// What was written can be read by whoever comes next, and is the same to all of them.
    Readable,
    /// A failing disk stops the process with an error that says what to do.
    ClearError,
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// How.
    pub what: String,
}

/// Whether something is as it must be; if not, what is wrong with it.
pub type Checked<T = ()> = Result<T, Violation>;

impl Invariant {
    /// It is broken, in this way.
    pub fn broken(self, what: impl Into<String>) -> Violation {
        Violation { invariant: self, what: what.into() }
    }

    /// It holds, or is broken as `how` says.
    ///
    /// # Errors
    /// Unless it holds.
    pub fn require(self, holds: bool, how: impl FnOnce() -> String) -> Checked {
        if holds { Ok(()) } else { Err(self.broken(how())) }
    }
}

impl Violation {
    /// The same, with where it was found.
    #[must_use]
    pub fn at(self, place: impl fmt::Display) -> Violation {
        Violation { what: format!("{place}: {}", self.what), ..self }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is violated: {}", self.invariant, self.what)
    }
}
