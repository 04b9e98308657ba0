//! Far more than a server sustains.

use super::tally::Measured;

/// How it fared.
#[derive(Debug, Clone)]
pub struct Overloaded {
    /// What was measured.
    pub measured: Measured,
    /// The most requests accepted per second at any other rate.
    pub best: f64,
}

/// The goodput under too much load, as a part of the best, at least.
pub const GOODPUT: f64 = 0.8;
/// The memory of the last third of the time, as a multiple of that of the second, at most: what grows by
/// more is not bounded.
pub const GROWTH: f64 = 1.25;

impl Overloaded {
    /// Requests accepted per second, as a part of the best.
    pub fn goodput(&self) -> f64 {
        self.measured.goodput() / self.best
    }

    /// Whether it is as asked of a server.
    pub fn is_as_asked(&self) -> bool {
        self.goodput() >= GOODPUT && self.growth().is_none_or(|growth| growth <= GROWTH)
    }

    /// The most memory in the last third of the time, as a multiple of the most in the second. None if it is
    /// not known.
    pub fn growth(&self) -> Option<f64> {
        let memory: Vec<u64> =
            self.measured.seconds.iter().filter_map(|second| second.memory).collect();
        let third = memory.len() / 3;
        let most = |part: &[u64]| part.iter().max().copied();
        let (second, last) =
            (most(memory.get(third..2 * third)?)?, most(memory.get(2 * third..)?)?);
        Some(last as f64 / second as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Second;

    #[test]
    fn memory_that_grows_on_is_told_from_memory_that_has_grown() {
        let overloaded = |memory: [u64; 9]| {
            let second = |memory| Second { memory: Some(memory), ..Second::default() };
            let measured = Measured { seconds: memory.map(second).into(), ..Measured::default() };
            Overloaded { measured, best: 1.0 }.growth().expect("it is known")
        };
        assert!(overloaded([1, 50, 99, 100, 101, 100, 100, 102, 101]) <= GROWTH);
        assert!(overloaded([10, 20, 30, 40, 50, 60, 70, 80, 90]) > GROWTH);
    }
}
