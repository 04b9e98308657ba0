//! The clocks of a run: one time for all, and for each runtime a clock that may be wrong.
//!
//! A runtime's clock may lie ahead of the others and may be set, forward and back. In some runs time
//! passes while somebody works, so that two looks at a clock in one poll differ.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bailiwick::{BoxFuture, Clock, ManualClock, Timestamp};
use parking_lot::Mutex;

use super::random::Random;

/// When every run begins, in milliseconds.
pub(super) const BEGIN: u64 = 1_000;

/// Something that happens at a time, in milliseconds from the beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed<T> {
    pub(super) at: u64,
    pub(super) what: T,
}

/// The clock of one runtime.
#[derive(Clone)]
pub(super) struct SimClock(Arc<Inner>);

struct Inner {
    time: ManualClock,
    ahead: AtomicU64,
    ticks: Option<Arc<Mutex<Random>>>,
    /// How far it ever was ahead: its runtime goes on from there when it is set back.
    most: AtomicU64,
    /// Until then sleepers may be late, because it was set while they slept.
    unsettled: AtomicU64,
}

impl SimClock {
    /// A clock over `time`. With `ticks`, chance moves the time on when it is looked at.
    pub(super) fn new(time: ManualClock, ticks: Option<Arc<Mutex<Random>>>) -> Self {
        SimClock(Arc::new(Inner {
            time,
            ahead: AtomicU64::new(0),
            ticks,
            most: AtomicU64::new(0),
            unsettled: AtomicU64::new(0),
        }))
    }

    /// Sets it to be `ahead` milliseconds ahead of the time.
    pub(super) fn set(&self, ahead: u64) {
        let before = self.0.ahead.swap(ahead, Relaxed);
        self.0.most.fetch_max(ahead, Relaxed);
        let late = self.0.time.now().plus_millis(before.max(ahead));
        self.0.unsettled.fetch_max(late.as_millis(), Relaxed);
    }

    /// What it shows, without a tick.
    pub(super) fn shows(&self) -> Timestamp {
        self.0.time.now().plus_millis(self.0.ahead.load(Relaxed))
    }

    /// The latest time that its runtime can have now.
    pub(super) fn latest(&self) -> Timestamp {
        self.0.time.now().plus_millis(self.0.most.load(Relaxed))
    }

    /// Chance moves the time on.
    fn tick(&self) {
        if let Some(random) = &self.0.ticks {
            // Two statements: who is woken may take a random number.
            let tick = random.lock().one_in(48);
            if tick {
                self.0.time.advance(Duration::from_millis(1));
            }
        }
    }

    /// Until when sleepers may be late.
    pub(super) fn unsettled(&self) -> u64 {
        self.0.unsettled.load(Relaxed)
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.tick();
        self.shows()
    }

    fn elapsed(&self) -> Duration {
        self.tick();
        Duration::from_millis(self.0.time.now().as_millis())
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<()> {
        let clock = self.clone();
        Box::pin(async move {
            loop {
                let left = at.since(clock.shows());
                if left.is_zero() {
                    return;
                }
                clock.0.time.sleep(left).await;
            }
        })
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        self.0.time.sleep(duration)
    }
}
