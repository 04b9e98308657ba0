//! What decisions lock: a key for each pair of type and tag, and one for each type.
//!
//! A lock key is a number, made of the text by a seeded hash, so that no text is compared or copied where
//! decisions meet. Two texts with one number make decisions take turns that need not, and nothing
//! else: who overlaps has lock keys in common whatever the numbers are.

use std::hash::BuildHasher;

use bailiwick_core::journal::QueryItem;
use bailiwick_core::views::{Boundary, ReadingItem};
use foldhash::quality::FixedState;

/// A lock key.
pub(super) type LockKey = u64;

/// In the number of each type, and of no pair.
const TYPES: LockKey = 1 << 63;

/// Makes numbers of texts, the same ones for all who meet.
pub(super) struct LockKeyHasher(FixedState);

/// The keys of the locks to queue at, some perhaps named twice.
pub(super) struct LockKeys {
    /// Those to be alone in first: of the pairs, and of types whatever the tags. Then those that are
    /// shared: of the types of the pairs.
    numbers: Vec<LockKey>,
    alone: usize,
    whole: bool,
}

impl LockKeyHasher {
    pub(super) fn new(seed: u64) -> Self {
        LockKeyHasher(FixedState::with_seed(seed))
    }

    /// The lock keys for what a boundary guards.
    pub(super) fn lock_keys_of(&self, boundary: &Boundary) -> LockKeys {
        let guarding = boundary.reading().iter().filter(|reading| reading.guards());
        self.lock_keys(guarding.map(ReadingItem::item))
    }

    /// The lock keys for items that name types.
    pub(super) fn lock_keys<'a>(
        &self,
        items: impl Iterator<Item = &'a QueryItem> + Clone,
    ) -> LockKeys {
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
        LockKeys { numbers, alone, whole }
    }

    fn of_type(&self, event_type: &str) -> LockKey {
        self.0.hash_one(event_type) | TYPES
    }

    fn of_pair(&self, of_type: LockKey, tag: u64) -> LockKey {
        self.0.hash_one((of_type, tag)) & !TYPES
    }
}

impl LockKeys {
    /// Whether a type is among them whatever the tags.
    pub(super) fn whole(&self) -> bool {
        self.whole
    }

    /// Those to be alone in.
    pub(super) fn alone(&self) -> &[LockKey] {
        &self.numbers[..self.alone]
    }

    /// Those that are shared with all who do not want to be alone there.
    pub(super) fn shared(&self) -> &[LockKey] {
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
        let numbers = LockKeyHasher::new(1);
        let lock_keys = |items: &[QueryItem]| numbers.lock_keys(items.iter());
        let pair = |event_type, tag| lock_keys(&[item(&[event_type], &[tag])]).alone()[0];
        let whole = |event_type| lock_keys(&[item(&[event_type], &[])]).alone()[0];
        let all = lock_keys(&[
            item(&["A", "B"], &["x:1", "y:1"]),
            item(&["C"], &[]),
            item(&["B"], &["x:1"]),
        ]);
        assert!(all.whole());
        let pairs = [pair("A", "x:1"), pair("B", "x:1"), pair("A", "y:1"), pair("B", "y:1")];
        assert_eq!(all.alone(), [&pairs[..], &[whole("C"), pair("B", "x:1")]].concat());
        assert_eq!(all.shared(), [whole("A"), whole("B"), whole("B")]);
        assert!(!lock_keys(&[item(&["A"], &["x:1"])]).whole());
        let mut others =
            [&pairs[..], &[whole("A"), whole("B"), whole("C"), pair("A", "x:2")]].concat();
        others.sort_unstable();
        others.dedup();
        assert_eq!(others.len(), 8, "each has a number of its own");
        assert!(lock_keys(&[]).alone().is_empty());
    }
}
