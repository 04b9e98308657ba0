//! The ledger: what is in the journal, folded by other code than the runtime's, and what every call may
//! leave there and was answered.

use bailiwick::journal::EncodedEvent;
use bailiwick::{Position, Tag, Timestamp};

use super::history::{History, Writer};
use super::plan::{COUNTERS, Call};
use crate::counter::CounterEvent;
use crate::invariant::Invariant::{NoEffect, Once, Readable, Rules, Whole};
use crate::invariant::{Checked, Violation};

/// All counters, and all calls.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) counters: Vec<History>,
    pub(super) trails: Vec<Trail>,
    head: Position,
    pub(super) broken_bells: [bool; COUNTERS.len()],
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
}

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

pub(super) fn is_of_decision(event: &CounterEvent) -> bool {
    matches!(event, CounterEvent::Together(_) | CounterEvent::Reminded(_))
}

/// The number of the call that an event belongs to.
pub(super) fn call_of(event: &EncodedEvent) -> Option<usize> {
    event.metadata.extra().correlation.as_ref()?.as_str().parse().ok()
}

/// Which counters of the run an event concerns.
pub(super) fn counters_of(event: &EncodedEvent) -> Vec<usize> {
    event.tags.iter().filter_map(counter_of_tag).collect()
}

/// Which counter of the run has this tag.
pub(super) fn counter_of_tag(tag: &Tag) -> Option<usize> {
    (tag.key() == "counter").then(|| counter_named(tag.value()))?
}

pub(super) fn counter_named(name: &str) -> Option<usize> {
    COUNTERS.iter().position(|known| *known == name)
}
