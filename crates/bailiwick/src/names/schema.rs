//! The names as they meet the journal: each of its events is looked at once, in order of position.
//!
//! An event costs a look-up of its type, one of who decided it, and a check of the IDs in its tags.
//! Of each type and version some are decoded: the first, the second, the fourth, the eighth, and so
//! on. So a form that this program cannot read is found here, and not when somebody is called.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use bailiwick_core::{
    BoxError, EventDescriptor, IdDescriptor, Position, RESERVED_TYPES, RecordedEvent,
    SchemaVersion, Tag, Text,
};

use super::{Found, Names, each_once, has_key, knows};
use crate::error::panic_message;
use crate::start::StartError;

/// The names, and what the journal has shown of them so far.
pub(crate) struct Schema {
    names: Names,
    /// Aggregates by each name that they have or had.
    aggregates: HashMap<&'static str, usize>,
    /// The keys of all IDs here.
    keys: HashSet<&'static str>,
    /// What was seen, by the name of the type.
    seen: HashMap<Text, Seen>,
}

/// What is known of an event type that is in the journal.
struct Seen {
    /// Somebody else's: no more is to be known.
    ignored: bool,
    /// What it is here; none if it is Bailiwick's own, or retired.
    known: Option<&'static EventDescriptor>,
    /// Who reads or emits it.
    sets: Vec<usize>,
    /// Which aggregates read it.
    aggregates: Vec<usize>,
    /// How many there were of each version.
    versions: Vec<(SchemaVersion, u64)>,
    ids: Vec<SeenId>,
    /// Keys of tags that are of no ID by which it is found, but of others.
    others: Vec<Box<str>>,
    /// A tag whose key no ID here has.
    orphan: Option<(Tag, Position)>,
}

/// An ID by which an event type is found.
struct SeenId {
    id: IdDescriptor,
    /// An event of the type carries its tag.
    carried: bool,
}

