//! The deadline index of one aggregate type: made for millions of entries, most of which never
//! fire, because they are moved or removed before.
//!
//! 1. Never early, never lost: an entry is handed out when `now` has reached it, and stays.
//! 2. In order of time, to the millisecond. What is set to a time that has passed is due at once.
//! 3. An entry has one owner: who holds its [`Slot`], or the table of *stored* aggregates. So the
//!    cell of an aggregate in memory finds its entry without a search.
//! 4. Every call is short whatever the index holds: work that grows with it (sorting wide slots of
//!    the wheel into finer ones) is done [`SORTED_AT_ONCE`] entries at a time. `first` says when
//!    there is some to do, long before it is urgent; whoever asks too late gets what is due all the
//!    same, in more calls.
//!
//! Time is what the caller says it is. It may leap ahead. While it is set back, what was due by then
//! waits until it is reached again.

use std::hash::Hash;

use super::slab::{NONE, Slab};
use super::stored::Stored;
use super::wheel::Wheel;

/// How many entries are sorted in per call.
pub(super) const SORTED_AT_ONCE: usize = 1_024;

/// The right to one entry. It is good in the index it came from, until that is cleared.
#[derive(Debug)]
#[must_use = "an entry nobody can remove stays for ever"]
pub(crate) struct Slot(u32);

pub(super) struct Index<I> {
    slab: Slab<I>,
    wheel: Wheel,
    stored: Stored,
    /// What [`Index::awaits`] last said, or something earlier that came up since.
    awaited: u64,
    overtaken: bool,
    #[cfg(test)]
    seed: u64,
    #[cfg(feature = "bench-hooks")]
    pub(super) operations: u64,
}

impl<I: Clone + Eq + Hash> Index<I> {
    pub(super) fn new(seed: u64) -> Self {
        Index {
            slab: Slab::new(),
            wheel: Wheel::new(),
            stored: Stored::new(seed),
            awaited: u64::MAX,
            overtaken: false,
            #[cfg(test)]
            seed,
            #[cfg(feature = "bench-hooks")]
            operations: 0,
        }
    }

    /// An entry of the caller's. The caller knows that the aggregate has no other.
    pub(super) fn insert(&mut self, id: I, at: u64) -> Slot {
        let key = self.slab.insert(id, at);
        let wanted = self.wheel.link(&mut self.slab, key);
        self.want(wanted);
        Slot(key)
    }

    pub(super) fn at(&self, slot: &Slot) -> u64 {
        self.slab.get(slot.0).at
    }

    /// Moves an entry, earlier or later.
    pub(super) fn set(&mut self, slot: &Slot, at: u64) {
        self.move_to(slot.0, at);
    }

    pub(super) fn remove(&mut self, slot: Slot) {
        self.wheel.unlink(&mut self.slab, slot.0);
        self.slab.remove(slot.0);
    }

    /// The aggregate leaves the memory, and its entry goes into the table of the stored ones. Were
    /// there one already, the earlier would stay.
    pub(super) fn leave(&mut self, slot: Slot) {
        let entry = self.slab.get_mut(slot.0);
        let id = entry.id.as_ref().expect("the entry of a slot");
        entry.hash = self.stored.hash(id);
        if let Some(there) = self.stored.insert(&self.slab, slot.0) {
            self.at_the_latest(there, self.at(&slot));
            let tries = self.slab.get(slot.0).tries;
            let there = self.slab.get_mut(there);
            there.tries = there.tries.max(tries);
            self.remove(slot);
        }
    }

    /// An entry of an aggregate that is not in memory; if it has one, the earlier stays.
    pub(super) fn insert_stored(&mut self, id: I, at: u64) {
        let hash = self.stored.hash(&id);
        if let Some(there) = self.stored.find(&self.slab, hash, &id) {
            return self.at_the_latest(there, at);
        }
        let Slot(key) = self.insert(id, at);
        self.slab.get_mut(key).hash = hash;
        self.stored.insert(&self.slab, key);
    }

    /// The slot of this aggregate was lost: its entry goes into the table of the stored ones. Looks at
    /// all entries.
    pub(super) fn adopt(&mut self, id: &I) {
        let hash = self.stored.hash(id);
        let known = self.stored.find(&self.slab, hash, id);
        let lost = self.slab.keys_of(id).find(|key| Some(*key) != known);
        if let Some(key) = lost {
            self.leave(Slot(key));
        }
    }

    /// The aggregate is in memory again: its entry is the caller's.
    pub(super) fn claim(&mut self, id: &I) -> Option<Slot> {
        let hash = self.stored.hash(id);
        self.stored.take(&self.slab, hash, id).map(Slot)
    }

    /// As [`set`](Self::set), for an aggregate that is well: it counts as not tried.
    pub(super) fn reset(&mut self, slot: &Slot, at: u64) {
        self.slab.get_mut(slot.0).tries = 0;
        self.move_to(slot.0, at);
    }

