//! The names as they meet the journal: each of its events is looked at once, in order of position, or one of each shape
//! that they have.
//!
//! An event costs a look-up of its type, one of who decided it, and a check of the IDs in its tags.
//! Of each type and version some are decoded: the first, the second, the fourth, the eighth, and so
//! on; and each that stands for others. So a form that this program cannot read is found here, and not when somebody is called.

use std::collections::{HashMap, HashSet};

use bailiwick_core::journal::{POLICY_STARTED, RecordedEvent};
use bailiwick_core::policy::{POLICY_KEY, PolicyFact, recorded_kind};
use bailiwick_core::{EventDescriptor, IdDescriptor, ReactionKind, Tag, Text};

use foldhash::fast::FixedState;

use super::seen::Seen;
use super::{Ignored, Named, Names, Set};
use crate::startup::error::StartError;

/// The names, and what the journal has shown of them so far.
pub(crate) struct Schema<'a> {
    names: &'a Names,
    /// Aggregates by each name that they have or had.
    aggregates: HashMap<&'static str, &'a Named>,
    /// The keys of all IDs here.
    keys: HashSet<&'static str>,
    /// What was seen, by the name of the type.
    seen: HashMap<Text, Seen<'a>, FixedState>,
}

impl<'a> Schema<'a> {
    /// # Errors
    /// If the names contradict each other.
    pub(crate) fn new(names: &'a Names) -> Result<Self, StartError> {
        names.check()?;
        let by_name = |known: &'a Named| known.names().map(move |name| (name, known));
        let aggregates = names.aggregates.iter().flat_map(by_name).collect();
        let keys = names.ids().iter().flat_map(IdDescriptor::keys).collect();
        Ok(Schema { names, aggregates, keys, seen: HashMap::default() })
    }

    /// Nobody here reads or writes anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.sets.is_empty()
    }

    /// Looks at the next event of the journal.
    ///
    /// # Errors
    /// If it would be passed over, or misread.
    pub(crate) fn see(&mut self, recorded: &RecordedEvent) -> Result<(), StartError> {
        self.look_at(recorded, false)
    }

    /// Looks at an event that stands for all of its shape.
    ///
    /// # Errors
    /// As [`see`](Self::see).
    pub(crate) fn see_sample(&mut self, sample: &RecordedEvent) -> Result<(), StartError> {
        self.look_at(sample, true)
    }

    fn look_at(&mut self, recorded: &RecordedEvent, is_sample: bool) -> Result<(), StartError> {
        let event_type = &recorded.event.event_type;
        self.see_reaction(recorded)?;
        let Schema { names, aggregates, keys, seen } = self;
        let seen = match seen.get_mut(event_type.as_str()) {
            Some(seen) => seen,
            None => {
                let first = Seen::first(names, recorded)?;
                seen.entry(event_type.clone()).or_insert(first)
            }
        };
        if seen.ignored {
            return Ok(());
        }
        seen.version(&names.ignored, recorded, is_sample)?;
        seen.origin(&names.ignored, aggregates, recorded)?;
        seen.tags(&names.ignored, keys, recorded)
    }

    /// A policy or an effect was started: it is known here.
    fn see_reaction(&self, recorded: &RecordedEvent) -> Result<(), StartError> {
        if recorded.event.event_type != POLICY_STARTED {
            return Ok(());
        }
        let names = recorded.event.tags.iter().filter(|tag| tag.key() == POLICY_KEY);
        for name in names.map(Tag::value) {
            if self.names.reactions.iter().any(|known| known.name == name) {
                continue;
            }
            let kind = match recorded.event.decode() {
                Ok(Some(PolicyFact::Started { lane, .. })) => recorded_kind(&lane),
                _ => ReactionKind::Policy,
            };
            let Ignored { policies, effects, .. } = &self.names.ignored;
            let ignored = if kind == ReactionKind::Policy { policies } else { effects };
            if !ignored.contains(name) {
                let (name, position) = (name.to_owned(), recorded.position);
                return Err(StartError::UnknownReaction { kind, name, position });
            }
        }
        Ok(())
    }

    /// The journal is at its end.
    ///
    /// # Errors
    /// If somebody waits for what is not there.
    pub(crate) fn end(self) -> Result<(), StartError> {
        self.check_emitted()?;
        self.check_carried()
    }

    /// What is read is emitted here, or was once.
    fn check_emitted(&self) -> Result<(), StartError> {
        let sets = &self.names.sets;
        let emitting = sets.iter().filter(|set| set.emits);
        let emitted: HashSet<_> = emitting.flat_map(Set::alive).map(|e| e.name).collect();
        for reader in sets.iter().filter(|set| !set.emits) {
            let is_there = |known: &EventDescriptor| {
                emitted.contains(known.name)
                    || known.names().any(|name| self.seen.contains_key(name))
            };
            if let Some(known) = reader.alive().find(|known| !is_there(known)) {
                return Err(StartError::NobodyEmits { reader: reader.of, event: known.name });
            }
        }
        Ok(())
    }

    /// Who finds events by an ID finds some, or there is no tag that may have been its.
    fn check_carried(&self) -> Result<(), StartError> {
        for set in &self.names.sets {
            let names = || set.types.iter().flat_map(EventDescriptor::names);
            let seen = || names().filter_map(|name| self.seen.get_key_value(name));
            for id in &set.ids {
                if seen().any(|(_, seen)| seen.carries(id)) {
                    continue;
                }
                let mut orphans =
                    seen().filter_map(|(name, seen)| Some((name, seen.orphan.as_ref()?)));
                if let Some((event, (tag, position))) = orphans.next() {
                    return Err(StartError::KeyNeverSeen {
                        reader: set.of,
                        id: id.id,
                        key: id.key,
                        event: event.as_str().to_owned(),
                        position: *position,
                        tag: tag.clone(),
                    });
                }
            }
        }
        Ok(())
    }
}
