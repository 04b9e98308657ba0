//! Bailiwick's: the file that the runtime is built from, with numbers for cells.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::{Budget, ById, Policy};
use resting::{Load, Resting, Seen, Standing};

#[allow(dead_code, reason = "the runtime uses more of it")]
#[path = "../../../../crates/bailiwick/src/passivation/eviction/mod.rs"]
mod resting;

/// Nobody rests for so long.
const NEVER: u64 = u64::MAX;

pub(super) struct Bailiwick {
    resting: Resting<u32>,
    standings: ById<Standing>,
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
        if let Some(standing) = self.standings.get_mut(&id) {
            standing.was_used();
            return true;
        }
        let mut standing = Standing::default();
        self.resting.weigh(&mut standing, weight);
        self.resting.enter(id, &mut standing, NEVER, self.hasher.hash_one(id));
        self.standings.insert(id, standing);
        while let Some(look) = self.resting.next(0) {
            let (id, hash) = (look.item, self.hasher.hash_one(look.item));
            let standing = self.standings.get_mut(&id).expect("it rests");
            if self.resting.judge(look, standing, Seen::Resting(NEVER), hash).is_some() {
                self.standings.remove(&id);
            }
        }
        false
    }
}
