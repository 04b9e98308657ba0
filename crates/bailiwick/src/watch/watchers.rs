//! Who watches what: how a watch learns that there is something new.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::fast::FixedState;
use tokio::sync::Notify;

use crate::shared::Lock;

/// Who watches which aggregate of one type.
pub(crate) struct Watchers<I> {
    watched: Lock<HashMap<I, Watched, FixedState>>,
    /// So that nobody pays for a look when nobody watches.
    count: AtomicUsize,
}

/// One that is watched.
#[derive(Default)]
struct Watched {
    changed: Arc<Notify>,
    /// By how many. Counted here: of two that are dropped at once, each would find the other's
    /// reference still there.
    watches: usize,
}

impl<I: Clone + Eq + Hash> Watchers<I> {
    pub(crate) fn new(seed: u64) -> Self {
        let watched = HashMap::with_hasher(FixedState::with_seed(seed));
        Watchers { watched: Lock::new(watched), count: AtomicUsize::new(0) }
    }

    pub(super) fn subscribe(&self, id: &I) -> Arc<Notify> {
        let mut watched = self.watched.lock();
        let entry = watched.entry(id.clone()).or_default();
        entry.watches += 1;
        let changed = entry.changed.clone();
        self.count.store(watched.len(), Ordering::SeqCst);
        changed
    }

    /// Tells who watches that there are new durable events.
    pub(crate) fn notify(&self, id: &I) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let changed = self.watched.lock().get(id).map(|watched| watched.changed.clone());
        if let Some(changed) = changed {
            changed.notify_waiters();
        }
    }

    pub(super) fn unsubscribe(&self, id: &I) {
        let mut watched = self.watched.lock();
        if let Some(entry) = watched.get_mut(id) {
            entry.watches -= 1;
            if entry.watches == 0 {
                watched.remove(id);
            }
        }
        self.count.store(watched.len(), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_watches_that_are_dropped_at_once_leave_nothing() {
        let watchers = Watchers::new(7);
        let [one, other] = [(); 2].map(|()| watchers.subscribe(&"a"));
        // Each has told that it is gone before its reference is.
        watchers.unsubscribe(&"a");
        assert_eq!(watchers.watched.lock().len(), 1);
        watchers.unsubscribe(&"a");
        assert_eq!(watchers.watched.lock().len(), 0);
        assert_eq!(watchers.count.load(Ordering::SeqCst), 0);
        drop((one, other));
    }
}
