//! A runtime whose time the workload drives: to let actors leave, and to store aggregates.
//!
//! It judges by what anybody can see from outside: the tasks of the executor, on which nothing else
//! may run meanwhile, and the aggregates in memory.

use std::time::Duration;

use bailiwick::{Aggregates, ManualClock, MemoryJournal, Runtime, Timestamp};
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::domain::Credit;

/// How long an actor stays.
const LINGER: Duration = Duration::from_secs(1);
/// How long an aggregate stays in memory: far beyond all the time that passes while actors leave.
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
    /// How many tasks there are without any actor.
    tasks: usize,
}

impl Driven {
    /// Starts one on `journal`.
    pub async fn start(journal: MemoryJournal) -> Driven {
        let clock = ManualClock::at(1_000_000);
        let builder = Runtime::builder(journal).aggregate::<Credit>().clock(clock.clone());
        let builder = builder.config(|config| config.warm(LINGER).idle(IDLE));
        let runtime = builder.start().await.expect("it starts");
        let tasks = Handle::current().metrics().num_alive_tasks();
        Driven { credits: runtime.aggregates(), runtime, clock, tasks }
    }

    /// Lets time pass until all actors have left. The aggregates stay in memory.
    pub async fn rest(&self) {
        let metrics = Handle::current().metrics();
        self.pass(LINGER, || metrics.num_alive_tasks() <= self.tasks).await;
    }

    /// Lets time pass until no aggregate is in memory.
    pub async fn store(&self) {
        // An aggregate is idle from when its actor has left.
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
            self.clock.advance(LINGER);
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
