//! A node: a runtime in a run, and what is known about it from outside.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use bailiwick::{Aggregates, Counts, Decisions, Position, Runtime, Timestamp};
use parking_lot::Mutex;

use super::plan::COUNTERS;
use crate::fixtures::counter::Counter;
use crate::invariant::Checked;
use crate::invariant::Invariant::{Bounds, Counts as Counted, End, Time};
use crate::sim::clock::SimClock;

/// One runtime.
pub(super) struct Node {
    pub(super) number: usize,
    pub(super) clock: SimClock,
    pub(super) runtime: Mutex<Option<Runtime>>,
    pub(super) counters: Mutex<Option<Aggregates<Counter>>>,
    pub(super) decisions: Mutex<Option<Decisions>>,
    pub(super) observed: Mutex<Observed>,
    /// Appends and reads under way, by counter.
    under_way: [AtomicU32; COUNTERS.len()],
    /// The appends among them: those of the counter itself, and those of decisions about it.
    appends: [[AtomicU32; COUNTERS.len()]; 2],
}

/// What is known about a runtime.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// From here on it may say that it is shut down.
    pub(super) closing: bool,
    /// It is gone.
    pub(super) closed: bool,
    /// The number of the newest state that was shown to somebody, by counter. It shows none that is
    /// older to whoever asks later.
    pub(super) shown: [usize; COUNTERS.len()],
    /// The last `now` that a read was given.
    pub(super) now: Timestamp,
    /// How many appends failed, and of how many nobody can tell, by counter.
    pub(super) failed: [(u64, u64); COUNTERS.len()],
    /// How many reads failed, by counter.
    pub(super) unread: [u64; COUNTERS.len()],
    /// Until when a deadline may be late after a failure, by counter.
    pub(super) excused: [u64; COUNTERS.len()],
    /// Which deadline, by where it was set, was seen waiting for a place, and since when, by counter.
    pub(super) waits: [Option<(Position, u64)>; COUNTERS.len()],
    /// It was shut down in time, so everything that was accepted was run.
    pub(super) in_time: bool,
    /// How many calls were told of the shutdown.
    pub(super) told_of_shutdown: u64,
    /// How many commands came, by counter.
    pub(super) arrived: [u64; COUNTERS.len()],
    pub(super) tally: Tally,
    /// The same of decisions.
    pub(super) decided: Tally,
    /// Which counters decisions were about, by two: they wait for each other.
    pub(super) decided_together: BTreeSet<(usize, usize)>,
}

/// The outcomes that callers saw.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) replied: u64,
    pub(super) rejected: u64,
    pub(super) panicked: u64,
    /// Not run for any other reason.
    pub(super) not_run: u64,
    pub(super) unknown: u64,
    /// The caller went away, so it had any of the outcomes, or none.
    pub(super) unseen: u64,
}

impl Node {
    pub(super) fn new(number: usize, clock: SimClock) -> Arc<Self> {
        Arc::new(Node {
            number,
            clock,
            runtime: Mutex::default(),
            counters: Mutex::default(),
            decisions: Mutex::default(),
            observed: Mutex::default(),
            under_way: Default::default(),
            appends: Default::default(),
        })
    }

    /// Its tasks, in the executor. The group 0 is that of the run itself.
    pub(super) fn group(&self) -> usize {
        self.number + 1
    }

    /// The counters of its runtime, which is started.
    pub(super) fn counters(&self) -> Aggregates<Counter> {
        self.counters.lock().clone().expect("its runtime is started")
    }

    /// The decisions of its runtime, which is started.
    pub(super) fn decisions(&self) -> Decisions {
        self.decisions.lock().clone().expect("its runtime is started")
    }

    /// What its runtime counted, all together.
    pub(super) fn counts(&self) -> Counts {
        self.counters().counts() + self.decisions().counts()
    }

    /// Whether its runtime takes work.
    pub(super) fn is_open(&self) -> bool {
        self.runtime.lock().is_some() && !self.observed.lock().closing
    }

    /// Whether the journal works for this counter just now.
    pub(super) fn is_under_way(&self, counter: usize) -> bool {
        self.under_way[counter].load(Relaxed) > 0
    }

