//! Views that are kept between decisions, those that were used last: the next one folds only what
//! is new. They are derived from the journal, so forgetting them costs nothing but time.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use bailiwick_core::views::{Boundary, Folded, Slot};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use smallvec::SmallVec;

use crate::shared::Lock;

/// How many uses are remembered for each view that may be kept, before those that are past are
/// sorted out.
const USES_PER_VIEW: usize = 2;

pub(crate) struct Kept {
    most: usize,
    hasher: FixedState,
    slots: Lock<Slots>,
}

#[derive(Default)]
struct Slots {
    /// With when each was last used.
    views: HashTable<(u64, Slot)>,
    /// Uses in order, with the hash of what was used. Those of views that were used again since, or
    /// are gone, are past.
    order: VecDeque<(u64, u64)>,
    uses: u64,
}

/// The views of a decision are few.
pub(crate) type Few<T> = SmallVec<[T; 2]>;

impl Kept {
    pub(crate) fn new(seed: u64, most: usize) -> Self {
        let hasher = FixedState::with_seed(seed);
        Kept { most, hasher, slots: Lock::new(Slots::default()) }
    }

    /// Takes the views of a boundary out: whoever has one goes on with it.
    pub(crate) fn take(&self, boundary: &Boundary) -> Few<Slot> {
        let mut taken = SmallVec::new();
        let mut slots = self.slots.lock();
        for reading in boundary.reading() {
            let hash = self.hasher.hash_one(reading.identity());
            let kept = |(_, slot): &(u64, Slot)| slot.identity() == reading.identity();
            if let Ok(kept) = slots.views.find_entry(hash, kept) {
                taken.push(kept.remove().0.1);
            }
        }
        taken
    }

    /// Keeps the views that are worth it.
    pub(crate) fn keep(&self, views: Folded) {
        let worth_it: Few<_> =
            views.keep().map(|slot| (self.hasher.hash_one(slot.identity()), slot)).collect();
        let mut forgotten = Few::new();
        let mut slots = self.slots.lock();
        for (hash, slot) in worth_it {
            forgotten.extend(slots.put(hash, slot, &self.hasher));
            forgotten.extend(slots.forget_beyond(self.most));
        }
        // The lock first: what is dropped is the domain's.
        drop(slots);
        drop(forgotten);
    }

    pub(crate) fn clear(&self) {
        let forgotten = std::mem::take(&mut *self.slots.lock());
        drop(forgotten);
    }
}

impl Slots {
    /// Keeps a view, and returns the older of two of the same.
    fn put(&mut self, hash: u64, slot: Slot, hasher: &FixedState) -> Option<Slot> {
        self.uses += 1;
        let known = |(_, known): &(u64, Slot)| known.identity() == slot.identity();
        let older = match self.views.find_mut(hash, known) {
            Some((_, known)) if known.upto() > slot.upto() => return Some(slot),
            Some(known) => Some(std::mem::replace(known, (self.uses, slot)).1),
            None => {
                let hash_of = |(_, slot): &(u64, Slot)| hasher.hash_one(slot.identity());
                self.views.insert_unique(hash, (self.uses, slot), hash_of);
                None
            }
        };
        self.order.push_back((self.uses, hash));
        older
    }

    /// Returns the view that is one too many, if there is one.
    fn forget_beyond(&mut self, most: usize) -> Option<Slot> {
        let Slots { views, order, .. } = self;
        if order.len() > most.saturating_mul(USES_PER_VIEW) {
            order.retain(|(use_, hash)| views.find(*hash, |(last, _)| last == use_).is_some());
        }
        while views.len() > most
            && let Some((use_, hash)) = order.pop_front()
        {
            if let Ok(oldest) = views.find_entry(hash, |(last, _)| *last == use_) {
                return Some(oldest.remove().0.1);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::journal::Page;
    use bailiwick_core::{Event, Position, Timestamp, View, id};
    use serde::{Deserialize, Serialize};

    use super::*;

    id!(DoorId: "door");

    #[derive(Event, Debug, Serialize, Deserialize)]
    struct Opened;

    struct Door;

    impl View for Door {
        type Key = DoorId;
        type Event = Opened;

        fn new(_: &DoorId) -> Self {
            Door
        }

        fn apply(&mut self, _: &Opened, _: Timestamp) {}
    }

    fn boundary(door: &'static str) -> Boundary {
        Boundary::of::<Door>(&door.into()).unwrap()
    }

    /// A turn over one view that comes to this position, and takes it out first or was too late.
    fn keep(kept: &Kept, door: &'static str, upto: u64, takes: bool) {
        let mut views = Folded::default();
        let boundary = boundary(door);
        let mut taken = if takes { kept.take(&boundary) } else { Few::new() };
        views.add(&boundary, |_| taken.pop());
        let page = Page { events: Vec::new(), upto: Position::new(upto), more: false };
        views.take(&page).unwrap();
        kept.keep(views);
    }

    fn upto(kept: &Kept, door: &'static str) -> Option<u64> {
        kept.take(&boundary(door)).pop().map(|slot| slot.upto().get())
    }

    #[test]
    fn those_that_were_used_last_are_kept() {
        for takes in [true, false] {
            let kept = Kept::new(1, 2);
            keep(&kept, "a", 1, takes);
            keep(&kept, "b", 2, takes);
            keep(&kept, "a", 3, takes);
            keep(&kept, "c", 4, takes);
            assert_eq!(upto(&kept, "b"), None, "it was used before the others");
            assert_eq!((upto(&kept, "a"), upto(&kept, "c")), (Some(3), Some(4)));
            assert_eq!(upto(&kept, "a"), None, "whoever has it has it alone");
        }
    }

    #[test]
    fn the_one_that_knows_more_is_kept() {
        let kept = Kept::new(1, 2);
        for positions in [[5, 3], [3, 5]] {
            positions.into_iter().for_each(|upto| keep(&kept, "a", upto, false));
            assert_eq!(upto(&kept, "a"), Some(5));
        }
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        for most in [0, 1, 3] {
            let kept = Kept::new(1, most);
            let others = ["a", "b", "c", "d"].iter().cycle();
            for (nth, other) in (1..100).zip(others) {
                // One is used all the time, the others only later.
                keep(&kept, "hot", nth, true);
                if nth > 50 {
                    keep(&kept, other, nth, true);
                }
                let slots = kept.slots.lock();
                assert!(slots.views.len() <= most);
                assert!(slots.order.len() <= most * USES_PER_VIEW + 1);
            }
            assert_eq!(upto(&kept, "hot"), (most > 1).then_some(99));
            kept.clear();
            assert_eq!(upto(&kept, "d"), None);
        }
    }
}
