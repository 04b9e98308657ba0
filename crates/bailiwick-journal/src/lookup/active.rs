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
use crate::stored::Names;

const NONE: u32 = u32::MAX;

/// In memory, until the log leaves the segment.
#[derive(Debug)]
pub struct Active {
    first: Position,
    latest: Timestamp,
    /// Where the event of each position stands in the segment, in bytes; 0 where there is none.
    pub(super) offsets: Vec<u32>,
    seed: u64,
    /// The texts of all terms, one behind the other.
    texts: String,
    pub(super) terms: Vec<Entry>,
    by_text: HashTable<Known>,
    pub(super) pairs: Vec<Pair>,
    by_pair: HashTable<u32>,
    pub(super) chains: Chains,
    /// The term of each type, in the order in which they came.
    types: Vec<u32>,
}

/// A term that some event has.
#[derive(Debug)]
pub(super) struct Entry {
    begin: u32,
    length: u16,
    is_tag: bool,
    /// The last of its pairs that came; none while it is new.
    pair: u32,
}

/// A term, and some of its hash: so that most others need not be looked at, and none to hash it again.
#[derive(Debug)]
struct Known {
    hash: u32,
    term: u32,
}

/// The events with a term that are of a type.
#[derive(Debug)]
pub(super) struct Pair {
    term: u32,
    pub(super) event_type: u32,
    /// The pair of the same term that came before.
    before: u32,
    pub(super) chain: Chain,
}

impl Active {
    /// Of a segment whose first event has this position, or will have.
    pub fn from(first: Position) -> Active {
        Active {
            first,
            latest: Timestamp::EPOCH,
            offsets: Vec::new(),
            seed: RandomState::new().hash_one(0),
            texts: String::new(),
            terms: Vec::new(),
            by_text: HashTable::new(),
            pairs: Vec::new(),
            by_pair: HashTable::new(),
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
        let event_type = match self.terms[term as usize].pair {
            NONE => {
                self.types.push(term);
                short(self.types.len() - 1)
            }
            pair => self.pairs[pair as usize].event_type,
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
        let is_tag = matches!(term, Term::Tag(_));
        let length = u16::try_from(term.text().len()).expect("a name is limited");
        self.terms.push(Entry { begin: short(self.texts.len()), length, is_tag, pair: NONE });
        self.texts.push_str(term.text());
        let known = Known { hash: upper(hash), term: number };
        self.by_text.insert_unique(spread(upper(hash)), known, |known| spread(known.hash));
        number
    }

    fn find_term(&self, hash: u64, term: Term<'_>) -> Option<u32> {
        let is_it = |known: &Known| {
            known.hash == upper(hash) && self.term_at(&self.terms[known.term as usize]) == term
        };
        self.by_text.find(spread(upper(hash)), is_it).map(|known| known.term)
    }

    /// The term of an entry.
    pub(super) fn term_at(&self, entry: &Entry) -> Term<'_> {
        let text = &self.texts[entry.begin as usize..][..usize::from(entry.length)];
        if entry.is_tag { Term::Tag(text) } else { Term::Type(text) }
    }

    fn add(&mut self, term: u32, event_type: u32, nth: u32) {
        if let Some(pair) = self.find_pair(term, event_type) {
            let chain = &mut self.pairs[pair as usize].chain;
            // An event may have a tag twice.
            if chain.newest() < nth {
                self.chains.push(chain, nth);
            }
            return;
        }
        let pair = short(self.pairs.len());
        let before = std::mem::replace(&mut self.terms[term as usize].pair, pair);
        self.pairs.push(Pair { term, event_type, before, chain: Chain::of(nth) });
        let (pairs, seed) = (&self.pairs, self.seed);
        let hash = |pair: &u32| {
            let Pair { term, event_type, .. } = pairs[*pair as usize];
            pair_hash(seed, term, event_type)
        };
        self.by_pair.insert_unique(hash(&pair), pair, hash);
    }

    pub(super) fn find_pair(&self, term: u32, event_type: u32) -> Option<u32> {
        let is_it = |pair: &u32| {
            let pair = &self.pairs[*pair as usize];
            (pair.term, pair.event_type) == (term, event_type)
        };
        self.by_pair.find(pair_hash(self.seed, term, event_type), is_it).copied()
    }

    /// The pairs of a term, the one that came last first.
    pub(super) fn pairs_of(&self, term: u32) -> impl Iterator<Item = &Pair> {
        let pair = |pair: u32| self.pairs.get(pair as usize);
        let last = pair(self.terms[term as usize].pair);
        std::iter::successors(last, move |before| pair(before.before))
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
        let term = self.number_of(Term::Type(event_type))?;
        self.pairs_of(term).next().map(|pair| pair.event_type)
    }

    /// The names of the types, by their numbers.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(|term| self.term_at(&self.terms[*term as usize]).text())
    }

    /// Where an event stands in the segment, in bytes; none if there is none.
    pub fn offset(&self, nth: u32) -> Option<u64> {
        let offset = self.offsets.get(nth as usize).copied();
        offset.filter(|offset| *offset > 0).map(u64::from)
    }

    /// How many bytes of memory it takes.
    pub fn bytes(&self) -> usize {
        self.offsets.capacity() * size_of::<u32>()
            + self.texts.capacity()
            + self.terms.capacity() * size_of::<Entry>()
            + self.by_text.allocation_size()
            + self.pairs.capacity() * size_of::<Pair>()
            + self.by_pair.allocation_size()
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
