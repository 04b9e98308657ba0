//! A runtime whose time the workload drives: to let aggregates come to rest, and to store them.

use std::time::Duration;

use bailiwick::bench::warm;
use bailiwick::{Aggregates, ManualClock, MemoryJournal, Runtime, Timestamp};
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::domain::Credit;

/// How long an aggregate stays warm.
const WARM: Duration = Duration::from_secs(1);
/// How long an aggregate stays in memory: far beyond all the time that passes while they cool.
const IDLE: Duration = Duration::from_secs(24 * 3_600);
/// When leases end that nobody is to see end.
pub const FAR: Timestamp = Timestamp::from_millis(1_000 * 365 * 24 * 3_600_000);

const LOOK_EVERY: Duration = Duration::from_millis(5);
const LOOKS_PER_STEP: usize = 100;
const STEPS: usize = 200;

/// A runtime whose time stands still until it is driven.
pub struct Driven {
    /// All credits.
    pub credits: Aggregates<Credit>,
    /// The runtime, to be dropped when one likes.
    pub runtime: Runtime,
    clock: ManualClock,
}

impl Driven {
    /// Starts one on `journal`.
    pub async fn start(journal: MemoryJournal) -> Driven {
        let clock = ManualClock::at(1_000_000);
        let builder = Runtime::builder(journal).aggregate::<Credit>().clock(clock.clone());
        let builder = builder.config(|config| config.warm(WARM).idle(IDLE));
        let runtime = builder.start().await.expect("it starts");
        Driven { credits: runtime.aggregates(), runtime, clock }
    }

    /// Lets time pass until none is warm any more. The aggregates stay in memory.
    pub async fn rest(&self) {
        self.pass(WARM, || warm(&self.credits) == 0).await;
    }

    /// Lets time pass until no aggregate is in memory.
    pub async fn store(&self) {
        self.rest().await;
        self.pass(IDLE, || self.credits.in_memory().is_empty()).await;
    }

    async fn pass(&self, first: Duration, done: impl Fn() -> bool) {
        self.clock.advance(first);
        for _ in 0..STEPS {
            for _ in 0..LOOKS_PER_STEP {
                sleep(LOOK_EVERY).await;
                if done() {
                    return;
                }
            }
            self.clock.advance(WARM);
        }
        panic!("the aggregates find no rest");
    }
}

/// Waits until the executor has no tasks but those of others.
pub async fn ended(others: usize) {
    let metrics = Handle::current().metrics();
    while metrics.num_alive_tasks() > others {
        sleep(LOOK_EVERY).await;
    }
}
