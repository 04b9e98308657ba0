//! What an outline knows of the deadlines of aggregates of one type.

use std::collections::BTreeSet;

use super::Outline;
use super::deadlines::Due;
use super::names::Table;
use super::open::{OfKey, Open};
use crate::journal::ANSWERED;
use crate::time::Timestamp;

/// Whose deadlines are asked for: aggregates of one type, by what it is called and was.
///
/// For an example see [`Outline`].
#[derive(Debug, Clone, Copy)]
pub struct DeadlinesOf<'a> {
    /// The `NAME` of the type, and those that it had.
    pub names: &'a [&'a str],
    /// The keys of its tags, and those that it had.
    pub keys: &'a [&'a str],
    /// The event types that it reads, by all names that they have or had, and those of Bailiwick's own that concern an
    /// aggregate.
    pub types: &'a [&'a str],
    /// The version of the rule. What was recorded by another one says nothing.
    pub rule: u32,
}

/// What is known of the deadlines of aggregates of one type, which are named by the values of their tags.
///
/// For an example see [`Outline`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownDeadlines<'a> {
    /// The deadlines that were recorded last, in the order of the values.
    pub armed: Vec<(&'a str, Timestamp)>,
    /// Who was concerned by an event since, whose deadline is not known by that, in order; some of them may be armed as
    /// well. None if it may be anybody.
    pub open: Option<Vec<&'a str>>,
    /// Some of all for whom anything was ever recorded, each with the same chance.
    pub drawn: Vec<&'a str>,
}

impl Outline {
    /// What is known of the deadlines of these aggregates. Nobody with a deadline is left out: it is armed at that time or
    /// earlier, or open.
    ///
    /// For an example see [`Outline`].
    pub fn deadlines_of(&self, of: &DeadlinesOf<'_>) -> KnownDeadlines<'_> {
        let names = numbers(&self.names.aggregates, of.names);
        let keys = numbers(&self.names.keys, of.keys);
        let types = numbers(&self.names.types, of.types);
        let is_its = |due: &&Due| {
            let Due { key, aggregate, deadline, .. } = due;
            deadline.version() == of.rule && keys.contains(key) && names.contains(aggregate)
        };
        let armed = self.deadlines.iter().filter_map(|(value, known)| {
            let last = known.iter().filter(is_its).max_by_key(|due| due.at)?;
            Some((value, last.deadline.at()?))
        });
        let mut armed: Vec<_> = armed.collect();
        armed.sort_unstable();
        let keys = || keys.iter().filter_map(|key| self.keys.get(*key as usize));
        let (mut open, reserved) = (Some(BTreeSet::new()), self.names.types.get(ANSWERED));
        for key in keys() {
            key.add_open(&names, of.rule, &types, reserved, &mut open);
        }
        let named = keys().flat_map(|key| &key.names);
        let named = named.filter(|named| names.contains(&named.aggregate));
        let drawn: BTreeSet<_> = named.flat_map(|named| named.drawn.values()).collect();
        KnownDeadlines {
            armed,
            open: open.map(|open| open.into_iter().collect()),
            drawn: drawn.into_iter().collect(),
        }
    }
}

impl OfKey {
    /// Adds those whose deadline is open for aggregates of these names, which read these types.
    fn add_open<'a>(
        &'a self,
        names: &[u32],
        rule: u32,
        types: &[u32],
        reserved: Option<u32>,
        all: &mut Option<BTreeSet<&'a str>>,
    ) {
        let (mut set, mut is_mixed) = (0_usize, false);
        for (nth, of) in
            self.names.iter().enumerate().filter(|(_, of)| names.contains(&of.aggregate))
        {
            set |= usize::from(of.rule == rule) << nth;
            is_mixed |= of.rule != rule;
        }
        match self.sets.get(set) {
            Some(open) => open.add_to(all, types),
            None => *all = None,
        }
        if is_mixed && let (Some(open), Some(reserved)) = (self.sets.first(), reserved) {
            // What they wrote of Bailiwick's own by another rule is open, too.
            open.add_to(all, &[reserved]);
        }
    }
}

impl Open {
    fn add_to<'a>(&'a self, all: &mut Option<BTreeSet<&'a str>>, types: &[u32]) {
        if self.beyond.iter().any(|beyond| types.contains(beyond)) {
            *all = None;
        }
        let Some(all) = all else { return };
        for (value, by) in &self.tags {
            if by.iter().any(|by| types.contains(by)) {
                all.insert(value);
            }
        }
    }
}

fn numbers(table: &Table, texts: &[&str]) -> Vec<u32> {
    texts.iter().filter_map(|text| table.get(text)).collect()
}
