//! What happened in a run, step by step: as one number by which two runs are compared, and as text
//! if somebody wants to read it.
//!
//! Every decision of the schedule and everything that can be seen from outside is a step. Two runs
//! with the same number took the same steps.

use std::hash::{Hash, Hasher};

use super::random::mix;

/// One step of a run. Times are in milliseconds of the simulation.
#[derive(Debug, Hash)]
pub(super) enum Step {
    /// A task was polled.
    Poll { task: usize, of: &'static str },
    /// Nothing was ready, so time passed.
    Pass { to: u64 },
    /// A caller began.
    Asks { call: usize, node: usize, counter: usize, what: &'static str },
    /// A caller has its answer, or has gone away.
    Answered { call: usize, how: &'static str, numbers: (u64, u64) },
    /// Events took effect in the journal.
    Appended { by: Option<usize>, counter: usize, first: u64, events: usize },
    /// The journal refused an append because of an event at this position.
    Conflict { node: Option<usize>, counter: usize, at: u64 },
    /// The journal failed.
    Fault { node: usize, counter: usize, how: &'static str },
    /// Another writer appended, or was too late.
    Foreign { counter: usize, appended: bool },
    /// An effect called the outside world.
    Called { news: u64 },
    /// A watcher was shown an event.
    Watched { node: usize, counter: usize, position: u64 },
    /// Something was done to a runtime.
    Node { node: usize, what: &'static str, number: u64 },
    /// The seed's next part began.
    Part { name: &'static str },
}

/// The steps so far.
#[derive(Debug, Default)]
pub(super) struct Trace {
    hash: Rolling,
    steps: u64,
    readable: bool,
}

impl Trace {
    pub(super) fn new(readable: bool) -> Self {
        Trace { readable, ..Trace::default() }
    }

    pub(super) fn add(&mut self, at: u64, step: &Step) {
        at.hash(&mut self.hash);
        step.hash(&mut self.hash);
        self.steps += 1;
        if self.readable {
            eprintln!("{at:>6} ms  {step:?}");
        }
    }

    /// More about the last step, for whoever reads it.
    pub(super) fn tell(&self, more: impl FnOnce() -> String) {
        if self.readable {
            eprintln!("           {}", more());
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.hash.finish()
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps
    }
}

/// A hash of numbers in their order, the same on every machine and in every process.
#[derive(Debug, Default)]
struct Rolling(u64);

impl Hasher for Rolling {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0.rotate_left(5) ^ number);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
