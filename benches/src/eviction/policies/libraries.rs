//! Caches that others keep well. They hold their entries themselves and want to hear of every call,
//! so they cannot hold cells; as a measure they can.

use foldhash::fast::FixedState;
use quick_cache::Weighter;
use quick_cache::unsync::{Cache, DefaultLifecycle};

use super::{Budget, Policy};

/// How many may be expected where they are weighed.
const EXPECTED: u64 = 10_000;

/// TinyLFU's admission to an LRU.
pub(super) struct Moka(moka::sync::Cache<u32, u32, FixedState>);

impl Moka {
    pub(super) fn new(budget: Budget) -> Self {
        let builder = moka::sync::Cache::builder().max_capacity(budget.weight());
        // With weights it begins to count calls only when it is half full.
        let builder = match budget {
            Budget::Count(count) => builder.initial_capacity(count as usize),
            Budget::Bytes(_) => builder.weigher(|_, weight| *weight),
        };
        Moka(builder.build_with_hasher(FixedState::with_seed(7)))
    }
}

impl Policy for Moka {
    fn call(&mut self, id: u32, weight: u32) -> bool {
        let hit = self.0.get(&id).is_some();
        if !hit {
            self.0.insert(id, weight);
        }
        // It notes what was called now and then; here, each time.
        self.0.run_pending_tasks();
        hit
    }
}

/// Its own of the S3-FIFO family.
pub(super) struct QuickCache(Cache<u32, u32, ByValue, FixedState>);

#[derive(Clone)]
struct ByValue;

impl Weighter<u32, u32> for ByValue {
    fn weight(&self, _: &u32, weight: &u32) -> u64 {
        (*weight).into()
    }
}

impl QuickCache {
    pub(super) fn new(budget: Budget) -> Self {
        let (room, expected) = match budget {
            Budget::Count(count) => (count.into(), count.into()),
            Budget::Bytes(bytes) => (bytes, EXPECTED),
        };
        let (hasher, cycle) = (FixedState::with_seed(7), DefaultLifecycle::default());
        QuickCache(Cache::with(expected as usize, room, ByValue, hasher, cycle))
    }
}

impl Policy for QuickCache {
    fn call(&mut self, id: u32, weight: u32) -> bool {
        let hit = self.0.get(&id).is_some();
        if !hit {
            self.0.insert(id, weight);
        }
        hit
    }
}
