//! What the journal has shown of one event type, and what is wrong with an event of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use bailiwick_core::journal::{RESERVED_PREFIX, RESERVED_TYPES, RecordedEvent};
use bailiwick_core::{BoxError, EventDescriptor, IdDescriptor, Position, SchemaVersion, Tag};

use super::{Found, Ignored, Named, Names, Set, each_once, has_key, knows};
use crate::error;
use crate::startup::error::StartError;

/// What is known of an event type that is in the journal.
pub(super) struct Seen<'a> {
    /// Somebody else's: no more is to be known.
    pub(super) ignored: bool,
    /// What it is here; none if it is Bailiwick's own, or retired.
    known: Option<&'static EventDescriptor>,
    /// Who reads or emits it.
    sets: Vec<&'a Set>,
    /// Which aggregates read it.
    aggregates: Vec<&'a Named>,
    /// How many there were of each version.
    versions: BTreeMap<SchemaVersion, u64>,
    ids: Vec<SeenId>,
    /// Keys of tags that are of no ID by which it is found, but of others.
    others: Vec<Box<str>>,
    /// A tag whose key no ID here has.
    pub(super) orphan: Option<(Tag, Position)>,
}

/// An ID by which an event type is found.
pub(super) struct SeenId {
    id: IdDescriptor,
    /// An event of the type carries its tag.
    carried: bool,
}

impl<'a> Seen<'a> {
    /// Learns what is known of a type that was not seen before.
    pub(super) fn first(names: &'a Names, recorded: &RecordedEvent) -> Result<Self, StartError> {
        let name = recorded.event.event_type.as_str();
        let ignored = names.ignored.events.contains(name);
        let reserved = recorded.event.is_reserved();
        let sets: Vec<_> = names.sets.iter().filter(|set| set.knows(name)).collect();
        let reads = |aggregate: &&Named| reserved || knows(aggregate.types, name);
        let aggregates: Vec<_> = names.aggregates.iter().filter(reads).collect();
        if reserved && !ignored && !RESERVED_TYPES.contains(&name) {
            return Err(StartError::NewerBailiwick { event: Found::of(recorded) });
        }
        if sets.is_empty() && !reserved && !ignored {
            return Err(StartError::UnknownEventType { event: Found::of(recorded) });
        }
        let of_sets = sets.iter().flat_map(|set| &set.ids);
        let ids = each_once(of_sets.chain(aggregates.iter().map(|aggregate| &aggregate.id)));
        let mut alive = sets.iter().flat_map(|set| set.alive());
        Ok(Seen {
            ignored,
            known: alive.find(|known| known.names().any(|known| known == name)),
            ids: ids.into_iter().map(|id| SeenId { id, carried: false }).collect(),
            sets,
            aggregates,
            versions: BTreeMap::new(),
            others: Vec::new(),
            orphan: None,
        })
    }

    /// Whether an event of the type carries a tag of this ID.
    pub(super) fn carries(&self, id: &IdDescriptor) -> bool {
        self.ids.iter().any(|known| known.id.id_type == id.id_type && known.carried)
    }

    /// Counts it, and decodes it now and then, and always if it is a sample.
    pub(super) fn version(
        &mut self,
        ignored: &Ignored,
        recorded: &RecordedEvent,
        is_sample: bool,
    ) -> Result<(), StartError> {
        let version = recorded.event.version;
        if !self.versions.contains_key(&version) {
            self.check_version(recorded)?;
        }
        let count = self.versions.entry(version).or_insert(0_u64);
        *count += 1;
        let is_decoded = is_sample || count.is_power_of_two();
        if !is_decoded || ignored.unreadable.contains(&recorded.position) {
            return Ok(());
        }
        for set in &self.sets {
            let decoded = guarded(|| (set.decode)(&recorded.event));
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
    pub(super) fn origin(
        &self,
        ignored: &Ignored,
        aggregates: &HashMap<&'static str, &Named>,
        recorded: &RecordedEvent,
    ) -> Result<(), StartError> {
        let Some(origin) = &recorded.event.metadata.origin else { return Ok(()) };
        let (name, key) = (origin.aggregate.as_str(), origin.tag.key());
        let Some(own) = aggregates.get(name) else {
            // Of those that no aggregate reads, whose they are makes no difference.
            if self.aggregates.is_empty() || ignored.aggregates.contains(name) {
                return Ok(());
            }
            return Err(StartError::UnknownAggregate { event: Found::of(recorded) });
        };
        if !has_key(&own.id, key) && !ignored.keys.contains(key) {
            return Err(StartError::UnknownKey {
                event: Found::of(recorded),
                aggregate: own.name,
                id: own.id.id,
                key: own.id.key,
                found: key.to_owned(),
            });
        }
        if !self.aggregates.iter().any(|known| std::ptr::eq(*known, *own)) {
            let (event, aggregate) = (Found::of(recorded), own.name);
            return Err(StartError::NotInItsSet { event, aggregate });
        }
        Ok(())
    }

    /// The IDs in its tags are still IDs.
    pub(super) fn tags(
        &mut self,
        ignored: &Ignored,
        keys: &HashSet<&'static str>,
        recorded: &RecordedEvent,
    ) -> Result<(), StartError> {
        for tag in &recorded.event.tags {
            if tag.key().starts_with(RESERVED_PREFIX) {
                continue;
            }
            let (mut is_known, key) = (false, tag.key());
            for known in self.ids.iter_mut().filter(|known| has_key(&known.id, key)) {
                (is_known, known.carried) = (true, true);
                let check = guarded(|| (known.id.check)(tag.value()));
                if let Err(source) = check
                    && !ignored.ids.contains(tag.as_str())
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
                self.other(ignored, keys, tag, recorded.position);
            }
        }
        Ok(())
    }

    /// A tag by which nobody here finds the type.
    fn other(
        &mut self,
        ignored: &Ignored,
        keys: &HashSet<&'static str>,
        tag: &Tag,
        position: Position,
    ) {
        let key = tag.key();
        if self.orphan.is_some() || self.others.iter().any(|other| **other == *key) {
            return;
        }
        if keys.contains(key) || ignored.keys.contains(key) {
            self.others.push(key.into());
        } else {
            self.orphan = Some((tag.clone(), position));
        }
    }
}

/// Runs what the domain says about its own form.
fn guarded<E: Into<BoxError>>(code: impl FnOnce() -> Result<(), E>) -> Result<(), BoxError> {
    error::guarded(code)?.map_err(Into::into)
}
