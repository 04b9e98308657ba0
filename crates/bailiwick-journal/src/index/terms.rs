//! The terms of the index in memory, each known by where it begins.

use hashbrown::HashTable;

use super::active::short;
use super::hash;
use super::term::Term;

/// What is before the text of a term: the last type that came to it, how long the text is, and its kind.
const HEAD: usize = 7;
const NONE: u32 = u32::MAX;

/// Terms, in the order in which they came.
#[derive(Debug)]
pub(super) struct Terms {
    seed: u64,
    /// One behind the other, each with its text, so that to find one takes one look.
    bytes: Vec<u8>,
    by_text: HashTable<Known>,
}

/// A term, and some of its hash: so that most others need not be looked at, and none to hash it again.
#[derive(Debug)]
struct Known {
    hash: u32,
    /// Where it begins.
    term: u32,
}

impl Terms {
    /// None yet. `seed`: of their hashes.
    pub(super) fn with(seed: u64) -> Terms {
        Terms { seed, bytes: Vec::new(), by_text: HashTable::new() }
    }

    /// A term, which may be new.
    pub(super) fn number(&mut self, term: Term<'_>) -> u32 {
        let hash = self.hash(term);
        if let Some(known) = self.find_hashed(hash, term) {
            return known;
        }
        let number = short(self.bytes.len());
        let length = u16::try_from(term.text().len()).expect("a name is limited");
        self.bytes.extend_from_slice(&NONE.to_le_bytes());
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.push(term.kind());
        self.bytes.extend_from_slice(term.text().as_bytes());
        let known = Known { hash, term: number };
        self.by_text.insert_unique(spread(hash), known, |known| spread(known.hash));
        number
    }

    /// A term; none if no event has it.
    pub(super) fn find(&self, term: Term<'_>) -> Option<u32> {
        self.find_hashed(self.hash(term), term)
    }

    fn find_hashed(&self, hash: u32, term: Term<'_>) -> Option<u32> {
        let is_it = |known: &Known| {
            known.hash == hash
                && self.kind_and_text(known.term) == (term.kind(), term.text().as_bytes())
        };
        self.by_text.find(spread(hash), is_it).map(|known| known.term)
    }

    fn hash(&self, term: Term<'_>) -> u32 {
        let hash = hash::of_term(self.seed, term.kind(), term.text());
        u32::try_from(hash >> 32).expect("its upper half")
    }

    fn head(&self, term: u32) -> &[u8; HEAD] {
        self.bytes[term as usize..].first_chunk().expect("the head of a term")
    }

    /// The last type that came to a term; none if it is new.
    pub(super) fn last_type(&self, term: u32) -> Option<u32> {
        let [one, two, three, four, ..] = *self.head(term);
        Some(u32::from_le_bytes([one, two, three, four])).filter(|last| *last != NONE)
    }

    pub(super) fn set_last_type(&mut self, term: u32, event_type: u32) {
        self.bytes[term as usize..][..4].copy_from_slice(&event_type.to_le_bytes());
    }

    pub(super) fn kind_and_text(&self, term: u32) -> (u8, &[u8]) {
        let [.., low, high, kind] = *self.head(term);
        let length = usize::from(u16::from_le_bytes([low, high]));
        (kind, &self.bytes[term as usize + HEAD..][..length])
    }

    pub(super) fn text(&self, term: u32) -> &str {
        std::str::from_utf8(self.kind_and_text(term).1).expect("a text")
    }

    pub(super) fn at(&self, term: u32) -> Term<'_> {
        let is_type = self.kind_and_text(term).0 == Term::Type("").kind();
        let text = self.text(term);
        if is_type { Term::Type(text) } else { Term::Tag(text) }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        let one_at = |at: usize| (at < self.bytes.len()).then(|| short(at));
        std::iter::successors(one_at(0), move |term| {
            one_at(*term as usize + HEAD + self.kind_and_text(*term).1.len())
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_text.len()
    }

    /// How many bytes of memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.capacity() + self.by_text.allocation_size()
    }
}

/// A table needs all bits of a hash.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}
