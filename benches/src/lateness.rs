//! How late leases end. A turn tells nobody outside by which time it judged, so the fold records it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bailiwick::Timestamp;

use crate::latency::Latencies;

/// How late deadlines were judged: by the `now` of the turn, in whole milliseconds because that is
/// what it counts in, and by the wall clock when the event was folded.
pub static LATENESS: Lateness = Lateness {
    by_turn: [const { AtomicU64::new(0) }; 1_001],
    by_wall: [const { AtomicU64::new(0) }; 10_001],
    behind: AtomicU64::new(0),
};

/// See [`LATENESS`].
pub struct Lateness {
    /// A count per millisecond, the last one is "more".
    by_turn: [AtomicU64; 1_001],
    /// A count per [`GRAIN`], the last one is "more".
    by_wall: [AtomicU64; 10_001],
    /// How far the clock of the deadlines is behind the wall clock, in milliseconds.
    behind: AtomicU64,
}

const GRAIN: Duration = Duration::from_micros(10);

impl Lateness {
    /// Begins anew, with deadlines by a clock that is `behind` the wall clock.
    pub fn begin(&self, behind: Duration) {
        self.by_turn.iter().chain(&self.by_wall).for_each(|n| n.store(0, Relaxed));
        self.behind.store(behind.as_millis() as u64, Relaxed);
    }

    /// Records one that was due at `due` and judged at `at`.
    ///
    /// # Panics
    /// If it was early.
    pub fn record(&self, at: Timestamp, due: Timestamp) {
        assert!(at >= due, "a deadline was early");
        one_more(&self.by_turn, at.since(due).as_millis());
        let due = Duration::from_millis(due.as_millis() + self.behind.load(Relaxed));
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        one_more(&self.by_wall, wall.saturating_sub(due).as_nanos() / GRAIN.as_nanos());
    }

    /// How many deadlines were judged since the beginning.
    pub fn total(&self) -> u64 {
        self.by_turn.iter().map(|n| n.load(Relaxed)).sum()
    }

    /// By the `now` of their turns, as a round wants them.
    pub fn by_turn(&self) -> Latencies {
        each(&self.by_turn, Duration::from_millis(1))
    }

    /// By the wall clock.
    pub fn by_wall(&self) -> Latencies {
        each(&self.by_wall, GRAIN)
    }
}

fn one_more(counts: &[AtomicU64], at: u128) {
    let last = counts.len() - 1;
    counts[usize::try_from(at).unwrap_or(last).min(last)].fetch_add(1, Relaxed);
}

fn each(counts: &[AtomicU64], grain: Duration) -> Latencies {
    let mut latencies = Latencies::default();
    for (late, n) in (0..).zip(counts) {
        (0..n.load(Relaxed)).for_each(|_| latencies.push(grain * late));
    }
    latencies
}
