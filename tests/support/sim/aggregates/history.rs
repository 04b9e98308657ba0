//! The history of a counter: what could be seen of it, and from when on.

use std::collections::BTreeSet;

use bailiwick::{Position, Timestamp};

use crate::fixtures::counter::{Bell, CounterEvent};
use crate::invariant::{Checked, Invariant};

/// Who wrote something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// The runtime of this node, which knows of it or is about to learn.
    Node(usize),
    /// The same, but it was told before that nobody can say whether it was written.
    Late(usize),
    /// Somebody else.
    Foreign,
}

/// What can be seen of a counter as of one of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seen {
    pub(super) value: u64,
    pub(super) rings: u64,
    pub(super) alarm: Option<Timestamp>,
}

/// A counter from its beginning on.
#[derive(Debug)]
pub(super) struct History {
    /// What was to be seen at which position; first of all, nothing at the start.
    pub(super) states: Vec<(Position, Seen)>,
    pub(super) bell: Bell,
    /// Who set the pending alarm.
    pub(super) set_by: Writer,
    /// And where.
    pub(super) set_at: Position,
    /// Which of them came with an event of Bailiwick's own, that nobody is shown.
    unchanged: BTreeSet<Position>,
    recorded_at: Timestamp,
    /// The same, of the events that a decision reads.
    read_at: Timestamp,
    /// Of each runtime's last written command, how many came before it.
    order: Vec<u64>,
}

impl History {
    pub(super) fn new() -> Self {
        History {
            states: vec![(Position::START, Seen::default())],
            bell: Bell::Rings,
            set_by: Writer::Foreign,
            set_at: Position::START,
            unchanged: BTreeSet::new(),
            recorded_at: Timestamp::EPOCH,
            read_at: Timestamp::EPOCH,
            order: Vec::new(),
        }
    }

    pub(super) fn last(&self) -> (Position, Seen) {
        self.states[self.states.len() - 1]
    }

    pub(super) fn recorded_at(&self) -> Timestamp {
        self.recorded_at
    }

    pub(super) fn read_at(&self) -> Timestamp {
        self.read_at
    }

    /// Adds an event, if one like it may follow. `name` is that of the counter.
    pub(super) fn apply(
        &mut self,
        name: &str,
        by: Writer,
        position: Position,
        recorded_at: Timestamp,
        event: &CounterEvent,
    ) -> Checked {
        let mut seen = self.last().1;
        let counts = |to: u64| {
            let from = seen.value;
            Invariant::Rules.require(to == from + 1, || format!("counts from {from} to {to}"))?;
            Ok(to)
        };
        match event {
            CounterEvent::Counted { value } => seen.value = counts(*value)?,
            CounterEvent::Together(both) => {
                seen.value = counts(both.values[usize::from(both.one.as_str() != name)])?;
            }
            CounterEvent::AlarmSet { at, bell } => {
                (seen.alarm, self.bell) = (*at, *bell);
                (self.set_by, self.set_at) = (by, position);
            }
            CounterEvent::Reminded(reminded) => {
                (seen.alarm, self.bell) = (Some(reminded.at), Bell::Rings);
                (self.set_by, self.set_at) = (by, position);
            }
            CounterEvent::Rang { due } => {
                let set = seen.alarm;
                let how = || format!("rings an alarm that is set to {set:?}");
                Invariant::Rules.require(set == Some(*due), how)?;
                (seen.rings, seen.alarm) = (seen.rings + 1, None);
            }
            CounterEvent::Poisoned {} => return Err(Invariant::Rules.broken("is poison")),
        }
        self.add(position, recorded_at, seen);
        self.read_at = recorded_at.max(self.read_at);
        Ok(())
    }

    /// Adds an event that shows nothing new.
    pub(super) fn unchanged(&mut self, position: Position, recorded_at: Timestamp) {
        self.add(position, recorded_at, self.last().1);
        self.unchanged.insert(position);
    }

    /// The number of the next state that an event was shown of, behind that of this number.
    pub(super) fn next_event(&self, number: usize) -> Option<usize> {
        let visible = |at: &usize| !self.unchanged.contains(&self.states[*at].0);
        (number + 1..self.states.len()).find(visible)
    }

    fn add(&mut self, position: Position, recorded_at: Timestamp, seen: Seen) {
        self.states.push((position, seen));
        // Who sets an alarm without having read the counter may have an earlier clock.
        self.recorded_at = recorded_at.max(self.recorded_at);
    }

    /// The number of the state that was to be seen when the journal ended here.
    pub(super) fn as_of(&self, position: Position) -> usize {
        self.states.partition_point(|(at, _)| *at <= position) - 1
    }

    /// Commands are decided in the order in which they came.
    pub(super) fn in_order(&mut self, node: usize, arrived: Option<u64>) -> Checked {
        let never_came = || Invariant::Rules.broken("belongs to a call that never came");
        let arrived = arrived.ok_or_else(never_came)?;
        if self.order.len() <= node {
            self.order.resize(node + 1, 0);
        }
        let last = std::mem::replace(&mut self.order[node], arrived + 1);
        Invariant::Order.require(arrived >= last, || "overtakes a command that came later".into())
    }

    /// The number of the state at this position.
    pub(super) fn at(&self, position: Position) -> Option<usize> {
        self.states.binary_search_by_key(&position, |(at, _)| *at).ok()
    }
}
