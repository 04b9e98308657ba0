//! The plan of a run: everything about it that is decided before it begins.
//!
//! All bounds are small and all times short, so that in a few dozen calls mailboxes fill, batches
//! queue behind each other, actors leave, and aggregates are stored and woken again.

use std::time::Duration;

use bailiwick::{Admission, Config};

use crate::fixtures::counter::Bell;
use crate::sim::clock::Timed;
use crate::sim::executor::Order;

/// The counters of a run are the first few of these.
pub(super) const COUNTERS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// How far clocks of different runtimes are apart at most, in milliseconds.
pub(super) const SKEW: u64 = 30;

/// What a run is made of.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) order: Order,
    /// How many runtimes share the journal at first.
    pub(super) nodes: usize,
    pub(super) counters: usize,
    /// Whose alarms may panic or do nothing.
    pub(super) broken_bells: [bool; COUNTERS.len()],
    pub(super) config: Config,
    /// Whether anybody decides about two counters.
    pub(super) decides: bool,
    pub(super) calls: Vec<Call>,
    pub(super) disturbances: Vec<Timed<Disturbance>>,
    /// What another writer does on the same journal.
    pub(super) foreign: Vec<Timed<ForeignAppend>>,
    /// Who watches which counter.
    pub(super) watchers: Vec<Timed<usize>>,
    /// One append in so many fails.
    pub(super) append_faults: u64,
    /// One read of a counter in so many fails.
    pub(super) read_faults: u64,
    /// How long the journal takes at most.
    pub(super) slow: u64,
    /// Whether time goes on while somebody works.
    pub(super) ticks: bool,
}

/// A call of a client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) at: u64,
    pub(super) counter: usize,
    pub(super) verb: Verb,
    pub(super) timeout: Duration,
    pub(super) admission: Admission,
    pub(super) expecting: Option<Expecting>,
    pub(super) patience: Patience,
    /// Whether it has an idempotency key: then it is asked again if its outcome is not known.
    pub(super) keyed: bool,
}

/// What a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Count {
        limit: u64,
    },
    /// `in_ms` from when it is asked, or at a time that has passed if that is 0.
    SetAlarm {
        in_ms: Option<u64>,
        bell: Bell,
    },
    Look,
    /// Decided about the counter and another one.
    CountBoth {
        other: usize,
        limit: u64,
    },
    /// Decided by the value of another counter, about the alarm of this one.
    Remind {
        of: usize,
        from: u64,
        in_ms: u64,
    },
    PanicInDecide,
    PanicInApply,
    Read,
    ReadAndPanic,
}

impl Verb {
    pub(super) fn name(self) -> &'static str {
        match self {
            Verb::Count { .. } => "count",
            Verb::SetAlarm { .. } => "set alarm",
            Verb::Look => "look",
            Verb::CountBoth { .. } => "count both",
            Verb::Remind { .. } => "remind",
            Verb::PanicInDecide => "panic in decide",
            Verb::PanicInApply => "panic in apply",
            Verb::Read => "read",
            Verb::ReadAndPanic => "read and panic",
        }
    }

    /// The other counter that it is decided about; none if it is no decision.
    pub(super) fn other_counter(self) -> Option<usize> {
        match self {
            Verb::CountBoth { other, .. } => Some(other),
            Verb::Remind { of, .. } => Some(of),
            _ => None,
        }
    }

    /// Whether its reply comes with an event.
    pub(super) fn writes(self) -> bool {
        !self.is_read() && self != Verb::Look
    }

    pub(super) fn is_read(self) -> bool {
        matches!(self, Verb::Read | Verb::ReadAndPanic)
    }
}

/// Which position a call expects, compared with that of the journal.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expecting {
    Right,
    Older,
}

/// When a caller goes away.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    Endless,
    /// After it was polled so often. It keeps polling.
    Polls(u64),
    Millis(u64),
}

/// What is done to a runtime.
#[derive(Debug, Clone, Copy)]
pub(super) enum Disturbance {
    KillActor {
        counter: usize,
    },
    SetClock {
        ahead: u64,
    },
    /// Nothing can be read for so long.
    Unreadable {
        millis: u64,
    },
    /// Nothing can be written for so long.
    Unwritable {
        millis: u64,
    },
    Shutdown {
        limit: u64,
        patience: Patience,
    },
    Drop,
    /// Its executor goes away first, then the runtime.
    LoseExecutor,
}

/// What another writer does.
#[derive(Debug, Clone, Copy)]
pub(super) struct ForeignAppend {
    pub(super) counter: usize,
    pub(super) alarm: bool,
    /// How long it takes from its read to its append.
    pub(super) thinks: u64,
}

impl Call {
    /// All counters that it is about.
    pub(super) fn about(&self) -> impl Iterator<Item = usize> + use<> {
        [self.counter].into_iter().chain(self.verb.other_counter())
    }

    /// Those that its event is one of.
    pub(super) fn concerns(&self) -> impl Iterator<Item = usize> + use<> {
        let other = match self.verb {
            Verb::CountBoth { other, .. } => Some(other),
            _ => None,
        };
        [self.counter].into_iter().chain(other)
    }
}

impl Plan {
    /// Whether more than one writer may append to the same counter.
    pub(super) fn is_shared(&self) -> bool {
        self.nodes > 1
            || !self.foreign.is_empty()
            || self.disturbances.iter().any(|disturbance| disturbance.what.ends())
    }
}

impl Disturbance {
    /// Whether another runtime follows on this one.
    fn ends(self) -> bool {
        matches!(self, Disturbance::Shutdown { .. } | Disturbance::Drop | Disturbance::LoseExecutor)
    }
}
