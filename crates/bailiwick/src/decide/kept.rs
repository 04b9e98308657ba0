//! Views that are kept between decisions, those that were used last: the next one folds only what
//! is new. They are derived from the journal, so forgetting them costs nothing but time.

use std::collections::{BTreeMap, HashMap};

use bailiwick_core::views::{Folded, Slot, ViewIdentity};
use foldhash::fast::FixedState;

use crate::shared::Lock;

pub(super) struct Kept {
    most: usize,
    slots: Lock<Slots>,
}

struct Slots {
    by_view: HashMap<ViewIdentity, (u64, Slot), FixedState>,
    /// When each was last used.
    order: BTreeMap<u64, ViewIdentity>,
    uses: u64,
}

impl Kept {
    pub(super) fn new(seed: u64, most: usize) -> Self {
        let by_view = HashMap::with_hasher(FixedState::with_seed(seed));
        Kept { most, slots: Lock::new(Slots { by_view, order: BTreeMap::new(), uses: 0 }) }
    }

    /// Takes a view out: whoever has it goes on with it.
    pub(super) fn take(&self, view: &ViewIdentity) -> Option<Slot> {
        let mut slots = self.slots.lock();
        let (used, slot) = slots.by_view.remove(view)?;
        let identity = slots.order.remove(&used);
        // The lock first: what is dropped is the domain's.
        drop(slots);
        drop(identity);
        Some(slot)
    }

    /// Keeps the views that are worth it.
    pub(super) fn keep(&self, views: Folded) {
        for slot in views.keep() {
            let forgotten = self.slots.lock().put(slot, self.most);
            drop(forgotten);
        }
    }

    pub(super) fn clear(&self) {
        let mut slots = self.slots.lock();
        let forgotten = (std::mem::take(&mut slots.by_view), std::mem::take(&mut slots.order));
        drop(slots);
        drop(forgotten);
    }
}

type Forgotten = [Option<(Option<ViewIdentity>, (u64, Slot))>; 2];

impl Slots {
    /// Keeps one view, and forgets another: an older one of the same, and one that is too many.
    fn put(&mut self, slot: Slot, most: usize) -> Forgotten {
        let identity = slot.identity().clone();
        self.uses += 1;
        let uses = self.uses;
        let known =
            self.by_view.get(&identity).is_some_and(|(_, known)| known.upto() > slot.upto());
        if known || most == 0 {
            return [Some((Some(identity), (uses, slot))), None];
        }
        let older = self.by_view.insert(identity.clone(), (uses, slot));
        let older = older.map(|older| (self.order.remove(&older.0), older));
        self.order.insert(uses, identity);
        let excess = if self.by_view.len() > most { self.order.pop_first() } else { None };
        let excess = excess.and_then(|(_, view)| {
            let slot = self.by_view.remove(&view)?;
            Some((Some(view), slot))
        });
        [older, excess]
    }
}
