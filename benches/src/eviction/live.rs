//! The runtime itself: a call is a read, and who was not in memory is read from the journal, which
//! counts that.

use std::time::Duration;

use bailiwick::{Aggregates, ManualClock, Runtime};
use tokio::runtime::Runtime as Executor;
use tokio::task::yield_now;

use super::parcel::{Parcel, Parcels};
use super::{Budget, Policy};

/// How long an actor stays.
const LINGER: Duration = Duration::from_millis(1);
/// Longer than any trace.
const IDLE: Duration = Duration::from_secs(365 * 24 * 3_600);
/// Turns of all tasks until nobody has anything to do: the actor leaves, its aggregate rests, and
/// another gives way.
const TURNS: usize = 8;
/// What `Config::resting_bytes` counts for an aggregate that holds nothing.
const EMPTY: u32 = 256 + size_of::<Parcel>() as u32;

/// A runtime that has nothing to do but to be called.
pub(super) struct Live {
    parcels: Aggregates<Parcel>,
    clock: ManualClock,
    journal: Parcels,
    budget: Budget,
    _runtime: Runtime,
    executor: Executor,
}

impl Live {
    pub(super) fn new(budget: Budget) -> Self {
        let executor = tokio::runtime::Builder::new_current_thread().build().expect("an executor");
        let (clock, journal) = (ManualClock::at(1_000), Parcels::new());
        let builder = Runtime::builder(journal.clone()).aggregate::<Parcel>().clock(clock.clone());
        let builder = builder.entropy(7).config(|config| {
            let (count, bytes) = match budget {
                Budget::Count(count) => (count as usize, usize::MAX),
                Budget::Bytes(bytes) => (usize::MAX, bytes as usize),
            };
            let config = config.warm(LINGER).idle(IDLE);
            config.resting_aggregates(count).resting_bytes(bytes)
        });
        let runtime = executor.block_on(builder.start()).expect("it starts");
        Live { parcels: runtime.aggregates(), clock, journal, budget, _runtime: runtime, executor }
    }
}

impl Policy for Live {
    fn call(&mut self, id: u32, weight: u32) -> bool {
        let heap = match self.budget {
            Budget::Count(_) => 0,
            Budget::Bytes(_) => weight - EMPTY,
        };
        let before = self.journal.loads();
        self.executor.block_on(async {
            self.parcels.get(Parcel::id(id, heap)).read(|_, _| ()).await.expect("it is read");
            yield_now().await;
            self.clock.advance(LINGER);
            for _ in 0..TURNS {
                yield_now().await;
            }
        });
        self.journal.loads() == before
    }
}
