//! What decisions queue for: a line for each pair of type and tag, and one for each type.
//!
//! A line is a number, made of the text by a seeded hash, so that no text is compared or copied where
//! decisions meet. Two texts with one number make decisions take turns that need not, and nothing
//! else: who overlaps has lines in common whatever the numbers are.

use std::hash::BuildHasher;

use bailiwick_core::journal::QueryItem;
use bailiwick_core::views::{Boundary, ReadingItem};
use foldhash::quality::FixedState;

/// A line.
pub(super) type Number = u64;

/// In the number of each type, and of no pair.
const TYPES: Number = 1 << 63;

/// Makes numbers of texts, the same ones for all who meet.
pub(super) struct Numbers(FixedState);

/// The lines to stand in, some perhaps named twice.
pub(super) struct Lines {
    /// Those to be alone in first: of the pairs, and of types whatever the tags. Then those that are
    /// shared: of the types of the pairs.
    numbers: Vec<Number>,
    alone: usize,
    whole: bool,
}

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Numbers(FixedState::with_seed(seed))
    }

    /// The lines for what a boundary guards.
    pub(super) fn lines_of(&self, boundary: &Boundary) -> Lines {
        let guarding = boundary.reading().iter().filter(|reading| reading.guards());
        self.lines(guarding.map(ReadingItem::item))
    }

    /// The lines for items that name types.
    pub(super) fn lines<'a>(&self, items: impl Iterator<Item = &'a QueryItem> + Clone) -> Lines {
        let each = |item: &QueryItem| (item.types().len(), item.tags().as_slice().len());
        let sizes = items.clone().map(each);
        let alone = sizes.clone().map(|(types, tags)| types * tags.max(1)).sum();
        let shared: usize = sizes.map(|(types, _)| types).sum();
        let mut numbers = Vec::with_capacity(alone + shared);
        numbers.resize(alone, 0);
        let (mut at, mut whole) = (0, false);
        for item in items {
            let from = numbers.len();
            numbers.extend(item.types().iter().map(|event_type| self.of_type(event_type.as_str())));
            if item.tags().as_slice().is_empty() {
                whole = true;
                let types = numbers.len() - from;
                numbers.copy_within(from.., at);
                numbers.truncate(from);
                at += types;
            }
            for tag in item.tags() {
                let tag = self.0.hash_one(tag.as_str());
                for nth in from..numbers.len() {
                    numbers[at] = self.of_pair(numbers[nth], tag);
                    at += 1;
                }
            }
        }
        Lines { numbers, alone, whole }
    }

    fn of_type(&self, event_type: &str) -> Number {
        self.0.hash_one(event_type) | TYPES
    }

    fn of_pair(&self, of_type: Number, tag: u64) -> Number {
        self.0.hash_one((of_type, tag)) & !TYPES
    }
}

impl Lines {
    /// Whether a type is among them whatever the tags.
    pub(super) fn whole(&self) -> bool {
        self.whole
    }

    /// Those to be alone in.
    pub(super) fn alone(&self) -> &[Number] {
        &self.numbers[..self.alone]
    }

    /// Those that are shared with all who do not want to be alone there.
    pub(super) fn shared(&self) -> &[Number] {
        &self.numbers[self.alone..]
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::Tag;

    use super::*;

    fn item(types: &[&'static str], tags: &[&str]) -> QueryItem {
        let tag = |text: &&str| text.parse::<Tag>().unwrap();
        QueryItem::new(types.iter().copied(), tags.iter().map(tag)).unwrap()
    }

    #[test]
    fn who_names_the_same_stands_in_the_same_lines() {
        let numbers = Numbers::new(1);
        let lines = |items: &[QueryItem]| numbers.lines(items.iter());
        let pair = |event_type, tag| lines(&[item(&[event_type], &[tag])]).alone()[0];
        let whole = |event_type| lines(&[item(&[event_type], &[])]).alone()[0];
        let all =
            lines(&[item(&["A", "B"], &["x:1", "y:1"]), item(&["C"], &[]), item(&["B"], &["x:1"])]);
        assert!(all.whole());
        let pairs = [pair("A", "x:1"), pair("B", "x:1"), pair("A", "y:1"), pair("B", "y:1")];
        assert_eq!(all.alone(), [&pairs[..], &[whole("C"), pair("B", "x:1")]].concat());
        assert_eq!(all.shared(), [whole("A"), whole("B"), whole("B")]);
        assert!(!lines(&[item(&["A"], &["x:1"])]).whole());
        let mut others =
            [&pairs[..], &[whole("A"), whole("B"), whole("C"), pair("A", "x:2")]].concat();
        others.sort_unstable();
        others.dedup();
        assert_eq!(others.len(), 8, "each has a number of its own");
        assert!(lines(&[]).alone().is_empty());
    }
}
