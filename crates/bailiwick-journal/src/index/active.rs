//! The index of the segment that is being written.
//!
//! 1. It is in memory, until the log leaves the segment: some 60 bytes for an event with two tags.
//! 2. There is a list of events for each pair of a term and a type, so that the last event of a rare type under a
//!    busy tag costs what any event costs.

use std::hash::{BuildHasher as _, RandomState};

use bailiwick_core::{Position, Timestamp};
use hashbrown::HashTable;

use super::chains::{Chain, Chains};
use super::hash;
use super::term::Term;
use super::terms::Terms;
use crate::stored::Names;

/// The number of no type.
const NONE: u32 = u32::MAX;

/// In memory, until the log leaves the segment.
#[derive(Debug)]
pub struct Active {
    first: Position,
    latest: Timestamp,
    /// Where the event of each position stands in the segment, in bytes; 0 where there is none.
    pub(super) offsets: Vec<u32>,
    seed: u64,
    pub(super) terms: Terms,
    pairs: HashTable<Pair>,
    pub(super) chains: Chains,
    /// The term of each type, in the order in which they came.
    types: Vec<u32>,
}

/// The events with a term that are of a type.
#[derive(Debug)]
pub(super) struct Pair {
    term: u32,
    pub(super) event_type: u32,
    /// The type that came to the same term before.
    before: u32,
    pub(super) chain: Chain,
}

impl Pair {
    fn is_of(&self, term: u32, event_type: u32) -> bool {
        (self.term, self.event_type) == (term, event_type)
    }
}

impl Active {
    /// Of a segment whose first event has this position, or will have.
    pub fn from(first: Position) -> Active {
        let seed = RandomState::new().hash_one(0);
        Active {
            first,
            latest: Timestamp::EPOCH,
            offsets: Vec::new(),
            seed,
            terms: Terms::with(seed),
            pairs: HashTable::new(),
            chains: Chains::default(),
            types: Vec::new(),
        }
    }

    /// Adds the next event, which stands at `offset`.
    ///
    /// # Panics
    /// If it is not behind those before, or beyond 4 GiB.
    pub fn push(&mut self, position: Position, offset: u64, names: &Names<'_>) {
        let nth = position.get().checked_sub(self.first.get()).expect("it is the next");
        let nth = short(usize::try_from(nth).expect("fewer than 2^32 events"));
        assert!(nth as usize >= self.offsets.len(), "it is the next");
        self.offsets.resize(nth as usize, 0);
        self.offsets.push(u32::try_from(offset).expect("a segment has less than 4 GiB"));
        let term = self.terms.number(Term::Type(names.event_type()));
        let event_type = self.terms.last_type(term).unwrap_or_else(|| {
            self.types.push(term);
            short(self.types.len() - 1)
        });
        self.add(term, event_type, nth);
        for tag in names.tags() {
            let term = self.terms.number(Term::Tag(tag));
            self.add(term, event_type, nth);
        }
    }

    fn add(&mut self, term: u32, event_type: u32, nth: u32) {
        let hash = pair_hash(self.seed, term, event_type);
        if let Some(pair) = self.pairs.find_mut(hash, |pair| pair.is_of(term, event_type)) {
            // An event may have a tag twice.
            if pair.chain.newest() < nth {
                self.chains.push(&mut pair.chain, nth);
            }
            return;
        }
        let before = self.terms.last_type(term).unwrap_or(NONE);
        self.terms.set_last_type(term, event_type);
        let (pair, seed) = (Pair { term, event_type, before, chain: Chain::of(nth) }, self.seed);
        self.pairs.insert_unique(hash, pair, |pair| pair_hash(seed, pair.term, pair.event_type));
    }

    pub(super) fn pair(&self, term: u32, event_type: u32) -> Option<&Pair> {
        let hash = pair_hash(self.seed, term, event_type);
        self.pairs.find(hash, |pair| pair.is_of(term, event_type))
    }

    /// The pairs of a term, the one that came last first.
    pub(super) fn pairs_of(&self, term: u32) -> impl Iterator<Item = &Pair> {
        let last = self.terms.last_type(term).and_then(|last| self.pair(term, last));
        std::iter::successors(last, move |pair| self.pair(term, pair.before))
    }

    pub(super) fn pair_count(&self) -> usize {
        self.pairs.len()
    }

    /// The position of the first event.
    pub fn first(&self) -> Position {
        self.first
    }

    /// Whether it has no event.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// That of the last; the one before the first if there is none.
    pub fn last(&self) -> Position {
        Position::new(self.first.get() + self.offsets.len() as u64 - 1)
    }

    /// The latest time at which one of its events was recorded, as far as that was [said](Self::recorded).
    pub fn latest(&self) -> Timestamp {
        self.latest
    }

    /// One of its events was recorded at this time.
    pub fn recorded(&mut self, at: Timestamp) {
        self.latest = self.latest.max(at);
    }

    /// The number of a type here; none if it has no event of it.
    pub fn type_number(&self, event_type: &str) -> Option<u32> {
        self.terms.last_type(self.terms.find(Term::Type(event_type))?)
    }

    /// The names of the types, by their numbers.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(|term| self.terms.text(*term))
    }

    /// Where an event stands in the segment, in bytes; none if there is none.
    pub fn offset(&self, nth: u32) -> Option<u64> {
        let offset = self.offsets.get(nth as usize).copied();
        offset.filter(|offset| *offset > 0).map(u64::from)
    }

    /// How many bytes of memory it takes.
    pub fn bytes(&self) -> usize {
        self.offsets.capacity() * size_of::<u32>()
            + self.terms.bytes()
            + self.pairs.allocation_size()
            + self.chains.bytes()
            + self.types.capacity() * size_of::<u32>()
    }
}

fn pair_hash(seed: u64, term: u32, event_type: u32) -> u64 {
    hash::of_pair(seed, u64::from(term) << 32 | u64::from(event_type))
}

/// A number of something in a segment.
pub(super) fn short(number: usize) -> u32 {
    u32::try_from(number).expect("a segment has less than 4 GiB")
}
