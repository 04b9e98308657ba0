//! Filters: whether a key is certainly not in an index, in a few bits for each.

use super::key::Key;

/// Bits for each key: one in a hundred that are not there is taken for one that is.
const BITS: usize = 10;
/// How many of them are set for a key.
const PROBES: u32 = 7;

/// A Bloom filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    words: Vec<u64>,
}

impl Filter {
    /// For so many keys.
    pub(super) fn for_keys(keys: usize) -> Filter {
        Filter { words: vec![0; (keys * BITS).div_ceil(64).max(1)] }
    }

    pub(super) fn insert(&mut self, key: Key) {
        for bit in self.bits(key) {
            self.words[bit / 64] |= 1 << (bit % 64);
        }
    }

    /// False: it is certainly not there.
    pub fn may_have(&self, key: Key) -> bool {
        self.bits(key).all(|bit| self.words[bit / 64] & (1 << (bit % 64)) != 0)
    }

    /// How many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.words.len() * 8
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Filter> {
        let words = bytes.chunks_exact(8).map(|word| word.try_into().map(u64::from_le_bytes));
        let words = words.collect::<Result<Vec<_>, _>>().ok()?;
        (!words.is_empty()).then_some(Filter { words })
    }

    /// Double hashing (Kirsch and Mitzenmacher, "Less Hashing, Same Performance", 2006).
    fn bits(&self, Key(hash): Key) -> impl Iterator<Item = usize> + use<> {
        let bits = self.words.len() as u64 * 64;
        let (first, step) = (hash, (hash >> 32) | 1);
        let probes = (0..u64::from(PROBES)).map(move |nth| first.wrapping_add(nth * step) % bits);
        probes.map(|bit| usize::try_from(bit).expect("a bit of a filter in memory"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_denied_and_little_else_is_believed() {
        let key = |n: u32| Key::of_tag(&format!("account:{n}"));
        let mut filter = Filter::for_keys(10_000);
        (0..10_000).for_each(|n| filter.insert(key(n)));
        assert!((0..10_000).all(|n| filter.may_have(key(n))));
        let wrong = (10_000..110_000).filter(|n| filter.may_have(key(*n))).count();
        assert!(wrong < 2_000, "{wrong} of 100 000");
        let mut bytes = Vec::new();
        filter.write(&mut bytes);
        assert_eq!(Filter::read(&bytes), Some(filter));
    }
}
