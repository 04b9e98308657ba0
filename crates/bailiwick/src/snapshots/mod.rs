//! Snapshots: states that are kept beside the journal, so that less of it has to be read.
//!
//! 1. They are derived. Whatever becomes of the store (it is slow, fails, panics, was deleted, is of before),
//!    the answer is the one that the journal gives.
//! 2. A snapshot shortens the read and never the condition. What goes on from one has read the journal behind
//!    it to the end, as who folds everything has, and appends on the same condition.
//! 3. One is used only if it was made by the same version, of the same event types, and the journal has its
//!    last event where it says: so neither one that is beyond the head, nor one of another history.
//! 4. It is made of a state whose last event the journal has. That is looked up when it is saved.
//! 5. Saving delays nobody: it comes after the answers have left, in a task of its own, from a queue with a
//!    bound. Who does not opt in pays a look at a constant.
//!
//! Why it is as it is: docs/decisions/snapshots.md.

mod compare;
mod counts;
mod find;
mod memory;
mod save;
mod views;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bailiwick_core::SnapshotStore;
use bailiwick_core::snapshot::Declared;
use tokio::sync::{Notify, Semaphore};

pub use counts::SnapshotCounts;
pub use memory::MemorySnapshots;

use crate::context::Lock;
use crate::context::sampled::Sampled;
pub(crate) use compare::{Comparison, Differs};
pub(crate) use counts::{Tallied, one};
pub(crate) use find::Candidate;
pub(crate) use save::{Offer, run};
pub(crate) use views::{keep, revive};

/// What a runtime has of snapshots.
pub(crate) struct Keeper {
    store: Arc<dyn SnapshotStore>,
    /// One that is not what its events fold to fails whoever would go on from it.
    pub(crate) must_agree: bool,
    pub(crate) counters: Tallied,
    queue: Lock<VecDeque<Offer>>,
    came: Notify,
    most: usize,
    /// One is compared in the background at a time.
    comparing: Semaphore,
    /// Views whose snapshots are not what their events fold to: none of them is used, or made, any more.
    distrusted: Lock<BTreeSet<&'static str>>,
    /// What the log is told.
    unusable: Sampled,
    unsaved: Sampled,
}

impl Keeper {
    pub(crate) fn new(store: Arc<dyn SnapshotStore>, must_agree: bool, most: usize) -> Arc<Self> {
        Arc::new(Keeper {
            store,
            must_agree,
            counters: Tallied::default(),
            queue: Lock::new(VecDeque::new()),
            came: Notify::new(),
            most,
            comparing: Semaphore::new(1),
            distrusted: Lock::new(BTreeSet::new()),
            unusable: Sampled::default(),
            unsaved: Sampled::default(),
        })
    }

    fn trusts(&self, declared: &Declared) -> bool {
        !self.distrusted.lock().contains(declared.view)
    }
}
