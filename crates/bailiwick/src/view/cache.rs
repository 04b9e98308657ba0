//! Views that are kept between decisions, or by a policy or an effect between its news, those that were used last:
//! the next one folds only what is new. They are derived from the journal, so forgetting them costs nothing but
//! time.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::sync::Arc;

use bailiwick_core::views::{Boundary, Folded, ReadingItem, Slot, ViewIdentity};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use smallvec::SmallVec;

use crate::config::Config;
use crate::context::{Lock, RuntimeContext};
use crate::error::caught;
use crate::snapshots::{self, Keeper};

/// How many uses are remembered for each view that may be kept, before those that are past are
/// sorted out.
const USES_PER_VIEW: usize = 2;

pub(crate) struct ViewCache {
    most: Most,
    hasher: FixedState,
    slots: Lock<Slots>,
    /// Where those that leave go, if anywhere.
    snapshots: Option<Arc<Keeper>>,
}

#[derive(Clone, Copy)]
struct Most {
    views: usize,
    bytes: usize,
}

#[derive(Default)]
struct Slots {
    views: HashTable<Entry>,
    /// What the views weigh together.
    bytes: usize,
    /// Uses in order, with the hash of what was used. Those of views that were used again since, or
    /// are gone, are past.
    order: VecDeque<(u64, u64)>,
    uses: u64,
}

struct Entry {
    slot: Slot,
    hash: u64,
    bytes: usize,
    /// When it was last used.
    last_use: u64,
}

/// The views of a decision are few.
pub(crate) type Few<T> = SmallVec<[T; 2]>;

impl ViewCache {
    pub(crate) fn of(shared: &RuntimeContext, seed: u64) -> Self {
        let snapshots = shared.snapshots.clone();
        ViewCache { snapshots, ..ViewCache::new(seed, &shared.config) }
    }

    fn new(seed: u64, config: &Config) -> Self {
        let hasher = FixedState::with_seed(seed);
        let most = Most { views: config.cached_views, bytes: config.cached_view_bytes };
        ViewCache { most, hasher, slots: Lock::new(Slots::default()), snapshots: None }
    }

    /// Takes the views of a boundary out: whoever has one goes on with it.
    pub(crate) fn take(&self, boundary: &Boundary) -> Few<Slot> {
        let mut slots = self.slots.lock();
        let identities = boundary.reading().iter().map(ReadingItem::identity);
        identities
            .filter_map(|identity| slots.take(self.hasher.hash_one(identity), identity))
            .collect()
    }

    /// Keeps the views that are worth it.
    pub(crate) fn keep(&self, mut views: Folded) {
        if let Some(keeper) = &self.snapshots {
            snapshots::keep(keeper, views.slots_mut());
        }
        let worth_it: Few<_> = views.keep().map(|slot| self.weigh(slot)).collect();
        let mut forgotten = Few::new();
        let mut slots = self.slots.lock();
        for view in worth_it {
            forgotten.extend(slots.put(view, self.most));
            slots.forget_beyond(self.most, &mut forgotten);
        }
        // The lock first: what is dropped is the domain's.
        drop(slots);
        if let Some(keeper) = &self.snapshots {
            forgotten.into_iter().for_each(|slot| keeper.leaves(slot));
        }
    }

    /// Asks the view how much it holds. Not under the lock: this is the domain's code.
    fn weigh(&self, slot: Slot) -> Entry {
        let bytes = caught(|| slot.bytes()).unwrap_or_else(|message| {
            tracing::error!(view = %slot.identity(), %message, "`heap_bytes` panicked");
            0
        });
        Entry { hash: self.hasher.hash_one(slot.identity()), slot, bytes, last_use: 0 }
    }

    pub(crate) fn clear(&self) {
        let forgotten = std::mem::take(&mut *self.slots.lock());
        drop(forgotten);
    }
}

impl Slots {
    fn take(&mut self, hash: u64, identity: &ViewIdentity) -> Option<Slot> {
        let kept = |entry: &Entry| entry.slot.identity() == identity;
        let (entry, _) = self.views.find_entry(hash, kept).ok()?.remove();
        self.bytes -= entry.bytes;
        Some(entry.slot)
    }

    /// Keeps a view, unless it is heavier than all may be. Returns the older of two of the same.
    fn put(&mut self, mut entry: Entry, most: Most) -> Option<Slot> {
        let Entry { hash, bytes, .. } = entry;
        let known = |known: &Entry| known.slot.identity() == entry.slot.identity();
        let known = self.views.find(hash, known).map(|known| known.slot.upto());
        if bytes > most.bytes || known.is_some_and(|upto| upto > entry.slot.upto()) {
            return Some(entry.slot);
        }
        let older = known.and_then(|_| self.take(hash, entry.slot.identity()));
        self.uses += 1;
        self.bytes += bytes;
        entry.last_use = self.uses;
        self.views.insert_unique(hash, entry, |entry| entry.hash);
        self.order.push_back((self.uses, hash));
        older
    }

