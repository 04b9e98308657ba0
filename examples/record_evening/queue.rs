//! What is going to happen, in order of time; what was planned first comes first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Something that is going to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// A household gets another plan.
    Plan { household: usize, limit: usize },
    /// Somebody presses play.
    Play { seat: Seat },
    /// The streaming side says that a run of a stream plays.
    Beat { seat: Seat, run: u64 },
    /// Somebody switches off.
    Stop { seat: Seat, run: u64 },
    /// The streaming side says that a stream was switched off.
    Release { seat: Seat },
    /// The sites that are killed are killed.
    Kill,
}

/// A screen of a household.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat {
    pub household: usize,
    pub screen: usize,
}

/// What is going to happen.
#[derive(Debug, Default)]
pub struct Queue {
    acts: BinaryHeap<Reverse<(u64, u64, Act)>>,
    planned: u64,
}

impl Queue {
    /// Plans something for `at`.
    pub fn push(&mut self, at: u64, act: Act) {
        self.planned += 1;
        self.acts.push(Reverse((at, self.planned, act)));
    }

    /// What happens next, and when.
    pub fn pop(&mut self) -> Option<(u64, Act)> {
        self.acts.pop().map(|Reverse((at, _, act))| (at, act))
    }
}
