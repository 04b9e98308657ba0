//! A clock whose wall time and whose elapsed time a test sets apart from each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use bailiwick::{BoxFuture, Builder, Clock, ManualClock, MemoryJournal, Timestamp};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::{Stage, settle};

/// What a wall clock shows when it has not been set: far enough from 0 to be set back.
pub const BEGIN: u64 = 1_000_000_000;

/// Cloning shares it.
#[derive(Clone)]
pub struct SplitClock {
    /// Elapsed time: whoever sleeps, sleeps by it.
    pub time: ManualClock,
    /// What the wall clock shows more than `time`, in milliseconds.
    more: Arc<AtomicU64>,
}

impl SplitClock {
    pub fn new() -> SplitClock {
        SplitClock { time: ManualClock::at(0), more: Arc::new(AtomicU64::new(BEGIN)) }
    }

    /// Sets the wall clock on.
    pub fn set_on(&self, by: Duration) {
        self.more.fetch_add(millis(by), SeqCst);
    }

    /// Sets the wall clock back.
    pub fn set_back(&self, by: Duration) {
        self.more.fetch_sub(millis(by), SeqCst);
    }

    /// Lets time pass, on both hands.
    pub async fn pass(&self, time: Duration) {
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(Duration::from_millis(100));
            self.time.advance(step);
            settle().await;
            left -= step;
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

impl Clock for SplitClock {
    fn now(&self) -> Timestamp {
        self.time.now().plus_millis(self.more.load(SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.time.now().as_millis())
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<()> {
        let clock = self.clone();
        Box::pin(async move {
            while clock.now() < at {
                let left = at.since(clock.now()).min(Duration::from_secs(1));
                clock.time.sleep(left).await;
            }
        })
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        self.time.sleep(duration)
    }
}

/// A runtime of counters with such a clock. The clock of the stage itself is the elapsed time.
pub async fn stage(clock: &SplitClock) -> Stage {
    on(FaultyJournal::new(MemoryJournal::new()), clock, |builder| builder).await
}

pub async fn on(
    journal: FaultyJournal,
    clock: &SplitClock,
    change: impl FnOnce(Builder) -> Builder,
) -> Stage {
    let hands = clock.clone();
    Stage::on(journal, clock.time.clone(), |builder| change(builder.clock(hands))).await
}
