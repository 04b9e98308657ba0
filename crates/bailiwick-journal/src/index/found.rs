//! What is found in the index in memory: the events with a term, and the values of a key.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::active::{Active, Pair};
use super::chains::Walk;
use super::term::{Direction, Posting, TagValue, Term};

impl Active {
    /// The events with a term; none if there are none.
    pub fn find(&self, term: Term<'_>) -> Option<ActivePostings<'_>> {
        Some(ActivePostings { index: self, term: self.terms.find(term)? })
    }

    /// The values of a tag's key, in the order of their bytes; only those beyond `after`, if that is given.
    ///
    /// It begins with a look at all terms.
    pub fn values(&self, key: &str, after: Option<&str>) -> ActiveValues<'_> {
        let is_one = |term: &u32| {
            let (kind, text) = self.terms.kind_and_text(*term);
            let behind = text.strip_prefix(key.as_bytes());
            kind == Term::Tag("").kind() && behind.is_some_and(|behind| behind.starts_with(b":"))
        };
        let terms = self.terms.iter().filter(is_one);
        let values = terms.map(|term| (&self.terms.text(term)[key.len() + 1..], term));
        let wanted = values.filter(|(value, _)| after.is_none_or(|after| *value > after));
        ActiveValues { index: self, values: wanted.map(Reverse).collect() }
    }
}

/// The events with a term.
#[derive(Debug, Clone, Copy)]
pub struct ActivePostings<'a> {
    index: &'a Active,
    term: u32,
}

impl<'a> ActivePostings<'a> {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.pairs(&[]).iter().map(|pair| u64::from(pair.chain.count())).sum()
    }

    /// The newest one that is of one of these types; of any, if none is given.
    pub fn newest(&self, types: &[u32]) -> Option<Posting> {
        let pairs = self.pairs(types).into_iter();
        let newest = pairs.map(|Pair { event_type, chain, .. }| Posting {
            nth: chain.newest(),
            event_type: *event_type,
        });
        newest.max()
    }

    /// Those that are of one of these types (of any, if none is given), in their order, from `nth` on.
    pub fn forward(&self, types: &[u32], nth: u32) -> ActiveCursor<'a> {
        self.cursor(types, Direction::Forward, nth)
    }

    /// The same in the order against theirs, from `nth` on.
    pub fn backward(&self, types: &[u32], nth: u32) -> ActiveCursor<'a> {
        self.cursor(types, Direction::Backward, nth)
    }

    fn pairs(&self, types: &[u32]) -> Vec<&'a Pair> {
        let index = self.index;
        if types.is_empty() {
            return index.pairs_of(self.term).collect();
        }
        let mut types = types.to_vec();
        types.sort_unstable();
        types.dedup();
        types.into_iter().filter_map(|of| index.pair(self.term, of)).collect()
    }

    fn cursor(&self, types: &[u32], direction: Direction, nth: u32) -> ActiveCursor<'a> {
        let walks = self.pairs(types).into_iter().map(|pair| {
            (pair.event_type, Walk::of(&self.index.chains, &pair.chain, direction, nth))
        });
        let mut cursor = ActiveCursor { direction, walks: walks.collect(), next: <_>::default() };
        cursor.sort();
        cursor
    }
}

/// Reads postings, in one direction.
#[derive(Debug, Clone)]
pub struct ActiveCursor<'a> {
    direction: Direction,
    /// Of each type.
    walks: Vec<(u32, Walk<'a>)>,
    /// Where each of them is, as a rank, with its number: the next one is the largest.
    next: BinaryHeap<(u32, usize)>,
}

impl ActiveCursor<'_> {
    /// Goes on with the first one, in its direction, that is not before `nth`.
    pub fn seek(&mut self, nth: u32) {
        for (_, walk) in &mut self.walks {
            if walk.peek(self.direction).is_some() {
                walk.seek(self.direction, nth);
            }
        }
        self.sort();
    }

    fn sort(&mut self) {
        let nths = self.walks.iter().map(|(_, walk)| walk.peek(self.direction)).enumerate();
        let ranks = nths.filter_map(|(nth, at)| Some((self.rank(at?), nth)));
        self.next = ranks.collect();
    }

    fn rank(&self, nth: u32) -> u32 {
        match self.direction {
            Direction::Forward => !nth,
            Direction::Backward => nth,
        }
    }
}

impl Iterator for ActiveCursor<'_> {
    type Item = Posting;

    fn next(&mut self) -> Option<Posting> {
        let (_, number) = self.next.pop()?;
        let (event_type, walk) = &mut self.walks[number];
        let posting = Posting { nth: walk.peek(self.direction)?, event_type: *event_type };
        walk.step(self.direction);
        if let Some(nth) = walk.peek(self.direction) {
            self.next.push((self.rank(nth), number));
        }
        Some(posting)
    }
}

/// The values of a tag's key, in their order.
#[derive(Debug)]
pub struct ActiveValues<'a> {
    index: &'a Active,
    /// Not sorted: mostly a few of them are wanted.
    values: BinaryHeap<Reverse<(&'a str, u32)>>,
}

impl Iterator for ActiveValues<'_> {
    type Item = TagValue;

    fn next(&mut self) -> Option<TagValue> {
        let Reverse((value, term)) = self.values.pop()?;
        let mut types: Vec<_> = self.index.pairs_of(term).map(|pair| pair.event_type).collect();
        types.sort_unstable();
        Some(TagValue { value: value.to_owned(), types })
    }
}
