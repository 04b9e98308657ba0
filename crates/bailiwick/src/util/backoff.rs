//! Back-offs: what failed is tried again later, twice as late each time, up to a bound.

use std::time::Duration;

/// How long to wait, by how often it has failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
}

impl Backoff {
    /// `first` after the first failure, at most `most`.
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Backoff { first, most }
    }

    /// How long to wait after it has failed once and `times` more.
    pub(crate) fn after(self, times: u8) -> Duration {
        let doubled = 1_u32.checked_shl(times.into()).unwrap_or(u32::MAX);
        self.first.saturating_mul(doubled).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_its_bound_and_never_overflows() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        let waits = [0, 1, 2, 5, 6, 31, 32, 255].map(|times| backoff.after(times).as_secs());
        assert_eq!(waits, [1, 2, 4, 32, 60, 60, 60, 60]);
        assert_eq!(Backoff::new(Duration::MAX, Duration::MAX).after(9), Duration::MAX);
    }
}