impl Schema {
    /// # Errors
    /// If the names contradict each other.
    pub(crate) fn new(names: Names) -> Result<Schema, StartError> {
        names.check()?;
        let by_name = |(place, known): (usize, &super::Named)| {
            known.names().map(|name| (name, place)).collect::<Vec<_>>()
        };
        let aggregates = names.aggregates.iter().enumerate().flat_map(by_name).collect();
        let keys = names.ids().iter().flat_map(IdDescriptor::keys).collect();
        Ok(Schema { names, aggregates, keys, seen: HashMap::new() })
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
        let event_type = &recorded.event.event_type;
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
        seen.version(names, recorded)?;
        seen.origin(names, aggregates, recorded)?;
        seen.tags(names, keys, recorded)
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
        let emitted: HashSet<_> = emitting.flat_map(|set| set.alive()).map(|e| e.name).collect();
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
                let carried = |seen: &Seen| {
                    seen.ids.iter().any(|known| known.id.id_type == id.id_type && known.carried)
                };
                if seen().any(|(_, seen)| carried(seen)) {
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

impl Seen {
    /// Learns what is known of a type that was not seen before.
    fn first(names: &Names, recorded: &RecordedEvent) -> Result<Seen, StartError> {
        let name = recorded.event.event_type.as_str();
        let ignored = names.ignored.events.contains(name);
        let reserved = recorded.event.is_reserved();
        let places = |knows: &dyn Fn(usize) -> bool, count| -> Vec<usize> {
            (0..count).filter(|place| knows(*place)).collect()
        };
        let sets = places(&|place| names.sets[place].knows(name), names.sets.len());
        let reads = |place: usize| reserved || knows(names.aggregates[place].types, name);
        let aggregates = places(&reads, names.aggregates.len());
        if reserved && !ignored && !RESERVED_TYPES.contains(&name) {
            return Err(StartError::NewerBailiwick { event: Found::of(recorded) });
        }
        if sets.is_empty() && !reserved && !ignored {
            return Err(StartError::UnknownEventType { event: Found::of(recorded) });
        }
        let of_sets = sets.iter().flat_map(|place| &names.sets[*place].ids);
        let of_aggregates = aggregates.iter().map(|place| &names.aggregates[*place].id);
        let ids = each_once(of_sets.chain(of_aggregates));
        let alive = sets.iter().flat_map(|place| names.sets[*place].alive());
        Ok(Seen {
            ignored,
            known: alive.into_iter().find(|known| known.names().any(|known| known == name)),
            ids: ids.into_iter().map(|id| SeenId { id, carried: false }).collect(),
            sets,
            aggregates,
            versions: Vec::new(),
            others: Vec::new(),
            orphan: None,
        })
    }

    /// Counts it, and decodes it now and then.
    fn version(&mut self, names: &Names, recorded: &RecordedEvent) -> Result<(), StartError> {
        let version = recorded.event.version;
        let known = self.versions.iter_mut().find(|(known, _)| *known == version);
        let count = match known {
            Some((_, count)) => count,
            None => {
                self.check_version(recorded)?;
                self.versions.push((version, 0));
                &mut self.versions.last_mut().expect("it was pushed").1
            }
        };
        *count += 1;
        if !count.is_power_of_two() || names.ignored.unreadable.contains(&recorded.position) {
            return Ok(());
        }
        for set in self.sets.iter().map(|place| &names.sets[*place]) {
            let decoded = guarded(|| (set.decode)(&recorded.event).map_err(BoxError::from));
            decoded.map_err(|source| StartError::Unreadable {
                event: Found::of(recorded),
                set: set.of,
                version,
                source,
            })?;
        }
        Ok(())
    }

    fn check_version(&self, recorded: &RecordedEvent) -> Result<(), StartError> {
        let found = recorded.event.version;
        if recorded.event.is_reserved() && found != 1 {
            return Err(StartError::NewerBailiwick { event: Found::of(recorded) });
        }
        match self.known {
            Some(known) if found > known.version() => Err(StartError::NewerVersion {
                event: Found::of(recorded),
                owner: known.owner,
                found,
                known: known.version(),
            }),
            _ => Ok(()),
        }
    }

    /// Who decided it is known, by the name and the key that are recorded, and still knows it.
    fn origin(
        &self,
        names: &Names,
        aggregates: &HashMap<&'static str, usize>,
        recorded: &RecordedEvent,
    ) -> Result<(), StartError> {
        let Some(origin) = &recorded.event.metadata.origin else { return Ok(()) };
        let (name, key) = (origin.aggregate.as_str(), origin.tag.key());
        let Some(place) = aggregates.get(name) else {
            // Of those that no aggregate reads, whose they are makes no difference.
            if self.aggregates.is_empty() || names.ignored.aggregates.contains(name) {
                return Ok(());
            }
            return Err(StartError::UnknownAggregate { event: Found::of(recorded) });
        };
        let own = &names.aggregates[*place];
        if !has_key(&own.id, key) && !names.ignored.keys.contains(key) {
            return Err(StartError::UnknownKey {
                event: Found::of(recorded),
                aggregate: own.name,
                id: own.id.id,
                key: own.id.key,
                found: key.to_owned(),
            });
        }
        if !self.aggregates.contains(place) {
            let (event, aggregate) = (Found::of(recorded), own.name);
            return Err(StartError::NotInItsSet { event, aggregate });
        }
        Ok(())
    }

    /// The IDs in its tags are still IDs.
    fn tags(
        &mut self,
        names: &Names,
        keys: &HashSet<&'static str>,
        recorded: &RecordedEvent,
    ) -> Result<(), StartError> {
        for tag in &recorded.event.tags {
            let mut is_known = false;
            for known in self.ids.iter_mut().filter(|known| has_key(&known.id, tag.key())) {
                (is_known, known.carried) = (true, true);
                let check = guarded(|| (known.id.check)(tag.value()).map_err(BoxError::from));
                if let Err(source) = check
                    && !names.ignored.ids.contains(tag.as_str())
                {
                    return Err(StartError::UnreadableId {
                        event: Found::of(recorded),
                        tag: tag.clone(),
                        id: known.id.id,
                        source,
                    });
                }
            }
            if !is_known {
                self.other(names, keys, tag, recorded.position);
            }
        }
        Ok(())
    }

    /// A tag by which nobody here finds the type.
    fn other(
        &mut self,
        names: &Names,
        keys: &HashSet<&'static str>,
        tag: &Tag,
        position: Position,
    ) {
        let key = tag.key();
        if self.orphan.is_some() || self.others.iter().any(|other| **other == *key) {
            return;
        }
        if keys.contains(key) || names.ignored.keys.contains(key) {
            self.others.push(key.into());
        } else {
            self.orphan = Some((tag.clone(), position));
        }
    }
}

/// Runs what the domain says about its own form.
fn guarded(code: impl FnOnce() -> Result<(), BoxError>) -> Result<(), BoxError> {
    let panicked =
        |panic: Box<dyn Any + Send>| Err(format!("it panics: {}", panic_message(&*panic)).into());
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(panicked)
}
