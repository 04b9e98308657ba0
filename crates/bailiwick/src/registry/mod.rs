//! Which aggregates of one type are in memory. The only file that knows dashmap.
//!
//! 1. A cell is in the map exactly while it has not been stored or closed: both change under the lock
//!    of the cell. So who has a cell from here and finds it stored may look again, and finds another.
//! 2. There is one cell at most under an ID. A cell that references remember when it is stored comes
//!    back when its ID is called again, whoever calls: so what they remember stays right. It is kept
//!    by them alone; here it is known, until the last of them lets go of it.
//! 3. Locks are taken in this order: a cell's, the map's, that of the remembered. No guard is ever held
//!    while a domain's code runs (but for what an ID needs to be a key) or across an await.

pub(crate) mod aggregate_type;
pub(crate) mod news;
mod timed;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use bailiwick_core::{Aggregate, InvalidTag};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use foldhash::fast::FixedState;

use crate::cell::Cell;

/// Into how many locks the map is divided. A map that grows moves one of them at a time.
const SHARDS: usize = 64;
/// The same of the cells that are remembered: only what is stored or comes back meets them.
const REMEMBERED_SHARDS: usize = 4;

pub(crate) struct Registry<A: Aggregate> {
    cells: DashMap<A::Key, Arc<Cell<A>>, FixedState>,
    /// Those that were stored and are remembered.
    remembered: DashMap<A::Key, Weak<Cell<A>>, FixedState>,
    /// How many times one was stored.
    stored: AtomicU64,
}

impl<A: Aggregate> Registry<A> {
    pub(crate) fn new(seed: u64) -> Self {
        let hasher = || FixedState::with_seed(seed);
        Registry {
            cells: DashMap::with_hasher_and_shard_amount(hasher(), SHARDS),
            remembered: DashMap::with_hasher_and_shard_amount(hasher(), REMEMBERED_SHARDS),
            stored: AtomicU64::new(0),
        }
    }

    /// The cell under `id`: the one in memory, else the one that is remembered, else a new one.
    pub(crate) fn find(
        &self,
        id: &A::Key,
        make: impl FnOnce() -> Result<Cell<A>, InvalidTag>,
    ) -> Result<Arc<Cell<A>>, InvalidTag> {
        if let Some(cell) = self.cells.get(id) {
            return Ok(cell.clone());
        }
        let made = Arc::new(make()?);
        let stored = match self.cells.entry(id.clone()) {
            Entry::Occupied(found) => return Ok(found.get().clone()),
            // Under the guard: else one might be stored meanwhile, and there would be two of them.
            Entry::Vacant(place) => match self.remembered(id) {
                Some(stored) => stored,
                None => return Ok(place.insert(made).clone()),
            },
        };
        stored.come_back();
        Ok(stored)
    }

    fn remembered(&self, id: &A::Key) -> Option<Arc<Cell<A>>> {
        self.remembered.get(id)?.upgrade()
    }

    pub(crate) fn get(&self, id: &A::Key) -> Option<Arc<Cell<A>>> {
        self.cells.get(id).map(|cell| cell.clone())
    }

    /// Removes `cell`, which is locked and stored from now on.
    pub(crate) fn remove_stored(&self, id: &A::Key, cell: &Arc<Cell<A>>, remembered: bool) {
        let removed = self.cells.remove_if(id, |id, found| {
            let is_it = Arc::ptr_eq(found, cell);
            if is_it && remembered {
                self.remembered.insert(id.clone(), Arc::downgrade(found));
            }
            is_it
        });
        debug_assert!(removed.is_some(), "a cell is in the map until it is stored");
        self.stored.fetch_add(1, Relaxed);
    }

    /// Puts a cell, which is locked and was stored, where it was. Fails if there is another one.
    pub(crate) fn put_back(&self, id: &A::Key, cell: &Arc<Cell<A>>) -> bool {
        match self.cells.entry(id.clone()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(cell.clone());
                true
            }
        }
    }

    /// Removes `cell`, and no other under its ID: it is closed, and never comes back.
    pub(crate) fn remove_closed(&self, id: &A::Key, cell: &Cell<A>) {
        self.cells.remove_if(id, |_, found| std::ptr::eq(&**found, cell));
        self.forget(id, cell);
    }

    /// Nobody remembers `cell` any more.
    pub(crate) fn forget(&self, id: &A::Key, cell: &Cell<A>) {
        self.remembered.remove_if(id, |_, found| std::ptr::eq(found.as_ptr(), cell));
    }

    /// Gives memory back after a time with many more cells.
    pub(crate) fn shrink(&self) {
        shrink(&self.cells, SHARDS);
        shrink(&self.remembered, REMEMBERED_SHARDS);
    }

    pub(crate) fn all(&self) -> Vec<Arc<Cell<A>>> {
        self.cells.iter().map(|entry| entry.value().clone()).collect()
    }

    pub(crate) fn ids(&self) -> Vec<A::Key> {
        let mut ids: Vec<_> = self.cells.iter().map(|entry| entry.key().clone()).collect();
        ids.sort_unstable();
        ids
    }

    /// How many are in memory, and how many times one was stored.
    #[cfg(feature = "metrics")]
    pub(crate) fn census(&self) -> (usize, u64) {
        (self.cells.len(), self.stored.load(Relaxed))
    }

    /// How many cells are known here that are not in memory.
    #[cfg(test)]
    pub(crate) fn stored_and_remembered(&self) -> usize {
        let is_stored = |id: &A::Key| !self.cells.contains_key(id);
        self.remembered.iter().filter(|entry| is_stored(entry.key())).count()
    }
}

fn shrink<K: Eq + std::hash::Hash, V>(map: &DashMap<K, V, FixedState>, shards: usize) {
    if map.capacity() > shards * 32 && map.len() < map.capacity() / 4 {
        map.shrink_to_fit();
    }
}
