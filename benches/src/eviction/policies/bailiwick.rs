//! Bailiwick's: the file that the runtime is built from, with numbers for cells.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::{Budget, ById, Policy};
use resting::{CacheEntry, Load, Resting, Seen};

#[allow(dead_code, reason = "the runtime uses more of it")]
#[path = "../../../../crates/bailiwick/src/passivation/eviction/mod.rs"]
mod resting;

/// Nobody rests for so long.
const NEVER: u64 = u64::MAX;

pub(super) struct Bailiwick {
    resting: Resting<u32>,
    standings: ById<CacheEntry>,
    hasher: FixedState,
}

impl Bailiwick {
    pub(super) fn new(budget: Budget) -> Self {
        let most = match budget {
            Budget::Count(count) => Load { count: count as usize, bytes: u64::MAX },
            Budget::Bytes(bytes) => Load { count: usize::MAX, bytes },
        };
        let (standings, hasher) = (ById::default(), FixedState::with_seed(7));
        Bailiwick { resting: Resting::new(most, 0), standings, hasher }
    }
}

impl Policy for Bailiwick {
    fn call(&mut self, id: u32, weight: u32) -> bool {
        if let Some(cache_entry) = self.standings.get_mut(&id) {
            cache_entry.was_used();
            return true;
        }
        let mut cache_entry = CacheEntry::default();
        self.resting.weigh(&mut cache_entry, weight);
        self.resting.enter(id, &mut cache_entry, NEVER, self.hasher.hash_one(id));
        self.standings.insert(id, cache_entry);
        while let Some(look) = self.resting.next(0) {
            let (id, hash) = (look.item, self.hasher.hash_one(look.item));
            let cache_entry = self.standings.get_mut(&id).expect("it rests");
            if self.resting.judge(look, cache_entry, Seen::Resting(NEVER), hash).is_some() {
                self.standings.remove(&id);
            }
        }
        false
    }
}
