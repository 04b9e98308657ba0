//! What is wrong with the names by themselves, whatever the journal holds.

use std::collections::HashMap;

use bailiwick_core::journal::{RESERVED_PREFIX, RESERVED_TYPES};
use bailiwick_core::{EventDescriptor, Lane};

use super::{Named, Names, Set, has_key, knows};
use crate::startup::error::StartError;

impl Names {
    /// # Errors
    /// If two claim one name, or somebody ignores what somebody else knows.
    pub(super) fn check(&self) -> Result<(), StartError> {
        self.check_events()?;
        self.sets.iter().try_for_each(Set::check_retired)?;
        self.check_aggregates()?;
        self.check_keys()?;
        self.check_lanes()?;
        self.check_ignored()
    }

    fn check_events(&self) -> Result<(), StartError> {
        let mut by_name: HashMap<&'static str, &'static EventDescriptor> = HashMap::new();
        for known in self.sets.iter().flat_map(|set| set.types) {
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
        Ok(())
    }

    fn check_aggregates(&self) -> Result<(), StartError> {
        let mut by_name = HashMap::new();
        for known in &self.aggregates {
            for name in known.names() {
                let second = known.rust_type;
                if let Some(first) = by_name.insert(name, second)
                    && first != second
                {
                    return Err(StartError::NameTaken { name, first, second });
                }
            }
        }
        Ok(())
    }

    /// Two types may share a key, but an old key is nobody else's: events under it would be taken for
    /// those of two things.
    fn check_keys(&self) -> Result<(), StartError> {
        let ids = self.ids();
        for first in &ids {
            for second in ids.iter().filter(|other| other.id_type != first.id_type) {
                if let Some(key) = first.was.iter().copied().find(|key| has_key(second, key)) {
                    let (first, second) = (first.id, second.id);
                    return Err(StartError::KeyTaken { key, first, second });
                }
            }
        }
        Ok(())
    }

    /// News of which it is known that they have no lane are refused before there are any.
    fn check_lanes(&self) -> Result<(), StartError> {
        for wanting in &self.reactions {
            let Lane::Tag { key, was, .. } = wanting.lane else { continue };
            let has_lane = |known: &&EventDescriptor| {
                let emitted_by_its = |aggregate: &Named| {
                    let is_its = |key: &&str| has_key(&aggregate.id, key);
                    knows(aggregate.types, known.name) && (is_its(&key) || was.iter().any(is_its))
                };
                known.retired
                    || known.may_carry(key)
                    || was.iter().any(|key| known.may_carry(key))
                    || self.aggregates.iter().any(emitted_by_its)
            };
            if let Some(known) = wanting.types.iter().find(|known| !has_lane(known)) {
                let (kind, name, event) = (wanting.kind, wanting.name, known.name);
                return Err(StartError::NoLane { kind, name, event, key });
            }
        }
        for wanting in self.reactions.iter().filter(|known| known.lane == Lane::Emitter) {
            let others = self.sets.iter().filter(|set| set.emits && set.view.is_none());
            for set in others {
                let mut names = wanting.types.iter().map(|known| known.name);
                if let Some(event) = names.find(|name| set.knows(name)) {
                    let (kind, name, emitter) = (wanting.kind, wanting.name, set.of);
                    return Err(StartError::NoEmitter { kind, name, event, emitter });
                }
            }
        }
        Ok(())
    }

    fn check_ignored(&self) -> Result<(), StartError> {
        let refused = |what, name: &String, owner| {
            Err(StartError::IgnoredButKnown { what, name: name.clone(), owner })
        };
        for name in &self.ignored.events {
            if RESERVED_TYPES.contains(&name.as_str()) {
                return refused("event type", name, "bailiwick");
            }
            if let Some(set) = self.sets.iter().find(|set| set.knows(name)) {
                return refused("event type", name, set.of);
            }
        }
        for name in &self.ignored.aggregates {
            let mut aggregates = self.aggregates.iter();
            if let Some(known) = aggregates.find(|known| known.names().any(|known| known == name)) {
                return refused("aggregate", name, known.rust_type);
            }
        }
        for key in &self.ignored.keys {
            if let Some(id) = self.ids().iter().find(|id| has_key(id, key)) {
                return refused("tag key", key, id.id);
            }
        }
        Ok(())
    }
}

impl Set {
    fn check_retired(&self) -> Result<(), StartError> {
        for dead in self.types.iter().filter(|known| known.retired) {
            let mut alive = self.alive();
            if let Some(alive) = alive.find(|known| known.names().any(|name| name == dead.name)) {
                let (event, set, owner) = (dead.name, dead.owner, alive.owner);
                return Err(StartError::RetiredButAlive { event, set, owner });
            }
        }
        Ok(())
    }
}
