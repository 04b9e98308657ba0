//! Which aggregates of one type are in memory. The only file that knows dashmap.
//!
//! No guard of the map is ever held while user code runs, while a cell is locked or across an
//! await. A cell is removed only by pointer: a newer one under the same ID stays.

use std::sync::Arc;

use bailiwick_core::{Aggregate, InvalidTag};
use dashmap::DashMap;
use foldhash::fast::FixedState;

use crate::cell::Cell;

/// Into how many locks the map is divided. A map that grows moves one of them at a time.
const SHARDS: usize = 64;

pub(crate) struct Registry<A: Aggregate> {
    cells: DashMap<A::Key, Arc<Cell<A>>, FixedState>,
}

impl<A: Aggregate> Registry<A> {
    pub(crate) fn new(seed: u64) -> Self {
        let hasher = FixedState::with_seed(seed);
        Registry { cells: DashMap::with_hasher_and_shard_amount(hasher, SHARDS) }
    }

    /// The cell under `id`; made if there is none. At most one cell is in the map per ID.
    pub(crate) fn find(
        &self,
        id: &A::Key,
        make: impl FnOnce() -> Result<Cell<A>, InvalidTag>,
    ) -> Result<Arc<Cell<A>>, InvalidTag> {
        if let Some(cell) = self.cells.get(id) {
            return Ok(cell.clone());
        }
        let made = Arc::new(make()?);
        Ok(self.cells.entry(id.clone()).or_insert(made).clone())
    }

    pub(crate) fn get(&self, id: &A::Key) -> Option<Arc<Cell<A>>> {
        self.cells.get(id).map(|cell| cell.clone())
    }

    /// Removes `cell`, and no other under its ID.
    pub(crate) fn remove(&self, id: &A::Key, cell: &Cell<A>) {
        self.cells.remove_if(id, |_, found| std::ptr::eq(&**found, cell));
    }

    /// Gives memory back after a time with many more cells.
    pub(crate) fn shrink(&self) {
        if self.cells.capacity() > SHARDS * 32 && self.cells.len() < self.cells.capacity() / 4 {
            self.cells.shrink_to_fit();
        }
    }

    pub(crate) fn all(&self) -> Vec<Arc<Cell<A>>> {
        self.cells.iter().map(|entry| entry.value().clone()).collect()
    }

    pub(crate) fn ids(&self) -> Vec<A::Key> {
        let mut ids: Vec<_> = self.cells.iter().map(|entry| entry.key().clone()).collect();
        ids.sort_unstable();
        ids
    }
}
