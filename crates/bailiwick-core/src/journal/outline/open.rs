//! Of one key of tags: who recorded deadlines under it, and whose deadline is open, because an event came after the
//! last one beside which it was recorded.
//!
//! Whose an aggregate is, by which names, is not known here. So it is kept for each set of the names that there are: of
//! those that were recorded under none of the names in it since. The set of no name at all has every tag there was; when
//! a name comes, it takes that over, for nothing was recorded under it before.

use std::collections::HashMap;

use super::drawn::Drawn;
use super::names::Names;
use crate::journal::{ANSWERED, RecordedDeadline};
use crate::tag::Tag;
use crate::text::Text;

/// So many names of aggregates a key may have: one, if none was renamed.
const MOST_NAMES: usize = 4;
/// So many tags are kept of a set; of a type of events that has more no tag is.
const MOST_OPEN: usize = 10_000;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct OfKey {
    pub(super) names: Vec<Named>,
    /// By the sum of the bits of the names in it.
    pub(super) sets: Vec<Open>,
}

/// Aggregates that recorded deadlines.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    /// The number of the name.
    pub(super) aggregate: u32,
    /// The latest version of their rule. What an earlier one recorded counts for nothing: it leaves the deadline open.
    pub(super) rule: u32,
    /// Some of them, each with the same chance: those whose tags' values have the lowest hashes.
    pub(super) drawn: Drawn,
}

/// Whose deadline is open.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Open {
    /// By the values of tags: the types of the events that opened them.
    pub(super) tags: HashMap<Box<str>, Vec<u32>>,
    /// Types of events whose tags were too many.
    pub(super) beyond: Vec<u32>,
}

/// A name, and whether a deadline of it counts.
pub(super) struct Learnt {
    pub(super) aggregate: u32,
    pub(super) bit: u32,
    pub(super) counts: bool,
}

impl Default for OfKey {
    fn default() -> Self {
        OfKey { names: Vec::new(), sets: vec![Open::default()] }
    }
}

impl OfKey {
    /// There were too many names: nothing is known.
    pub(super) fn is_crowded(&self) -> bool {
        self.sets.is_empty()
    }

    /// A deadline was recorded. None if there are too many names to know whose it is.
    pub(super) fn learn(
        &mut self,
        names: &mut Names,
        aggregate: &Text,
        deadline: RecordedDeadline,
        tag: &Tag,
    ) -> Option<Learnt> {
        let Names { aggregates, types, .. } = names;
        let is_it = |named: &Named| aggregates.text(named.aggregate) == aggregate.as_str();
        let nth = match self.names.iter().position(is_it) {
            Some(nth) => nth,
            None => self.add(|| aggregates.number(aggregate.as_str()), deadline.version())?,
        };
        let named = &mut self.names[nth];
        named.drawn.offer(tag.value());
        if named.rule < deadline.version() {
            named.rule = deadline.version();
            self.forget(1 << nth, types.get(ANSWERED));
        }
        let named = &self.names[nth];
        let counts = deadline.version() == named.rule;
        Some(Learnt { aggregate: named.aggregate, bit: 1 << nth, counts })
    }

    fn add(&mut self, aggregate: impl FnOnce() -> u32, rule: u32) -> Option<usize> {
        if self.names.len() == MOST_NAMES {
            self.sets = Vec::new();
        }
        if self.is_crowded() {
            return None;
        }
        self.names.push(Named { aggregate: aggregate(), rule, drawn: Drawn::default() });
        self.sets.extend_from_within(..);
        Some(self.names.len() - 1)
    }

    /// What was recorded under a name counts for nothing any more: it has another rule. Its own `reserved` events are in
    /// the set of no name only.
    fn forget(&mut self, bit: usize, reserved: Option<u32>) {
        for set in (0..self.sets.len()).filter(|set| set & bit != 0) {
            let mut open = self.sets[set ^ bit].clone();
            if let Some(reserved) = reserved {
                open.add_all_of(&self.sets[0], reserved);
            }
            self.sets[set] = open;
        }
    }

    /// Deadlines of this tag were recorded under these names.
    pub(super) fn close(&mut self, value: &str, names: u32) {
        for (set, open) in (0_u32..).zip(&mut self.sets) {
            if set & names != 0 {
                open.tags.remove(value);
            }
        }
    }

    /// An event came with this tag, and no deadline of it was recorded for these sets of names.
    pub(super) fn open(&mut self, value: &str, event_type: u32, for_names: impl Fn(u32) -> bool) {
        for (set, open) in (0..).zip(&mut self.sets) {
            if for_names(set) {
                open.add(value, event_type);
            }
        }
    }
}

impl Open {
    fn add_all_of(&mut self, other: &Open, event_type: u32) {
        for (value, types) in &other.tags {
            if types.contains(&event_type) {
                self.add(value, event_type);
            }
        }
        if other.beyond.contains(&event_type) {
            self.give_up(event_type);
        }
    }

    fn add(&mut self, value: &str, event_type: u32) {
        if self.beyond.contains(&event_type) {
            return;
        }
        if let Some(types) = self.tags.get_mut(value) {
            if !types.contains(&event_type) {
                types.push(event_type);
            }
        } else if self.tags.len() < MOST_OPEN {
            self.tags.insert(value.into(), vec![event_type]);
        } else {
            self.give_up(event_type);
        }
    }

    /// There are too many of this type.
    fn give_up(&mut self, event_type: u32) {
        if !self.beyond.contains(&event_type) {
            self.beyond.push(event_type);
        }
        self.tags.retain(|_, types| {
            types.retain(|known| *known != event_type);
            !types.is_empty()
        });
    }
}
