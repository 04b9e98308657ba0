//! Which entry belongs to which *stored* aggregate: the table that is asked when one is needed in
//! memory again.
//!
//! 1. It holds keys of the slab only; hash and ID are there.
//! 2. It is cut into shards, and each grows and shrinks alone: no step moves more than one of them.
//! 3. The same seed and the same steps give the same table.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry as Place;

use super::slab::Slab;

/// A million stored aggregates are 4 000 per shard.
const SHARDS: usize = 1 << SHARD_BITS;
const SHARD_BITS: u32 = 8;
/// A shard with room for this many does not shrink.
const SMALL: usize = 64;

pub(super) struct Stored {
    shards: Box<[HashTable<u32>; SHARDS]>,
    hasher: FixedState,
    len: usize,
}

impl Stored {
    pub(super) fn new(seed: u64) -> Self {
        let shards = Box::new([const { HashTable::new() }; SHARDS]);
        Stored { shards, hasher: FixedState::with_seed(seed), len: 0 }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn hash<I: Hash>(&self, id: &I) -> u32 {
        (self.hasher.hash_one(id) >> 32) as u32
    }

    pub(super) fn find<I: Eq>(&self, slab: &Slab<I>, hash: u32, id: &I) -> Option<u32> {
        let same = |key: &u32| slab.get(*key).id.as_ref() == Some(id);
        self.shards[shard(hash)].find(wide(hash), same).copied()
    }

    /// Adds an entry, whose `hash` is set. Gives back the key of the one that is there already.
    pub(super) fn insert<I: Eq>(&mut self, slab: &Slab<I>, key: u32) -> Option<u32> {
        let entry = slab.get(key);
        let same = |key: &u32| slab.get(*key).id == entry.id;
        let hash_of = |key: &u32| wide(slab.get(*key).hash);
        match self.shards[shard(entry.hash)].entry(wide(entry.hash), same, hash_of) {
            Place::Occupied(there) => return Some(*there.get()),
            Place::Vacant(place) => place.insert(key),
        };
        self.len += 1;
        None
    }

    pub(super) fn take<I: Eq>(&mut self, slab: &Slab<I>, hash: u32, id: &I) -> Option<u32> {
        let same = |key: &u32| slab.get(*key).id.as_ref() == Some(id);
        let table = &mut self.shards[shard(hash)];
        let (key, _) = table.find_entry(wide(hash), same).ok()?.remove();
        if table.capacity() > SMALL && table.len() < table.capacity() / 8 {
            table.shrink_to(table.len() * 2, |key| wide(slab.get(*key).hash));
        }
        self.len -= 1;
        Some(key)
    }
}

fn shard(hash: u32) -> usize {
    (hash >> (u32::BITS - SHARD_BITS)) as usize
}

/// The table wants good bits at both ends.
fn wide(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
