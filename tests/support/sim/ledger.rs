//! The ledger: what is in the journal, folded by other code than the runtime's, and every rule that
//! an event has to keep at the instant at which it takes effect.

use bailiwick::journal::EncodedEvent;
use bailiwick::{Position, Timestamp};

use super::history::{History, Writer};
use super::plan::{COUNTERS, Call, Verb};
use crate::counter::CounterEvent;
use crate::invariant::Invariant::{NeverEarly, NoEffect, Once, Readable, Rules, Time, Whole};
use crate::invariant::{Checked, Violation};

/// What a call may leave in the journal.
#[derive(Debug)]
pub(super) struct Trail {
    pub(super) call: Call,
    /// Whom it was asked of: if it has a key, perhaps several.
    pub(super) seats: Vec<usize>,
    /// How many came before it to the same runtime, for the same counter.
    pub(super) arrived: Option<u64>,
    /// The alarm that it sets, as a time.
    pub(super) alarm: Option<Timestamp>,
    /// Where its event is.
    pub(super) written: Option<Position>,
    /// Where its answer is, if that is an event of its own.
    pub(super) answered: Option<Position>,
    /// Its caller was told that it had no effect.
    pub(super) denied: bool,
    /// Its caller was told that it may have had one.
    pub(super) unclear: bool,
    /// Its caller was told that it had.
    pub(super) replied: bool,
}

impl Trail {
    pub(super) fn new(call: Call, alarm: Option<Timestamp>) -> Self {
        Trail {
            call,
            seats: Vec::new(),
            arrived: None,
            alarm,
            written: None,
            answered: None,
            denied: false,
            unclear: false,
            replied: false,
        }
    }

    /// The position that its reply comes with, if it has had its effect.
    pub(super) fn end(&self) -> Option<Position> {
        self.answered.or(self.written)
    }
}

/// All counters, and all calls.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) counters: Vec<History>,
    pub(super) trails: Vec<Trail>,
    head: Position,
    broken_bells: [bool; COUNTERS.len()],
}

impl Ledger {
    pub(super) fn new(counters: usize, broken_bells: [bool; COUNTERS.len()]) -> Self {
        Ledger {
            counters: (0..counters).map(|_| History::new()).collect(),
            trails: Vec::new(),
            head: Position::START,
            broken_bells,
        }
    }

    /// Events took effect. `clock` is the latest time that any clock of this run has shown.
    pub(super) fn record(
        &mut self,
        by: Writer,
        first: Position,
        events: &[EncodedEvent],
        clock: Timestamp,
    ) -> Checked {
        for (position, event) in (first.get()..).map(Position::new).zip(events) {
            if position != self.head.plus(1) {
                let head = self.head;
                return Err(Readable.broken(format!("position {position} follows on {head}")));
            }
            self.head = position;
            let entered = self.one(by, position, event, clock);
            entered.map_err(|Violation { invariant, what }| {
                invariant.broken(format!("the event at {position} by {by:?} {what}: {event:?}"))
            })?;
        }
        events.iter().try_for_each(|event| self.is_whole(event))
    }

    fn one(&mut self, by: Writer, at: Position, event: &EncodedEvent, clock: Timestamp) -> Checked {
        if event.is_reserved() {
            return self.answer(by, at, event, clock);
        }
        let decoded = match event.decode() {
            Ok(Some(decoded)) => decoded,
            Ok(None) => return Err(Readable.broken("is of a type that is retired")),
            Err(error) => return Err(Readable.broken(format!("cannot be decoded: {error}"))),
        };
        let counters = counters_of(event);
        Rules.require(!counters.is_empty(), || "concerns no counter of this run".into())?;
        let decision = is_of_decision(&decoded);
        for counter in &counters {
            let fires = match decoded {
                CounterEvent::Rang { due } => Some(due),
                _ => None,
            };
            match decision {
                true => self.in_order_of_time(*counter, event, &decoded, clock)?,
                false => self.in_time(*counter, by, event.recorded_at, fires, clock)?,
            }
        }
        if let Writer::Seat(seat) | Writer::Late(seat) = by {
            self.by_call(seat, &counters, at, event, &decoded)?;
        }
        for counter in &counters {
            let name = COUNTERS[*counter];
            self.counters[*counter].apply(name, by, at, event.recorded_at, &decoded)?;
        }
        match decision || by == Writer::Foreign {
            true => Ok(()),
            false => self.leaves_the_alarm(counters[0], event),
        }
    }

