//! The buffers of callers that run a turn: one set for each type on each of a few shards of threads, so
//! that by far the most turns allocate none.
//!
//! They hold the journal. Once the pool is closed nothing is kept any more.

use std::sync::Arc;

use bailiwick_core::Aggregate;

use super::desk::Ground;
use super::encode::Tools;
use crate::context::{Lock, Shared};
use crate::util::shard::{SHARDS, shard};

pub(crate) struct ToolsPool<A: Aggregate>([Shard<A>; SHARDS]);

#[repr(align(128))]
struct Shard<A: Aggregate>(Lock<Slot<A>>);

enum Slot<A: Aggregate> {
    Empty,
    Kept(Box<Tools<A>>),
    Closed,
}

impl<A: Aggregate> Default for ToolsPool<A> {
    fn default() -> Self {
        ToolsPool(std::array::from_fn(|_| Shard(Lock::new(Slot::Empty))))
    }
}

impl<A: Aggregate> ToolsPool<A> {
    /// Those of this thread, or new ones; none once the runtime has let go of its journal.
    pub(super) fn take(&self, ground: Arc<Ground>, shared: &Shared) -> Option<Box<Tools<A>>> {
        let mut slot = self.0[shard()].0.lock();
        let kept = match &mut *slot {
            Slot::Kept(_) => std::mem::replace(&mut *slot, Slot::Empty),
            Slot::Empty | Slot::Closed => Slot::Empty,
        };
        drop(slot);
        if let Slot::Kept(mut tools) = kept {
            tools.ground = ground;
            return Some(tools);
        }
        Some(Box::new(Tools::new(ground, shared.journal()?)))
    }

    pub(super) fn put_back(&self, tools: Box<Tools<A>>) {
        let mut slot = self.0[shard()].0.lock();
        if matches!(*slot, Slot::Empty) {
            *slot = Slot::Kept(tools);
        } else {
            // The lock first: the last one out ends the journal.
            drop(slot);
            drop(tools);
        }
    }

    /// Nothing is kept any more.
    pub(crate) fn close(&self) {
        for Shard(slot) in &self.0 {
            let kept = std::mem::replace(&mut *slot.lock(), Slot::Closed);
            drop(kept);
        }
    }
}
