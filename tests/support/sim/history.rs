//! The history of a counter: what was to be seen of it, and from when on.

use bailiwick::{Position, Timestamp};

use crate::counter::{Bell, CounterEvent};
use crate::invariant::{Checked, Invariant};

/// Who wrote something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// The runtime in this seat, which knows of it or is about to learn.
    Seat(usize),
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
    recorded_at: Timestamp,
    /// Of each runtime's last written command, how many came before it.
    order: Vec<u64>,
}

impl History {
    pub(super) fn new() -> Self {
        History {
            states: vec![(Position::START, Seen::default())],
            bell: Bell::Rings,
            set_by: Writer::Foreign,
            recorded_at: Timestamp::EPOCH,
            order: Vec::new(),
        }
    }

    pub(super) fn last(&self) -> (Position, Seen) {
        self.states[self.states.len() - 1]
    }

    pub(super) fn recorded_at(&self) -> Timestamp {
        self.recorded_at
    }

    /// Adds an event, if one like it may follow.
    pub(super) fn apply(
        &mut self,
        by: Writer,
        position: Position,
        recorded_at: Timestamp,
        event: &CounterEvent,
    ) -> Checked {
        let mut seen = self.last().1;
        match *event {
            CounterEvent::Counted { value } if value != seen.value + 1 => {
                return Err(
                    Invariant::Rules.broken(format!("counts from {} to {value}", seen.value))
                );
            }
            CounterEvent::Counted { value } => seen.value = value,
            CounterEvent::AlarmSet { at, bell } => {
                (seen.alarm, self.bell, self.set_by) = (at, bell, by);
            }
            CounterEvent::Rang { due } if Some(due) != seen.alarm => {
                let set = seen.alarm;
                return Err(
                    Invariant::Rules.broken(format!("rings an alarm that is set to {set:?}"))
                );
            }
            CounterEvent::Rang { .. } => (seen.rings, seen.alarm) = (seen.rings + 1, None),
            CounterEvent::Poisoned {} => return Err(Invariant::Rules.broken("is poison")),
        }
        self.states.push((position, seen));
        self.recorded_at = recorded_at;
        Ok(())
    }

    /// Commands are decided in the order in which they came.
    pub(super) fn in_order(&mut self, seat: usize, arrived: Option<u64>) -> Checked {
        let never_came = || Invariant::Rules.broken("belongs to a call that never came");
        let arrived = arrived.ok_or_else(never_came)?;
        if self.order.len() <= seat {
            self.order.resize(seat + 1, 0);
        }
        let last = std::mem::replace(&mut self.order[seat], arrived + 1);
        Invariant::Order.require(arrived >= last, || "overtakes a command that came later".into())
    }

    /// The number of the state at this position.
    pub(super) fn at(&self, position: Position) -> Option<usize> {
        self.states.binary_search_by_key(&position, |(at, _)| *at).ok()
    }
}