    /// What a key was answered, in an event of its own: of a decision, or of a command that emits
    /// nothing.
    fn answer(
        &mut self,
        by: Writer,
        at: Position,
        event: &EncodedEvent,
        clock: Timestamp,
    ) -> Checked {
        let call = call_of(event);
        let trail = call.and_then(|call| self.trails.get_mut(call));
        let trail = trail.ok_or_else(|| Rules.broken("belongs to no call"))?;
        Rules.require(trail.call.keyed, || "belongs to a call without a key".into())?;
        NoEffect
            .require(!trail.denied, || "belongs to a call that was told it had no effect".into())?;
        let first = trail.answered.replace(at);
        Once.require(first.is_none(), || format!("is answered a second time; first at {first:?}"))?;
        let Some(counter) = counters_of(event).first().copied() else {
            return Ok(());
        };
        self.in_time(counter, by, event.recorded_at, None, clock)?;
        self.counters[counter].unchanged(at, event.recorded_at);
        self.leaves_the_alarm(counter, event)
    }

    /// An event of an aggregate's own carries the deadline after it.
    fn leaves_the_alarm(&self, counter: usize, event: &EncodedEvent) -> Checked {
        let Some(origin) = &event.metadata.origin else {
            return Err(Rules.broken("does not say who decided it"));
        };
        let deadline = origin.deadline.at();
        let alarm = self.counters[counter].last().1.alarm;
        Rules.require(deadline == alarm, || format!("does not leave the alarm at {deadline:?}"))
    }

    /// With what a call with a key did stands what it was answered, in the same append.
    fn is_whole(&self, event: &EncodedEvent) -> Checked {
        let trail = call_of(event).and_then(|call| self.trails.get(call));
        let Some(trail) = trail.filter(|trail| trail.call.keyed) else {
            return Ok(());
        };
        let whole = match trail.call.verb.beside() {
            Some(_) => trail.written.map(|at| at.plus(1)) == trail.answered,
            None => event.metadata.extra().idempotency.is_some(),
        };
        Whole.require(whole, || format!("what its key was answered is not with it: {trail:?}"))
    }

    /// Time does not go back or run ahead, for what a decision has read.
    fn in_order_of_time(
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
    fn in_time(
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

    /// A runtime writes what a call of its own, or a deadline, decided by the rules; once.
    fn by_call(
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

fn recorded_in_order(before: Timestamp, at: Timestamp, clock: Timestamp) -> Checked {
    Time.require(at >= before, || format!("was recorded before its predecessor ({before})"))?;
    Time.require(at <= clock, || format!("was recorded in the future of {clock}"))
}

fn is_of_decision(event: &CounterEvent) -> bool {
    matches!(event, CounterEvent::Together(_) | CounterEvent::Reminded(_))
}

/// The number of the call that an event belongs to.
fn call_of(event: &EncodedEvent) -> Option<usize> {
    event.metadata.extra().correlation.as_ref()?.as_str().parse().ok()
}

/// Which counters of the run an event concerns.
pub(super) fn counters_of(event: &EncodedEvent) -> Vec<usize> {
    event.tags.iter().filter_map(counter_of_tag).collect()
}

/// Which counter of the run has this tag.
pub(super) fn counter_of_tag(tag: &bailiwick::Tag) -> Option<usize> {
    (tag.key() == "counter").then(|| counter_named(tag.value()))?
}

fn counter_named(name: &str) -> Option<usize> {
    COUNTERS.iter().position(|known| *known == name)
}