    /// Adds the views that are too many to `forgotten`.
    fn forget_beyond(&mut self, most: Most, forgotten: &mut Few<Slot>) {
        let Slots { views, order, .. } = self;
        if order.len() > most.views.saturating_mul(USES_PER_VIEW) {
            let is_last = |(last_use, hash): &(u64, u64)| {
                views.find(*hash, |entry| entry.last_use == *last_use).is_some()
            };
            order.retain(is_last);
        }
        while (self.views.len() > most.views || self.bytes > most.bytes)
            && let Some((last_use, hash)) = self.order.pop_front()
        {
            if let Ok(oldest) = self.views.find_entry(hash, |entry| entry.last_use == last_use) {
                let (entry, _) = oldest.remove();
                self.bytes -= entry.bytes;
                forgotten.push(entry.slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::journal::{EncodedEvent, Metadata, Page, RecordedEvent};
    use bailiwick_core::{Event, Last, Position, Timestamp, View, id};
    use serde::{Deserialize, Serialize};

    use super::*;

    id!(DoorId: "door");

    #[derive(Event, Debug, Serialize, Deserialize)]
    struct Opened {
        note: String,
    }

    /// It holds what its ID says, if that says anything.
    struct Door(String);

    impl View for Door {
        type Key = DoorId;
        type Event = Opened;

        fn new(id: &DoorId) -> Self {
            Door(id.to_string())
        }

        fn apply(&mut self, _: &Opened, _: Timestamp) {}

        fn heap_bytes(&self) -> usize {
            let (_, bytes) = self.0.split_once('-').unwrap_or(("", "0"));
            bytes.parse().expect("a number")
        }
    }

    /// What a door weighs that holds nothing.
    const DOOR: usize = 256 + size_of::<Door>();

    fn kept(views: usize, bytes: usize) -> ViewCache {
        ViewCache::new(1, &Config::new().cached_views(views).cached_view_bytes(bytes))
    }

    fn boundary(door: &'static str) -> Boundary {
        Boundary::of::<Door>(&door.into()).unwrap()
    }

    /// A turn over one view that comes to this position, and takes it out first or was too late.
    fn keep(kept: &ViewCache, door: &'static str, upto: u64, takes: bool) {
        let boundary = boundary(door);
        let taken = if takes { kept.take(&boundary) } else { Few::new() };
        turn(kept, &boundary, taken, Vec::new(), upto);
    }

    fn turn(
        kept: &ViewCache,
        boundary: &Boundary,
        mut taken: Few<Slot>,
        events: Vec<RecordedEvent>,
        upto: u64,
    ) {
        let mut views = Folded::default();
        views.add(boundary, |_| taken.pop());
        let page = Page { events, upto: Position::new(upto), more: false };
        views.take(&page).unwrap();
        kept.keep(views);
    }

    fn upto(kept: &ViewCache, door: &'static str) -> Option<u64> {
        kept.take(&boundary(door)).pop().map(|slot| slot.upto().get())
    }

    #[test]
    fn those_that_were_used_last_are_kept() {
        for takes in [true, false] {
            let kept = kept(2, usize::MAX);
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
        let kept = kept(2, usize::MAX);
        for positions in [[5, 3], [3, 5]] {
            positions.into_iter().for_each(|upto| keep(&kept, "a", upto, false));
            assert_eq!(upto(&kept, "a"), Some(5));
        }
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        for most in [0, 1, 3] {
            let kept = kept(most, usize::MAX);
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
    #[test]
    fn what_they_weigh_has_a_bound() {
        let kept = kept(100, 3 * DOOR + 1_000);
        for (nth, door) in (1..).zip(["a-100", "b-200", "c-600"]) {
            keep(&kept, door, nth, true);
        }
        keep(&kept, "heavy-5000", 4, true);
        assert_eq!(upto(&kept, "heavy-5000"), None, "it is heavier than all of them may be");
        assert_eq!(kept.slots.lock().bytes, 3 * DOOR + 900, "nobody gives way to it");
        keep(&kept, "a-100", 5, true);
        assert_eq!(kept.slots.lock().bytes, 3 * DOOR + 900, "what is taken out weighs nothing");
        keep(&kept, "d-500", 6, true);
        let kept_ones = ["a-100", "b-200", "c-600", "d-500"].map(|door| upto(&kept, door));
        assert_eq!(kept_ones, [Some(5), None, None, Some(6)], "those that were used first");
        assert_eq!(kept.slots.lock().bytes, 0);
    }

    #[test]
    fn one_that_panics_when_it_is_asked_weighs_nothing() {
        let kept = kept(100, 2 * DOOR);
        keep(&kept, "a", 1, true);
        keep(&kept, "b-ad", 2, true);
        assert_eq!((upto(&kept, "a"), upto(&kept, "b-ad")), (Some(1), Some(2)));
    }

    /// Nobody can ask an event what it holds.
    #[test]
    fn a_last_event_weighs_what_it_is_encoded() {
        let kept = kept(100, usize::MAX);
        type LastOpened = Last<Opened, DoorId>;
        let boundary = Boundary::of::<LastOpened>(&"a".into()).unwrap();
        let mut bytes = Vec::new();
        for (position, payload) in [(1, 0), (2, 3_000)] {
            let event = EncodedEvent {
                event_type: "Opened".into(),
                version: 1,
                tags: "door:a".parse::<bailiwick_core::Tag>().unwrap().into(),
                payload: encoded(payload).into(),
                recorded_at: Timestamp::from_millis(1),
                metadata: Metadata::default(),
            };
            let at = Position::new(position);
            let taken = kept.take(&boundary);
            turn(&kept, &boundary, taken, vec![RecordedEvent { position: at, event }], position);
            bytes.push(kept.slots.lock().bytes);
        }
        assert_eq!(bytes[1] - bytes[0], encoded(3_000).len() - encoded(0).len());
    }

    fn encoded(size: usize) -> Vec<u8> {
        let mut payload = Vec::new();
        Opened { note: "x".repeat(size) }.encode(&mut payload).unwrap();
        payload
    }
}
