//! Random numbers: all that a simulated run takes from its seed, and nothing else.

/// SplitMix64: small, fast, and good enough to pick from a list.
#[derive(Debug, Clone)]
pub struct Random(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads every bit of `z` over all of them.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// The numbers of this seed.
    pub fn of(seed: u64) -> Self {
        Random(mix(seed.wrapping_add(STEP)))
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.number() % (high - low + 1)
    }

    /// As [`between`](Self::between), for what is counted.
    pub fn count(&mut self, low: usize, high: usize) -> usize {
        low + self.index(high - low + 1)
    }

    /// The place of one of `len` things.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.number() % len as u64).expect("below a usize")
    }

    /// True once in `n` times; never if `n` is 0.
    pub fn one_in(&mut self, n: u64) -> bool {
        n != 0 && self.number().is_multiple_of(n)
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }
}
