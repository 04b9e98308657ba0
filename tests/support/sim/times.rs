//! What must hold of an event's time, and of the alarm that it meets and leaves.

use bailiwick::Timestamp;
use bailiwick::journal::EncodedEvent;

use super::concerned::counter_named;
use super::history::Writer;
use super::ledger::Ledger;
use crate::counter::CounterEvent;
use crate::invariant::Checked;
use crate::invariant::Invariant::{NeverEarly, Rules, Time};

impl Ledger {
    /// Time does not go back or run ahead, for what a decision has read.
    pub(super) fn in_order_of_time(
        &self,
        counter: usize,
        event: &EncodedEvent,
        decoded: &CounterEvent,
        clock: Timestamp,
    ) -> Checked {
        let read = match decoded {
            CounterEvent::Reminded(reminded) => counter_named(reminded.of.as_str()),
            _ => Some(counter),
        };
        let read = read.ok_or_else(|| Rules.broken("rests on no counter of this run"))?;
        recorded_in_order(self.counters[read].read_at(), event.recorded_at, clock)
    }

    /// Nothing rings early, what is due rings first, and time does not go back or run ahead.
    pub(super) fn in_time(
        &self,
        counter: usize,
        by: Writer,
        recorded_at: Timestamp,
        fires: Option<Timestamp>,
        clock: Timestamp,
    ) -> Checked {
        recorded_in_order(self.counters[counter].recorded_at(), recorded_at, clock)?;
        let alarm = self.counters[counter].last().1.alarm;
        match fires {
            Some(due) => NeverEarly.require(due <= recorded_at, || "rings early".into()),
            None if by == Writer::Foreign || self.broken_bells[counter] => Ok(()),
            None => NeverEarly.require(alarm.is_none_or(|due| due > recorded_at), || {
                format!("was decided before the alarm at {alarm:?} rang")
            }),
        }
    }

    /// An event of an aggregate's own carries the deadline after it.
    pub(super) fn leaves_the_alarm(&self, counter: usize, event: &EncodedEvent) -> Checked {
        let Some(origin) = &event.metadata.origin else {
            return Err(Rules.broken("does not say who decided it"));
        };
        let deadline = origin.deadline.at();
        let alarm = self.counters[counter].last().1.alarm;
        Rules.require(deadline == alarm, || format!("does not leave the alarm at {deadline:?}"))
    }
}

fn recorded_in_order(before: Timestamp, at: Timestamp, clock: Timestamp) -> Checked {
    Time.require(at >= before, || format!("was recorded before its predecessor ({before})"))?;
    Time.require(at <= clock, || format!("was recorded in the future of {clock}"))
}
