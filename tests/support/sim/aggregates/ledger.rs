//! The ledger: what is in the journal, folded by other code than the runtime's, and what every call may
//! leave there and was answered.

use bailiwick::journal::{AppendCondition, AppendError, Appended, EncodedEvent, Journal};
use bailiwick::{Position, Tag, Timestamp};

use super::coverage::Case;
use super::history::{History, Writer};
use super::plan::{COUNTERS, Call};
use super::world::World;
use crate::fixtures::counter::CounterEvent;
use crate::invariant::Invariant::{NoEffect, Once, Readable, Rules, Whole};
use crate::invariant::{Checked, Violation};
use crate::sim::trace::Step;

/// All counters, and all calls.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) counters: Vec<History>,
    pub(super) calls: Vec<CallRecord>,
    head: Position,
    pub(super) broken_bells: [bool; COUNTERS.len()],
}

impl Ledger {
    pub(super) fn new(counters: usize, broken_bells: [bool; COUNTERS.len()]) -> Self {
        Ledger {
            counters: (0..counters).map(|_| History::new()).collect(),
            calls: Vec::new(),
            head: Position::START,
            broken_bells,
        }
    }

    /// Events took effect. `clock` is the latest time that any clock of this run has shown.
    pub(super) fn append(
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
            let entered = self.append_one(by, position, event, clock);
            entered.map_err(|Violation { invariant, what }| {
                invariant.broken(format!("the event at {position} by {by:?} {what}: {event:?}"))
            })?;
        }
        events.iter().try_for_each(|event| self.is_whole(event))
    }

    fn append_one(
        &mut self,
        by: Writer,
        at: Position,
        event: &EncodedEvent,
        clock: Timestamp,
    ) -> Checked {
        if event.is_reserved() {
            return self.append_answer(by, at, event, clock);
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
        if let Writer::Node(node) | Writer::Late(node) = by {
            self.by_call(node, &counters, at, event, &decoded)?;
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
    fn append_answer(
        &mut self,
        by: Writer,
        at: Position,
        event: &EncodedEvent,
        clock: Timestamp,
    ) -> Checked {
        let call = call_of(event);
        let record = call.and_then(|call| self.calls.get_mut(call));
        let record = record.ok_or_else(|| Rules.broken("belongs to no call"))?;
        Rules.require(record.call.keyed, || "belongs to a call without a key".into())?;
        NoEffect.require(!record.denied, || {
            "belongs to a call that was told it had no effect".into()
        })?;
        let first = record.answered.replace(at);
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
        let record = call_of(event).and_then(|call| self.calls.get(call));
        let Some(record) = record.filter(|record| record.call.keyed) else {
            return Ok(());
        };
        let whole = match record.call.verb.other_counter() {
            Some(_) => record.written.map(|at| at.plus(1)) == record.answered,
            None => event.metadata.extra().idempotency.is_some(),
        };
        Whole.require(whole, || format!("what its key was answered is not with it: {record:?}"))
    }
}

/// What a call may leave in the journal.
#[derive(Debug)]
pub(super) struct CallRecord {
    pub(super) call: Call,
    /// Whom it was asked of: if it has a key, perhaps several.
    pub(super) nodes: Vec<usize>,
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

impl CallRecord {
    pub(super) fn new(call: Call, alarm: Option<Timestamp>) -> Self {
        CallRecord {
            call,
            nodes: Vec::new(),
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

/// What comes of an append.
pub(super) type Outcome = Result<Appended, AppendError>;

impl World {
    /// An append takes effect, unless its condition does not hold.
    pub(super) fn take_effect(
        &self,
        by: Writer,
        counter: usize,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Outcome {
        let outcome = self.store.append(events.clone(), condition).now();
        let outcome = outcome.expect("a journal in memory answers at once");
        let node = match by {
            Writer::Node(node) | Writer::Late(node) => Some(node),
            Writer::Foreign => None,
        };
        match &outcome {
            Ok(appended) => {
                let latest = self.latest();
                let first = appended.first.get();
                self.note(&Step::Appended { by: node, counter, first, events: events.len() });
                let checked = self.ledger.lock().append(by, appended.first, &events, latest);
                self.expect(checked);
            }
            Err(AppendError::Conflict { at }) => {
                self.covered(Case::Conflict);
                let at = at.get();
                self.note(&Step::Conflict { node, counter, at });
            }
            Err(error) => {
                self.violated(Readable.broken(format!("the journal in memory failed: {error}")));
            }
        }
        outcome
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
