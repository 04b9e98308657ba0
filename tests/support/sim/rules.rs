//! The rules by which the call was decided that an event belongs to.

use bailiwick::Position;
use bailiwick::journal::EncodedEvent;

use super::concerned::{call_of, is_of_decision};
use super::ledger::Ledger;
use super::plan::{COUNTERS, Verb};
use crate::counter::CounterEvent;
use crate::invariant::Checked;
use crate::invariant::Invariant::{NoEffect, Once, Rules};

impl Ledger {
    /// A runtime writes what a call of its own, or a deadline, decided by the rules; once.
    pub(super) fn by_call(
        &mut self,
        seat: usize,
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
        let trail = call_of(event).and_then(|call| self.trails.get_mut(call));
        let trail = trail.ok_or_else(|| Rules.broken("belongs to no call"))?;
        let is = |name: &str, counter: usize| COUNTERS[counter] == name;
        let by_the_rules = match (trail.call.verb, decoded) {
            (Verb::Count { limit }, CounterEvent::Counted { value }) => *value <= limit,
            (Verb::SetAlarm { bell, .. }, CounterEvent::AlarmSet { at, bell: set }) => {
                *at == trail.alarm && *set == bell
            }
            (Verb::CountBoth { other, limit }, CounterEvent::Together(both)) => {
                let sum = values[trail.call.counter].saturating_add(values[other]);
                is(both.one.as_str(), trail.call.counter)
                    && is(both.other.as_str(), other)
                    && sum < limit
            }
            (Verb::Remind { of, from, .. }, CounterEvent::Reminded(reminded)) => {
                is(reminded.counter.as_str(), trail.call.counter)
                    && is(reminded.of.as_str(), of)
                    && Some(reminded.at) == trail.alarm
                    && reminded.value >= from
                    && reminded.value == values[of]
            }
            _ => false,
        };
        Rules.require(by_the_rules, || {
            format!("was not decided by the rules on {values:?}, for {trail:?}")
        })?;
        let concerned = |counter: &usize| trail.call.concerns().any(|about| about == *counter);
        let belongs = trail.seats.contains(&seat) && counters.iter().all(concerned);
        Rules.require(belongs, || format!("belongs elsewhere, to {trail:?}"))?;
        NoEffect
            .require(!trail.denied, || "belongs to a call that was told it had no effect".into())?;
        if let Some(earlier) = trail.written.replace(at) {
            return Err(Once.broken(format!("is written a second time; first at {earlier}")));
        }
        // Of one that was asked again nobody knows which of them it is.
        match is_of_decision(decoded) || trail.seats.len() > 1 {
            true => Ok(()),
            false => {
                let arrived = trail.arrived;
                self.counters[counters[0]].in_order(seat, arrived)
            }
        }
    }
}
