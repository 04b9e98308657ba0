//! The ledger: what is in the journal, folded by other code than the runtime's, and every rule that
//! an event has to keep at the instant at which it takes effect.

use bailiwick::{EncodedEvent, Position, Timestamp};

use super::history::{History, Writer};
use super::plan::{COUNTERS, Verb};
use crate::counter::CounterEvent;
use crate::invariant::Invariant::{NeverEarly, NoEffect, Once, Readable, Rules, Time};
use crate::invariant::{Checked, Violation};

/// What a call may leave in the journal.
#[derive(Debug)]
pub(super) struct Trail {
    pub(super) seat: usize,
    pub(super) counter: usize,
    pub(super) verb: Verb,
    /// How many came before it to the same runtime, for the same counter.
    pub(super) arrived: Option<u64>,
    /// The alarm that it sets, as a time.
    pub(super) alarm: Option<Timestamp>,
    /// Where its event is.
    pub(super) written: Option<Position>,
    /// Its caller was told that it had no effect.
    pub(super) denied: bool,
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
        Ok(())
    }

    fn one(&mut self, by: Writer, at: Position, event: &EncodedEvent, clock: Timestamp) -> Checked {
        let counter = counter_of(event);
        let counter = counter.ok_or_else(|| Rules.broken("concerns no counter of this run"))?;
        let decoded = match event.decode() {
            Ok(Some(decoded)) => decoded,
            Ok(None) => return Err(Readable.broken("is of a type that is retired")),
            Err(error) => return Err(Readable.broken(format!("cannot be decoded: {error}"))),
        };
        self.in_time(counter, by, event.recorded_at, &decoded, clock)?;
        if let Writer::Seat(seat) | Writer::Late(seat) = by {
            self.by_command(seat, counter, at, event, &decoded)?;
        }
        let origin = event.metadata.origin.as_ref();
        let history = &mut self.counters[counter];
        history.apply(by, at, event.recorded_at, &decoded)?;
        match origin {
            Some(origin) if origin.deadline.at() != history.last().1.alarm => {
                let deadline = origin.deadline;
                Err(Rules.broken(format!("does not leave the alarm at {deadline:?}")))
            }
            None if by != Writer::Foreign => Err(Rules.broken("does not say who decided it")),
            _ => Ok(()),
        }
    }

    /// Nothing rings early, what is due rings first, and time does not go back or run ahead.
    fn in_time(
        &self,
        counter: usize,
        by: Writer,
        recorded_at: Timestamp,
        event: &CounterEvent,
        clock: Timestamp,
    ) -> Checked {
        let history = &self.counters[counter];
        if recorded_at < history.recorded_at() {
            let before = history.recorded_at();
            return Err(Time.broken(format!("was recorded before its predecessor ({before})")));
        }
        if recorded_at > clock {
            return Err(Time.broken(format!("was recorded in the future of {clock}")));
        }
        let alarm = history.last().1.alarm;
        match event {
            CounterEvent::Rang { due } if *due > recorded_at => {
                Err(NeverEarly.broken("rings early"))
            }
            CounterEvent::Rang { .. } => Ok(()),
            _ if by == Writer::Foreign || self.broken_bells[counter] => Ok(()),
            _ if alarm.is_some_and(|due| due <= recorded_at) => {
                Err(NeverEarly.broken(format!("was decided before the alarm at {alarm:?} rang")))
            }
            _ => Ok(()),
        }
    }

    /// A runtime writes what a command of its own, or a deadline, decided by the rules; once.
    fn by_command(
        &mut self,
        seat: usize,
        counter: usize,
        at: Position,
        event: &EncodedEvent,
        decoded: &CounterEvent,
    ) -> Checked {
        let Some(call) = &event.metadata.extra().correlation else {
            let of_deadline = matches!(decoded, CounterEvent::Rang { .. });
            return Rules.require(of_deadline, || "was commanded by nobody".into());
        };
        let call: Option<usize> = call.as_str().parse().ok();
        let trail = call.and_then(|call| self.trails.get_mut(call));
        let trail = trail.ok_or_else(|| Rules.broken("belongs to no call"))?;
        let by_the_rules = match (trail.verb, decoded) {
            (Verb::Count { limit }, CounterEvent::Counted { value }) => *value <= limit,
            (Verb::SetAlarm { bell, .. }, CounterEvent::AlarmSet { at, bell: set }) => {
                *at == trail.alarm && *set == bell
            }
            _ => false,
        };
        if !by_the_rules {
            return Err(Rules.broken(format!("was not decided by the rules, for {trail:?}")));
        }
        if (trail.seat, trail.counter) != (seat, counter) {
            return Err(Rules.broken(format!("belongs elsewhere, to {trail:?}")));
        }
        if trail.denied {
            return Err(NoEffect.broken("belongs to a call that was told it had no effect"));
        }
        if let Some(earlier) = trail.written.replace(at) {
            return Err(Once.broken(format!("is written a second time; first at {earlier}")));
        }
        let arrived = trail.arrived;
        self.counters[counter].in_order(seat, arrived)
    }
}

/// Which counter of the run an event concerns.
pub(super) fn counter_of(event: &EncodedEvent) -> Option<usize> {
    event.tags.iter().find_map(counter_of_tag)
}

/// Which counter of the run has this tag.
pub(super) fn counter_of_tag(tag: &bailiwick::Tag) -> Option<usize> {
    COUNTERS.iter().position(|name| *name == tag.value())
}
