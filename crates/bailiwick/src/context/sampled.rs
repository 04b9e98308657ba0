//! Messages that come as often as requests do. Each kind is logged at once, and then no more often
//! than every [`LINE_EVERY`], with how many were left out: what fills a disk must not be the log of
//! its being full.

use std::time::Duration;

use crate::context::Lock;

/// How often a message of one kind is logged at most.
pub(crate) const LINE_EVERY: Duration = Duration::from_secs(10);

/// One kind of message.
#[derive(Default)]
pub(crate) struct Sampled(Lock<State>);

#[derive(Default)]
struct State {
    /// By the clock's [`elapsed`](crate::Clock::elapsed).
    next: Duration,
    left_out: u64,
}

impl Sampled {
    /// Whether one is logged at `elapsed`: then how many were left out since the last one.
    pub(crate) fn line(&self, elapsed: Duration) -> Option<u64> {
        let mut state = self.0.lock();
        if elapsed < state.next {
            state.left_out += 1;
            return None;
        }
        state.next = elapsed.saturating_add(LINE_EVERY);
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_logged_at_once_and_then_one_in_a_while() {
        let sampled = Sampled::default();
        let second = Duration::from_secs(1);
        assert_eq!(sampled.line(second), Some(0));
        for _ in 0..1_000 {
            assert_eq!(sampled.line(second * 2), None);
        }
        assert_eq!(sampled.line(second + LINE_EVERY), Some(1_000));
        assert_eq!(sampled.line(second + LINE_EVERY * 3), Some(0));
    }
}
