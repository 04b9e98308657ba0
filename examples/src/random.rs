//! Numbers that only look random.

/// The same numbers for the same seed, which is not 0.
pub struct Xorshift(pub u64);

impl Xorshift {
    /// A number from 0 to below `bound`.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % u64::from(bound)).unwrap()
    }
}
