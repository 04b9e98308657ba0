//! Random numbers that are the same every time.

/// A source of random numbers (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Dice(seed)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// From 0 to 1, without 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Log-normal, `least` at least.
    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64, least: u32) -> u32 {
        let (radius, angle) = (1.0 - self.fraction(), std::f64::consts::TAU * self.fraction());
        let normal = (-2.0 * radius.ln()).sqrt() * angle.cos();
        ((median * (sigma * normal).exp()) as u32).max(least)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Zipf's law: the `n`th of all is drawn `1 / n^exponent` times as often as the first.
pub(crate) struct Zipf(Vec<f64>);

impl Zipf {
    pub(crate) fn new(ids: u32, exponent: f64) -> Self {
        let mut sum = 0.0;
        let mut upto: Vec<f64> = Vec::with_capacity(ids as usize);
        for n in 1..=ids {
            sum += f64::from(n).powf(-exponent);
            upto.push(sum);
        }
        upto.iter_mut().for_each(|part| *part /= sum);
        Zipf(upto)
    }

    pub(crate) fn draw(&self, dice: &mut Dice) -> u32 {
        let at = dice.fraction();
        let drawn = self.0.partition_point(|upto| *upto <= at);
        drawn.min(self.0.len() - 1) as u32
    }
}
