//! Filters: whether a term is certainly not in an index, or none of its events is of some types.
//!
//! A Bloom filter in pages, each with its own checksum. The page of a term has its pairs with types, too, so that one
//! question takes one page, whether that is in memory or is read.

use super::hash;
use super::term::Term;

pub(super) const PAGE: usize = 4_096;
/// What is on a page, without its checksum.
pub(super) const ON_PAGE: usize = PAGE - super::piece::SUM;
const BITS: u64 = ON_PAGE as u64 * 8;
/// For each term or pair: one in a hundred that are not there is taken for one that is.
const BITS_EACH: u64 = 10;
/// How many of them are set for it.
const PROBES: u64 = 7;
/// A filter for at most so many may be folded to an eighth.
const FOLDS: u64 = 8;

/// The hash of a term in the filters of a log.
pub(super) fn hash_of(log: u128, term: Term<'_>) -> u64 {
    let [low, high] = [log & u128::from(u64::MAX), log >> 64];
    let seed = u64::try_from(low ^ high).expect("64 bits");
    hash::of_term(seed, term.kind(), term.text())
}

/// A filter that is being made.
pub(super) struct FilterWriter {
    bits: Vec<u8>,
    pub(super) count: u64,
}

fn pages_for(count: u64) -> u64 {
    (count * BITS_EACH).div_ceil(BITS).max(1)
}

impl FilterWriter {
    /// For at most so many terms and pairs.
    pub(super) fn for_at_most(count: u64) -> FilterWriter {
        let pages = match pages_for(count) {
            1 => 1,
            pages => pages.next_multiple_of(FOLDS),
        };
        let bytes = usize::try_from(pages).expect("a filter in memory") * ON_PAGE;
        FilterWriter { bits: vec![0; bytes], count: 0 }
    }

    /// Adds a term.
    pub(super) fn insert(&mut self, term: u64) {
        self.set(term, of_term(term));
    }

    /// Adds a term together with a type.
    pub(super) fn insert_pair(&mut self, term: u64, event_type: u64) {
        self.set(term, of_pair(term, event_type));
    }

    fn set(&mut self, term: u64, hash: u64) {
        let page = page_of(term, (self.bits.len() / ON_PAGE) as u64) * ON_PAGE;
        let page = &mut self.bits[page..page + ON_PAGE];
        bits(hash).for_each(|bit| page[bit / 8] |= 1 << (bit % 8));
        self.count += 1;
    }

    /// Its pages. While half of them are enough for what was added, one half is laid over the other.
    pub(super) fn pages(&mut self) -> impl Iterator<Item = &[u8]> {
        let mut pages = (self.bits.len() / ON_PAGE) as u64;
        while pages.is_multiple_of(2) && pages / 2 >= pages_for(self.count) {
            let half = self.bits.len() / 2;
            let (one, other) = self.bits.split_at_mut(half);
            one.iter_mut().zip(other).for_each(|(one, other)| *one |= *other);
            self.bits.truncate(half);
            pages /= 2;
        }
        self.bits.chunks(ON_PAGE)
    }
}

/// On which page a term is. The same whether a filter was folded or made so.
pub(super) fn page_of(term: u64, pages: u64) -> usize {
    usize::try_from(term % pages).expect("a page of a filter in memory")
}

/// Whether a page may have a term with one of these types; with any, if none is given.
pub(super) fn may_have(page: &[u8], term: u64, mut types: impl Iterator<Item = u64>) -> bool {
    let has = |hash: u64| bits(hash).all(|bit| page[bit / 8] & (1 << (bit % 8)) != 0);
    if !has(of_term(term)) {
        return false;
    }
    match types.next() {
        None => true,
        Some(first) => {
            std::iter::once(first).chain(types).any(|event_type| has(of_pair(term, event_type)))
        }
    }
}

fn of_term(term: u64) -> u64 {
    hash::of_pair(term, 0)
}

fn of_pair(term: u64, event_type: u64) -> u64 {
    hash::of_pair(term, event_type)
}

/// Double hashing (Kirsch and Mitzenmacher, "Less Hashing, Same Performance", 2006).
fn bits(hash: u64) -> impl Iterator<Item = usize> {
    let (first, step) = (hash >> 32, (hash & 0xffff_ffff) | 1);
    let bits = (0..PROBES).map(move |nth| (first + nth * step) % BITS);
    bits.map(|bit| usize::try_from(bit).expect("a bit of a page"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(n: u32) -> u64 {
        hash_of(7, Term::Tag(&format!("account:{n}")))
    }

    #[test]
    fn what_is_there_is_never_denied_and_little_else_is_believed() {
        for (count, at_most) in
            [(20_000, 20_000), (20_000, 130_000), (20_000, 25_000), (2_000, 130_000), (10, 10)]
        {
            let mut filter = FilterWriter::for_at_most(at_most);
            for n in 0..count / 2 {
                filter.insert(term(n));
                filter.insert_pair(term(n), u64::from(n % 3));
            }
            let pages: Vec<_> = filter.pages().collect();
            let may_have = |n, types: &[u64]| {
                let term = term(n);
                may_have(pages[page_of(term, pages.len() as u64)], term, types.iter().copied())
            };
            assert!((0..count / 2).all(|n| may_have(n, &[])));
            assert!((0..count / 2).all(|n| may_have(n, &[7, u64::from(n % 3)])));
            let wrong = (count..count + 100_000).filter(|n| may_have(*n, &[])).count();
            assert!(wrong < 2_000, "{wrong} of 100 000");
            let wrong = (0..count / 2).filter(|n| may_have(*n, &[u64::from(n % 3) + 1])).count();
            assert!(wrong < 500, "{wrong} of 10 000");
            assert!((pages.len() as u64) < 2 * pages_for(u64::from(count)) + 8, "{}", pages.len());
        }
    }
}