    /// Whether it works for this counter, or for one that this one may have to wait for: a decision
    /// about both may hold this one while it waits for that.
    pub(super) fn is_at_work_for(&self, counter: usize) -> bool {
        let decided_together = &self.observed.lock().decided_together;
        let (mut reached, mut next) = (BTreeSet::from([counter]), vec![counter]);
        while let Some(counter) = next.pop() {
            if self.is_under_way(counter) {
                return true;
            }
            let ends =
                decided_together.iter().filter(|(one, other)| [*one, *other].contains(&counter));
            let ends = ends.flat_map(|(one, other)| [*one, *other]);
            next.extend(ends.filter(|end| reached.insert(*end)));
        }
        false
    }

    /// A read is given `now`, which never goes back.
    pub(super) fn look_at(&self, now: Timestamp) -> Checked {
        let before = std::mem::replace(&mut self.observed.lock().now, now);
        Time.require(now >= before, || format!("`now` went back from {before} to {now}"))
    }

    /// Nothing outlives its runtime, and the counts add up and agree with what callers saw.
    pub(super) fn check_end(&self) -> Checked {
        let in_memory = self.counters().in_memory();
        End.require(in_memory.is_empty(), || {
            format!("{in_memory:?} of node {} outlive its runtime", self.number)
        })?;
        let Observed { tally, decided, in_time, told_of_shutdown, .. } = &*self.observed.lock();
        let of_commands = self.counters().counts();
        let of_decisions = self.decisions().counts();
        adds_up(&of_commands, tally)?;
        adds_up(&of_decisions, decided)?;
        let not_admitted = of_commands.not_admitted + of_decisions.not_admitted;
        End.require(!in_time || *told_of_shutdown <= not_admitted, || {
            format!("a shutdown in time broke accepted calls off: {of_commands:?} {of_decisions:?}")
        })
    }
}

/// Every call has one outcome, and it is the one that its caller saw.
fn adds_up(counts: &Counts, tally: &Tally) -> Checked {
    let Counts { accepted, not_admitted, replied, rejected, panicked, expired, .. } = *counts;
    let Counts { returned, unknown, .. } = *counts;
    Counted.require(counts.open() == 0 && counts.already_run == 0, || {
        format!("{accepted} were accepted, and the outcomes are others: {counts:?}")
    })?;
    let outcomes = replied + rejected + panicked + expired + returned + unknown;
    Counted.require(accepted == outcomes, || {
        format!("{accepted} accepted, but {outcomes} outcomes: {counts:?}")
    })?;
    let agree = |saw: u64, counted: u64| (saw..=saw + tally.unseen).contains(&counted);
    let all = agree(tally.replied, replied)
        && agree(tally.rejected, rejected)
        && agree(tally.panicked, panicked)
        && agree(tally.unknown, unknown)
        && agree(tally.not_run, not_admitted + expired + returned);
    Counted.require(all, || format!("callers saw {tally:?}, but there is {counts:?}"))
}

/// Who appends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Appender {
    Aggregate,
    Decisions,
}

/// Something that the journal does for a runtime, for as long as the runtime waits for it.
pub(super) struct UnderWay {
    node: Arc<Node>,
    counters: Vec<usize>,
}

/// An append that the runtime waits for.
pub(super) struct Appending {
    under_way: UnderWay,
    alone: Vec<usize>,
    by: Appender,
}

impl Appending {
    /// At most one is in flight of each aggregate, and one of decisions on it: of those in `alone`.
    pub(super) fn new(
        node: &Arc<Node>,
        counters: Vec<usize>,
        alone: Vec<usize>,
        by: Appender,
    ) -> (Self, Checked) {
        let mut checked = Ok(());
        for counter in &alone {
            let others = node.appends[by as usize][*counter].fetch_add(1, Relaxed);
            checked = checked.and(Bounds.require(others == 0, || {
                format!("{} appends of {by:?} about {counter} are in flight", others + 1)
            }));
        }
        let under_way = UnderWay::new(node, counters);
        (Appending { under_way, alone, by }, checked)
    }
}

impl Drop for Appending {
    fn drop(&mut self) {
        for counter in &self.alone {
            self.under_way.node.appends[self.by as usize][*counter].fetch_sub(1, Relaxed);
        }
    }
}

impl UnderWay {
    pub(super) fn new(node: &Arc<Node>, counters: Vec<usize>) -> Self {
        for counter in &counters {
            node.under_way[*counter].fetch_add(1, Relaxed);
        }
        UnderWay { node: node.clone(), counters }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        for counter in &self.counters {
            self.node.under_way[*counter].fetch_sub(1, Relaxed);
        }
    }
}