    /// It is due at `at`, and the last time that it was handed out does not count.
    pub(super) fn take_back(&mut self, slot: &Slot, at: u64) {
        let entry = self.slab.get_mut(slot.0);
        entry.tries = entry.tries.saturating_sub(1);
        self.move_to(slot.0, at);
    }

    /// Whether it was tried since it was last reset.
    pub(super) fn was_tried(&self, slot: &Slot) -> bool {
        self.slab.get(slot.0).tries > 0
    }

    /// An entry that is due at `now` moves on to where `backstop` says, by how often it was tried.
    /// Returns when it is due.
    pub(super) fn put_off(&mut self, slot: &Slot, now: u64, backstop: impl Fn(u8) -> u64) -> u64 {
        let entry = self.slab.get_mut(slot.0);
        if entry.at > now {
            return entry.at;
        }
        let at = backstop(entry.tries);
        entry.tries = entry.tries.saturating_add(1);
        self.move_to(slot.0, at);
        at
    }

    /// Adds the IDs that are due at `now` to `due`, at most `limit`; their entries stay, and move on
    /// to where `backstop` says, by how often each was tried. If `first` is still due afterwards,
    /// there is more.
    pub(super) fn take_due(
        &mut self,
        now: u64,
        backstop: impl Fn(u8) -> u64,
        limit: usize,
        due: &mut Vec<I>,
    ) {
        let mut work = SORTED_AT_ONCE;
        // In a chain until all are found, so that none is handed out twice, whatever `backstop` is.
        let mut taken = NONE;
        for _ in 0..limit {
            let Some(key) = self.wheel.due(&mut self.slab, now, &mut work) else {
                break;
            };
            self.wheel.unlink(&mut self.slab, key);
            let entry = self.slab.get_mut(key);
            (entry.at, entry.next) = (backstop(entry.tries), taken);
            entry.tries = entry.tries.saturating_add(1);
            due.extend(entry.id.clone());
            taken = key;
        }
        while taken != NONE {
            let next = self.slab.get(taken).next;
            self.wheel.link(&mut self.slab, taken);
            taken = next;
        }
        self.wheel.empty_ahead(&mut self.slab, &mut work);
    }

    /// Says what time it is, and sorts ahead. True: there is more to do now.
    ///
    /// Before the first entry, this spares them the way from 1970.
    pub(super) fn advance(&mut self, now: u64) -> bool {
        let mut work = SORTED_AT_ONCE;
        self.wheel.due(&mut self.slab, now, &mut work);
        self.wheel.empty_ahead(&mut self.slab, &mut work)
    }

    /// When to call `take_due` or `advance` next: never later than the earliest entry.
    pub(super) fn first(&self) -> Option<u64> {
        self.wheel.first()
    }

    /// As `first`, for one who waits until then: [`overtaken`](Self::overtaken) tells from here on
    /// whether that has become too late.
    pub(super) fn awaits(&mut self) -> Option<u64> {
        let first = self.first();
        (self.awaited, self.overtaken) = (first.unwrap_or(u64::MAX), false);
        first
    }

    /// Whether something has come up before what is awaited, since this was last asked.
    pub(super) fn overtaken(&mut self) -> bool {
        std::mem::take(&mut self.overtaken)
    }

    /// Looks at some entries, in no order, beginning with that part of them. Returns the next part, if there
    /// is one.
    pub(super) fn look_at_some(&self, from: usize, look: impl FnMut(&I, u64)) -> Option<usize> {
        self.slab.look_at_some(from, look)
    }

    pub(super) fn len(&self) -> usize {
        self.slab.len()
    }

    /// How many of the entries belong to aggregates that are not in memory.
    #[cfg(test)]
    pub(super) fn stored(&self) -> usize {
        self.stored.len()
    }

    /// How often an entry was sorted in since the start.
    #[cfg(test)]
    pub(super) fn sorted(&self) -> u64 {
        self.wheel.sorted.iter().sum()
    }

    /// How often because it was the last moment.
    #[cfg(test)]
    pub(super) fn urgent(&self) -> u64 {
        self.wheel.sorted[0]
    }

    #[cfg(test)]
    pub(super) fn time(&self) -> u64 {
        self.wheel.time()
    }

    /// Forgets everything and gives the memory back. Slots from before must not be used again.
    #[cfg(test)]
    pub(super) fn clear(&mut self) {
        *self = Index::new(self.seed);
    }

    fn at_the_latest(&mut self, key: u32, at: u64) {
        if at < self.slab.get(key).at {
            self.move_to(key, at);
        }
    }

    fn move_to(&mut self, key: u32, at: u64) {
        self.slab.get_mut(key).at = at;
        let wanted = self.wheel.relink(&mut self.slab, key);
        self.want(wanted);
    }

    fn want(&mut self, wanted: u64) {
        if wanted < self.awaited {
            (self.awaited, self.overtaken) = (wanted, true);
        }
    }
}
