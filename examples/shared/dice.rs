//! Chance by a seed: the same numbers on every machine, in every version of this program.

/// A generator of numbers (SplitMix64), kept here because a library's may change its sequence.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// Whether something happens that happens so many times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of several, each so likely in a hundred. The last one has the rest.
    pub fn one_of<T: Copy, const N: usize>(&mut self, choices: [(u64, T); N]) -> T {
        let mut rolled = self.between(1, 100);
        for (percent, choice) in choices {
            if rolled <= percent {
                return choice;
            }
            rolled -= percent;
        }
        choices[N - 1].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut dice = Dice::new(1_234_567);
        let published = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([dice.next(), dice.next()], published);
    }
}
