//! What decisions queue for: a line for each pair of type and tag, and one for each type.
//!
//! A line is a number, made of the text by a seeded hash, so that nothing is compared or copied
//! where decisions meet. Two texts with one number make decisions take turns that need not, and
//! nothing else: the truth is the condition of the append.

use std::hash::BuildHasher;

use bailiwick_core::QueryItem;
use bailiwick_core::views::Boundary;
use foldhash::quality::FixedState;

/// A line.
pub(super) type Number = u64;

/// Makes numbers of texts, the same ones for all who meet.
pub(super) struct Numbers(FixedState);

/// The lines to stand in, each once.
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
        self.lines(guarding.map(|reading| reading.item()))
    }

    /// The lines for items that name types.
    pub(super) fn lines<'a>(&self, items: impl Iterator<Item = &'a QueryItem> + Clone) -> Lines {
        let pairs = |item: &QueryItem| item.types().len() * item.tags().as_slice().len().max(1);
        let types = items.clone().map(|item| item.types().len());
        let most = types.sum::<usize>() + items.clone().map(pairs).sum::<usize>();
        let mut numbers = Vec::with_capacity(most);
        let (mut shared, mut whole) = (Vec::with_capacity(most), false);
        for item in items {
            let types = item.types().iter().map(|event_type| self.0.hash_one(event_type.as_str()));
            if item.tags().as_slice().is_empty() {
                whole = true;
                numbers.extend(types);
                continue;
            }
            let from = shared.len();
            shared.extend(types);
            for tag in item.tags() {
                let tag = self.0.hash_one(tag.as_str());
                numbers
                    .extend(shared[from..].iter().map(|of_type| self.0.hash_one((of_type, tag))));
            }
        }
        Lines::new(numbers, shared, whole)
    }
}

impl Lines {
    fn new(mut numbers: Vec<Number>, mut shared: Vec<Number>, whole: bool) -> Self {
        numbers.sort_unstable();
        numbers.dedup();
        let alone = numbers.len();
        shared.sort_unstable();
        shared.dedup();
        shared.retain(|number| numbers.binary_search(number).is_err());
        numbers.append(&mut shared);
        Lines { numbers, alone, whole }
    }

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
