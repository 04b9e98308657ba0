//! How late leases end. A turn tells nobody outside by which time it judged, so the fold records it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bailiwick::Timestamp;

use crate::latency::Latencies;

/// How late deadlines were judged, in milliseconds: a count per millisecond, the last one is "more".
pub static LATENESS: Lateness = Lateness([const { AtomicU64::new(0) }; 1_001]);

/// See [`LATENESS`].
pub struct Lateness([AtomicU64; 1_001]);

impl Lateness {
    /// Records one that was due at `due` and judged at `at`.
    ///
    /// # Panics
    /// If it was early.
    pub fn record(&self, at: Timestamp, due: Timestamp) {
        assert!(at >= due, "a deadline was early");
        let late = usize::try_from(at.since(due).as_millis()).unwrap_or(usize::MAX).min(1_000);
        self.0[late].fetch_add(1, Ordering::Relaxed);
    }

    /// How many deadlines were judged since the last reset.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|n| n.load(Ordering::Relaxed)).sum()
    }

    /// All of them, as a round wants them.
    pub fn latencies(&self) -> Latencies {
        let mut latencies = Latencies::with_capacity(self.total() as usize);
        for (late, n) in (0..).zip(&self.0) {
            for _ in 0..n.load(Ordering::Relaxed) {
                latencies.push(Duration::from_millis(late));
            }
        }
        latencies
    }

    /// Forgets all.
    pub fn reset(&self) {
        self.0.iter().for_each(|n| n.store(0, Ordering::Relaxed));
    }
}
