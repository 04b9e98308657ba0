//! The names of the events: the schema of the journal, and what must hold of it before anything
//! runs.
//!
//! 1. A name, today's or an old one, belongs to one Rust type.
//! 2. Who reads a type that is never emitted here, and never was, has misspelt it.

use std::collections::HashMap;

use bailiwick_core::{EventDescriptor, RESERVED_PREFIX, RecordedEvent};

use crate::start::StartError;

/// Everything that emits or reads events.
#[derive(Default)]
pub(crate) struct Names {
    sets: Vec<Set>,
}

struct Set {
    /// The Rust type that emits or reads it.
    of: &'static str,
    emits: bool,
    types: &'static [EventDescriptor],
}

/// Event types, by each name that they have or had.
pub(crate) type ByName = HashMap<&'static str, &'static EventDescriptor>;

impl Names {
    pub(crate) fn emitter(&mut self, of: &'static str, types: &'static [EventDescriptor]) {
        self.sets.push(Set { of, emits: true, types });
    }

    pub(crate) fn reader(&mut self, of: &'static str, types: &'static [EventDescriptor]) {
        self.sets.push(Set { of, emits: false, types });
    }

    /// The event types that are alive, each by all of its names.
    ///
    /// # Errors
    /// If the sets contradict each other, or themselves.
    pub(crate) fn by_name(&self) -> Result<ByName, StartError> {
        let mut by_name = ByName::new();
        for known in self.types() {
            for event in known.names() {
                if event.starts_with(RESERVED_PREFIX) {
                    return Err(StartError::ReservedName { event, owner: known.owner });
                }
                if known.retired {
                    continue;
                }
                if let Some(other) = by_name.insert(event, known)
                    && (other.owner_id, other.name) != (known.owner_id, known.name)
                {
                    let (first, second) = (other.owner, known.owner);
                    return Err(StartError::EventTypeClaimedTwice { event, first, second });
                }
            }
        }
        self.sets.iter().try_for_each(Set::check_retired)?;
        Ok(by_name)
    }

    /// What is read and never emitted: to be seen in the journal.
    pub(crate) fn unemitted(&self) -> Unemitted {
        let alive = |set: &Set| set.types.iter().filter(|known| !known.retired);
        let emitted: Vec<_> = self
            .sets
            .iter()
            .filter(|set| set.emits)
            .flat_map(alive)
            .map(|known| known.name)
            .collect();
        let mut reads = Vec::new();
        for set in self.sets.iter().filter(|set| !set.emits) {
            let unemitted = alive(set).filter(|known| !emitted.contains(&known.name));
            reads.extend(unemitted.map(|known| (set.of, known)));
        }
        Unemitted(reads)
    }

    fn types(&self) -> impl Iterator<Item = &'static EventDescriptor> {
        self.sets.iter().flat_map(|set| set.types)
    }
}

impl Set {
    fn check_retired(&self) -> Result<(), StartError> {
        for dead in self.types.iter().filter(|known| known.retired) {
            let mut alive = self.types.iter().filter(|known| !known.retired);
            if let Some(alive) = alive.find(|known| known.names().any(|name| name == dead.name)) {
                let (event, set, owner) = (dead.name, dead.owner, alive.owner);
                return Err(StartError::RetiredButAlive { event, set, owner });
            }
        }
        Ok(())
    }
}

/// Who reads what nobody emits, as long as the journal has not shown it.
pub(crate) struct Unemitted(Vec<(&'static str, &'static EventDescriptor)>);

impl Unemitted {
    pub(crate) fn see(&mut self, recorded: &RecordedEvent) {
        if !self.0.is_empty() {
            let event_type = recorded.event.event_type.as_str();
            self.0.retain(|(_, known)| known.names().all(|name| name != event_type));
        }
    }

    /// # Errors
    /// If the whole journal has not shown it.
    pub(crate) fn check(self) -> Result<(), StartError> {
        match self.0.first() {
            None => Ok(()),
            Some((reader, known)) => Err(StartError::NobodyEmits { reader, event: known.name }),
        }
    }
}
