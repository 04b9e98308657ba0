//! The index of the segment that is being written.
//!
//! 1. It is in memory, until the log leaves the segment: some 60 bytes for an event with two tags.
//! 2. There is a list of events for each pair of a term and a type, so that the last event of a rare type under a
//!    busy tag costs what any event costs.

use std::hash::{BuildHasher as _, RandomState};

use bailiwick_core::Position;
use hashbrown::HashTable;

use super::chains::{Chain, Chains};
use super::hash;
use super::term::Term;
use crate::stored::Names;

const NONE: u32 = u32::MAX;

/// In memory, until the log leaves the segment.
#[derive(Debug)]
pub struct Active {
    first: Position,
    /// Where the event of each position stands in the segment, in bytes; 0 where there is none.
    pub(super) offsets: Vec<u32>,
    seed: u64,
    /// A term behind the other, each with its text, so that to find one takes one look.
    terms: Vec<u8>,
    by_text: HashTable<Known>,
    pairs: HashTable<Pair>,
    pub(super) chains: Chains,
    /// The term of each type, in the order in which they came.
    types: Vec<u32>,
}

/// What is before the text of a term: the last type that came to it, how long the text is, and its kind.
const HEAD: usize = 7;

/// A term, and some of its hash: so that most others need not be looked at, and none to hash it again.
#[derive(Debug)]
struct Known {
    hash: u32,
    /// Where it begins.
    term: u32,
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
        Active {
            first,
            offsets: Vec::new(),
            seed: RandomState::new().hash_one(0),
            terms: Vec::new(),
            by_text: HashTable::new(),
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
        let term = self.term(Term::Type(names.event_type()));
        let event_type = match self.last_type(term) {
            NONE => {
                self.types.push(term);
                short(self.types.len() - 1)
            }
            known => known,
        };
        self.add(term, event_type, nth);
        for tag in names.tags() {
            let term = self.term(Term::Tag(tag));
            self.add(term, event_type, nth);
        }
    }

    /// The number of a term, which may be new.
    fn term(&mut self, term: Term<'_>) -> u32 {
        let hash = hash::of_term(self.seed, term.kind(), term.text());
        if let Some(known) = self.find_term(hash, term) {
            return known;
        }
        let number = short(self.terms.len());
        let length = u16::try_from(term.text().len()).expect("a name is limited");
        self.terms.extend_from_slice(&NONE.to_le_bytes());
        self.terms.extend_from_slice(&length.to_le_bytes());
        self.terms.push(term.kind());
        self.terms.extend_from_slice(term.text().as_bytes());
        let known = Known { hash: upper(hash), term: number };
        self.by_text.insert_unique(spread(upper(hash)), known, |known| spread(known.hash));
        number
    }

    fn find_term(&self, hash: u64, term: Term<'_>) -> Option<u32> {
        let is_it = |known: &Known| {
            known.hash == upper(hash)
                && self.bytes_of(known.term) == (term.kind(), term.text().as_bytes())
        };
        self.by_text.find(spread(upper(hash)), is_it).map(|known| known.term)
    }

    fn head(&self, term: u32) -> &[u8; HEAD] {
        self.terms[term as usize..].first_chunk().expect("the head of a term")
    }

    fn last_type(&self, term: u32) -> u32 {
        let [one, two, three, four, ..] = *self.head(term);
        u32::from_le_bytes([one, two, three, four])
    }

    /// The kind of a term, and its text.
    pub(super) fn bytes_of(&self, term: u32) -> (u8, &[u8]) {
        let [.., low, high, kind] = *self.head(term);
        let length = usize::from(u16::from_le_bytes([low, high]));
        (kind, &self.terms[term as usize + HEAD..][..length])
    }

    pub(super) fn term_at(&self, term: u32) -> Term<'_> {
        let is_type = self.bytes_of(term).0 == Term::Type("").kind();
        let text = self.text_of(term);
        if is_type { Term::Type(text) } else { Term::Tag(text) }
    }

    pub(super) fn text_of(&self, term: u32) -> &str {
        std::str::from_utf8(self.bytes_of(term).1).expect("a text")
    }

    /// All terms, in the order in which they came.
    pub(super) fn terms(&self) -> impl Iterator<Item = u32> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let term = short(at);
            let is_one = at < self.terms.len();
            at += if is_one { HEAD + self.bytes_of(term).1.len() } else { 0 };
            is_one.then_some(term)
        })
    }

    /// How many there are.
    pub(super) fn term_count(&self) -> usize {
        self.by_text.len()
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
        let before = self.last_type(term);
        self.terms[term as usize..][..4].copy_from_slice(&event_type.to_le_bytes());
        let (pair, seed) = (Pair { term, event_type, before, chain: Chain::of(nth) }, self.seed);
        self.pairs.insert_unique(hash, pair, |pair| pair_hash(seed, pair.term, pair.event_type));
    }

    pub(super) fn pair(&self, term: u32, event_type: u32) -> Option<&Pair> {
        let hash = pair_hash(self.seed, term, event_type);
        self.pairs.find(hash, |pair| pair.is_of(term, event_type))
    }

    /// The pairs of a term, the one that came last first.
    pub(super) fn pairs_of(&self, term: u32) -> impl Iterator<Item = &Pair> {
        let last = self.pair(term, self.last_type(term));
        std::iter::successors(last, move |pair| self.pair(term, pair.before))
    }

    pub(super) fn pair_count(&self) -> usize {
        self.pairs.len()
    }

    /// The number of a term; none if no event has it.
    pub(super) fn number_of(&self, term: Term<'_>) -> Option<u32> {
        self.find_term(hash::of_term(self.seed, term.kind(), term.text()), term)
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

    /// The number of a type here; none if it has no event of it.
    pub fn type_number(&self, event_type: &str) -> Option<u32> {
        let term = self.number_of(Term::Type(event_type))?;
        Some(self.last_type(term))
    }

    /// The names of the types, by their numbers.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(|term| self.text_of(*term))
    }

    /// Where an event stands in the segment, in bytes; none if there is none.
    pub fn offset(&self, nth: u32) -> Option<u64> {
        let offset = self.offsets.get(nth as usize).copied();
        offset.filter(|offset| *offset > 0).map(u64::from)
    }

    /// How many bytes of memory it takes.
    pub fn bytes(&self) -> usize {
        self.offsets.capacity() * size_of::<u32>()
            + self.terms.capacity()
            + self.by_text.allocation_size()
            + self.pairs.allocation_size()
            + self.chains.bytes()
            + self.types.capacity() * size_of::<u32>()
    }
}

fn pair_hash(seed: u64, term: u32, event_type: u32) -> u64 {
    hash::of_pair(seed, u64::from(term) << 32 | u64::from(event_type))
}

fn upper(hash: u64) -> u32 {
    u32::try_from(hash >> 32).expect("its upper half")
}

/// A table needs all bits of a hash.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

fn short(number: usize) -> u32 {
    u32::try_from(number).expect("a segment has less than 4 GiB")
}
