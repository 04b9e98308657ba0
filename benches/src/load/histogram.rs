//! Latencies by how long they were, however many there are: 128 steps for every doubling, so that what is
//! read from it is at most 1 % too long.

use std::time::Duration;

use crate::latency::Latencies;

/// Steps for every doubling, as a power of two.
const BITS: u32 = 7;

/// How often which latency was.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    longest: u64,
}

impl Histogram {
    /// Adds one.
    pub fn push(&mut self, latency: Duration) {
        let nanos = latency.as_nanos() as u64;
        let at = step(nanos);
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] += 1;
        self.total += 1;
        self.longest = self.longest.max(nanos);
    }

    /// Adds all of another.
    pub fn extend(&mut self, other: &Histogram) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (own, more) in self.counts.iter_mut().zip(&other.counts) {
            *own += more;
        }
        self.total += other.total;
        self.longest = self.longest.max(other.longest);
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.total
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The latency that `share` of all do not exceed; none if there is none.
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let wanted = ((self.total as f64 * share).ceil() as u64).clamp(1, self.total.max(1));
        let mut below = 0;
        let at = self.counts.iter().position(|count| {
            below += count;
            below >= wanted
        })?;
        Some(Duration::from_nanos(longest_of(at).min(self.longest)))
    }

    /// The longest.
    pub fn longest(&self) -> Option<Duration> {
        (self.total > 0).then(|| Duration::from_nanos(self.longest))
    }

    /// The same as single latencies, each as long as the longest of its step.
    pub fn each(&self) -> Latencies {
        let mut latencies = Latencies::with_capacity(self.total as usize);
        for (at, count) in self.counts.iter().enumerate() {
            let latency = Duration::from_nanos(longest_of(at).min(self.longest));
            (0..*count).for_each(|_| latencies.push(latency));
        }
        latencies
    }
}

/// In which step it is: each below `2 ^ BITS` in its own, then as many for every doubling.
fn step(nanos: u64) -> usize {
    let doublings = (u64::BITS - nanos.leading_zeros()).saturating_sub(BITS + 1);
    (u64::from(doublings) << BITS) as usize + (nanos >> doublings) as usize
}

/// The longest that is in the step.
fn longest_of(step: usize) -> u64 {
    let doublings = (step >> BITS).saturating_sub(1) as u32;
    let first = step as u64 - (u64::from(doublings) << BITS);
    ((u128::from(first) + 1) << doublings).saturating_sub(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;

    #[test]
    fn each_latency_is_in_a_step_that_is_at_most_a_hundredth_longer() {
        let mut dice = Dice::new(7);
        let drawn = (0..64).flat_map(|bits| (0..100).map(move |_| bits));
        for bits in drawn {
            let nanos = (1 << bits) - 1 + dice.below(1 << bits);
            let longest = longest_of(step(nanos));
            assert!(longest >= nanos, "{nanos} is not in its step: {longest}");
            assert!(longest - nanos <= nanos / 100, "{nanos} became {longest}");
        }
    }

    #[test]
    fn it_says_what_latencies_one_by_one_say() {
        let (mut dice, mut exact, mut histogram) =
            (Dice::new(8), Latencies::default(), Histogram::default());
        for _ in 0..10_000 {
            let latency = Duration::from_micros(u64::from(dice.log_normal(900.0, 1.2, 1)));
            exact.push(latency);
            histogram.push(latency);
        }
        for share in [0.0, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let (a, b) = (exact.percentile(share), histogram.percentile(share));
            let (a, b) = (a.expect("some"), b.expect("some").as_secs_f64() * 1e6);
            assert!(a <= b && b <= a * 1.01, "{share}: {a} and {b}");
        }
        assert_eq!(histogram.percentile(1.0), histogram.longest());
        assert_eq!(histogram.each().percentile(0.5), {
            let half = histogram.percentile(0.5).expect("some");
            Some(half.as_nanos() as f64 / 1_000.0)
        });
    }

    #[test]
    fn two_together_are_all_of_both() {
        let [mut short, mut long, mut all] = [(); 3].map(|()| Histogram::default());
        for n in 1..100 {
            short.push(Duration::from_nanos(n));
            long.push(Duration::from_millis(n));
            all.push(Duration::from_nanos(n));
            all.push(Duration::from_millis(n));
        }
        short.extend(&long);
        assert_eq!(short, all);
        assert_eq!(Histogram::default().percentile(0.5), None);
    }
}
