//! What must hold of an event: the call or deadline that it belongs to was decided by the rules, and its
//! time and the alarm fit those before it.

use bailiwick::journal::EncodedEvent;
use bailiwick::{Position, Timestamp};

use super::history::Writer;
use super::ledger::{Ledger, call_of, counter_named, is_of_decision};
use super::plan::{COUNTERS, Verb};
use crate::fixtures::counter::CounterEvent;
use crate::invariant::Checked;
use crate::invariant::Invariant::{NeverEarly, NoEffect, Once, Rules, Time};

impl Ledger {
    /// A runtime writes what a call of its own, or a deadline, decided by the rules; once.
    pub(super) fn by_call(
        &mut self,
        node: usize,
        counters: &[usize],
        at: Position,
        event: &EncodedEvent,
        decoded: &CounterEvent,
    ) -> Checked {
        if event.metadata.extra().correlation.is_none() {
            let of_deadline = matches!(decoded, CounterEvent::Rang { .. });
            return Rules.require(of_deadline, || "was commanded by nobody".into());
        }
        let value = |counter: usize| self.counters[counter].last().1.value;
        let values: Vec<u64> = (0..self.counters.len()).map(value).collect();
        let record = call_of(event).and_then(|call| self.calls.get_mut(call));
        let record = record.ok_or_else(|| Rules.broken("belongs to no call"))?;
        let is = |name: &str, counter: usize| COUNTERS[counter] == name;
        let by_the_rules = match (record.call.verb, decoded) {
            (Verb::Count { limit }, CounterEvent::Counted { value }) => *value <= limit,
            (Verb::SetAlarm { bell, .. }, CounterEvent::AlarmSet { at, bell: set }) => {
                *at == record.alarm && *set == bell
            }
            (Verb::CountBoth { other, limit }, CounterEvent::Together(both)) => {
                let sum = values[record.call.counter].saturating_add(values[other]);
                is(both.one.as_str(), record.call.counter)
                    && is(both.other.as_str(), other)
                    && sum < limit
            }
            (Verb::Remind { of, from, .. }, CounterEvent::Reminded(reminded)) => {
                is(reminded.counter.as_str(), record.call.counter)
                    && is(reminded.of.as_str(), of)
                    && Some(reminded.at) == record.alarm
                    && reminded.value >= from
                    && reminded.value == values[of]
            }
            _ => false,
        };
        Rules.require(by_the_rules, || {
            format!("was not decided by the rules on {values:?}, for {record:?}")
        })?;
        let concerned = |counter: &usize| record.call.concerns().any(|about| about == *counter);
        let belongs = record.nodes.contains(&node) && counters.iter().all(concerned);
        Rules.require(belongs, || format!("belongs elsewhere, to {record:?}"))?;
        NoEffect.require(!record.denied, || {
            "belongs to a call that was told it had no effect".into()
        })?;
        if let Some(earlier) = record.written.replace(at) {
            return Err(Once.broken(format!("is written a second time; first at {earlier}")));
        }
        // Of one that was asked again nobody knows which of them it is.
        match is_of_decision(decoded) || record.nodes.len() > 1 {
            true => Ok(()),
            false => {
                let arrived = record.arrived;
                self.counters[counters[0]].in_order(node, arrived)
            }
        }
    }
}

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
