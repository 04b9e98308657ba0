//! News: whatever this runtime appends is told to all aggregates of it that read it, before whoever
//! caused it hears of it.
//!
//! 1. There is no other way: events of commands, of deadlines and of decisions pass here between the
//!    append and the gate.
//! 2. Who is in memory reads what is new before its next turn and its next read. Who is stored has
//!    its deadline armed: at once, if somebody knows it; else as one that is due, so that it is
//!    loaded, and tried again until it could be. What may or may not have been
//!    written is read once that can be told.
//! 3. Whoever tells holds no lock of its own, and nobody decides anything while being told: it comes
//!    to its turn in a task of its own. So nobody waits in a circle, and those who answer each other
//!    for ever need no stack.
//! 4. An event that concerns nobody but its emitter costs one look: which types concern others is
//!    known from the start, and of those the tags are looked at.
//!
//! Bailiwick's own events are told to nobody: nobody folds them, and the condition of an append finds
//! them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};

use bailiwick_core::journal::{DeadlineOf, EncodedEvent, RecordedDeadline};
use bailiwick_core::{Position, Tag, Text};

use crate::registry::aggregate_type::AnyAggregateType;

/// Which aggregate types of a runtime read which event types.
pub(crate) struct Readers {
    by_type: HashMap<&'static str, Reading>,
    /// Not kept alive: they have this.
    kinds: Vec<Weak<dyn AnyAggregateType>>,
}

/// Who reads an event type.
#[derive(Default)]
struct Reading {
    kinds: Vec<Reader>,
    /// The keys of their tags, today's.
    keys: Vec<&'static str>,
}

/// An aggregate type that reads an event type.
struct Reader {
    /// The place of the type.
    nth: usize,
    /// The keys of its tags.
    keys: Vec<&'static str>,
}

/// Aggregates that read some of the events of an append.
#[derive(Default)]
pub(crate) struct Concerned(BTreeMap<(usize, Tag), Concern>);

/// What is known of an aggregate that is concerned.
struct Concern {
    /// Its last event: how many events of the append come before.
    last: usize,
    /// Its deadline after the append, if somebody knows it.
    deadline: Option<RecordedDeadline>,
}

impl Readers {
    pub(crate) fn of(kinds: &[Arc<dyn AnyAggregateType>]) -> Arc<Readers> {
        let mut by_type: HashMap<_, Reading> = HashMap::new();
        for (nth, kind) in kinds.iter().enumerate() {
            let keys = kind.keys();
            for name in kind.folded_types() {
                let reading = by_type.entry(name).or_default();
                reading.kinds.push(Reader { nth, keys: keys.clone() });
                reading.keys.extend(keys.first());
            }
        }
        let kinds = kinds.iter().map(Arc::downgrade).collect();
        Arc::new(Readers { by_type, kinds })
    }

    /// Whether an event of one of these types may concern aggregates of another type than this one.
    pub(crate) fn any_beside(&self, nth: usize, types: &[&'static str]) -> bool {
        let reading = types.iter().filter_map(|name| self.by_type.get(name));
        reading.flat_map(|reading| &reading.kinds).any(|reader| reader.nth != nth)
    }

    /// The keys of the tags of those who read this type; none if no aggregate does.
    pub(crate) fn keys(&self, event_type: &str) -> &[&'static str] {
        self.by_type.get(event_type).map_or(&[], |reading| &reading.keys)
    }

    /// Who reads these events, without the aggregate that emits them if one does.
    pub(crate) fn concerned_by(
        &self,
        events: &[EncodedEvent],
        emitter: Option<(usize, &Tag)>,
    ) -> Concerned {
        let mut concerned = Concerned::default();
        for (last, event) in events.iter().enumerate() {
            let reading = self.by_type.get(event.event_type.as_str());
            for reader in reading.map_or(&[][..], |reading| &reading.kinds) {
                for tag in event.tags.iter().filter(|tag| reader.keys.contains(&tag.key())) {
                    if emitter != Some((reader.nth, tag)) {
                        let concern = Concern { last, deadline: None };
                        concerned.0.insert((reader.nth, tag.clone()), concern);
                    }
                }
            }
        }
        concerned
    }

    /// Tells those who are concerned by an append whose first event stands at `first`.
    pub(crate) fn tell(&self, concerned: &Concerned, first: Position) {
        for ((nth, tag), Concern { last, deadline }) in &concerned.0 {
            if let Some(kind) = self.kinds[*nth].upgrade() {
                let at = first.plus(u64::try_from(*last).unwrap_or(0));
                kind.told(tag, at, *deadline);
            }
        }
    }

    /// Nobody knows whether the append was written: those whom it would concern look once that can be
    /// told.
    pub(crate) fn tell_perhaps(&self, concerned: &Concerned) {
        for (nth, tag) in concerned.0.keys() {
            if let Some(kind) = self.kinds[*nth].upgrade() {
                kind.told_perhaps(tag);
            }
        }
    }
}

impl Concerned {
    /// Asks `known` for the deadlines that they will have after the append.
    pub(crate) fn know(&mut self, known: impl Fn(usize, &Tag) -> Option<RecordedDeadline>) {
        for ((nth, tag), concern) in &mut self.0 {
            concern.deadline = known(*nth, tag);
        }
    }

    /// Records those deadlines beside the last event of each, so that a start need load nobody; as
    /// far as there is room in `most` bytes.
    pub(crate) fn record(
        &self,
        events: &mut [EncodedEvent],
        most: usize,
        name: impl Fn(usize) -> &'static str,
    ) {
        let known = self.0.iter().filter_map(|(key, of)| Some((key, of.last, of.deadline?)));
        let bytes: usize = events.iter().map(EncodedEvent::counted_bytes).sum();
        let mut room = most.saturating_sub(bytes);
        for ((nth, tag), last, deadline) in known {
            let of =
                DeadlineOf { aggregate: Text::literal(name(*nth)), tag: tag.clone(), deadline };
            let Some(left) = room.checked_sub(of.counted_bytes()) else { return };
            room = left;
            events[last].metadata.extra_mut().deadlines.push(of);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
