//! The deadline index: when the next aggregate of one type falls due by itself.
//!
//! 1. At most one entry per aggregate, never later than the deadline of its durable or its
//!    speculative state; a second one if it came into memory just when somebody armed it stored,
//!    until it is called. A deadline that moves *later* touches nothing here: the entry fires, its
//!    aggregate finds nothing due and sets the entry anew.
//! 2. Never early: an entry is handed out when the runtime's clock has reached it, and the
//!    aggregate judges once more.
//! 3. Never lost: a fired entry stays, moved on by a backstop, until the aggregate has settled it.
//!    The backstop doubles with each time that it was not, whatever became of the aggregate meanwhile.
//! 4. However many are due at once, no more than `due_at_once` have a place: until they are decided and
//!    durable, or somebody else has the aggregate. So commands have their turns in between. Whom the journal does
//!    not answer keeps its place for `due_timeout`; then it is one of the aggregates that wait for the journal,
//!    like any other.
//! 5. Nothing fires while the journal is closed for writing: it waits, and is due when it is open.

mod index;
mod run;
mod slab;
mod stored;
#[cfg(test)]
mod tests;
mod wheel;

use std::hash::Hash;
use std::sync::Arc;

use bailiwick_core::Timestamp;
use parking_lot::MutexGuard;
use tokio::sync::{Notify, Semaphore};

use crate::config::Config;
use crate::context::{Lock, most_at_once};
use crate::util::backoff::Backoff;
use index::Index;
pub(crate) use index::Slot;
pub(crate) use run::{HasDeadlines, run};

pub(crate) struct Deadlines<I> {
    index: Lock<Index<I>>,
    /// The earliest entry became earlier.
    pub(crate) earlier: Notify,
    /// A place for each that may be under way.
    pub(crate) places: Arc<Semaphore>,
    backoff: Backoff,
}

impl<I: Clone + Eq + Hash> Deadlines<I> {
    pub(crate) fn new(seed: u64, config: &Config) -> Self {
        Deadlines {
            index: Lock::new(Index::new(seed)),
            earlier: Notify::new(),
            places: Arc::new(Semaphore::new(most_at_once(config.due_at_once))),
            backoff: Backoff::new(config.deadline_backoff, config.deadline_backoff_max),
        }
    }

    /// Makes sure that the entry of an aggregate in memory is at `at` or earlier. `armed` is when it
    /// is known to be at the latest: who moves a deadline later touches nothing here.
    pub(crate) fn arm(
        &self,
        armed: &mut Option<Timestamp>,
        slot: &mut Option<Slot>,
        id: &I,
        at: Timestamp,
    ) {
        if armed.is_some_and(|armed| armed <= at) {
            return;
        }
        *armed = Some(at);
        let at = at.as_millis();
        self.change(|index| match slot {
            Some(slot) if index.at(slot) <= at => {}
            Some(slot) => index.set(slot, at),
            None => *slot = Some(index.insert(id.clone(), at)),
        });
    }

    /// Sets the entry of an aggregate in memory, which is well, to exactly `at`, or removes it.
    pub(crate) fn set(&self, slot: &mut Option<Slot>, id: &I, at: Option<Timestamp>) {
        self.change(|index| set(index, slot, id, at));
    }

    /// As [`set`](Self::set), and so that there is no other: one that was armed when the aggregate had
    /// just come into memory has done its work.
    pub(crate) fn settle(&self, slot: &mut Option<Slot>, id: &I, at: Option<Timestamp>) {
        self.change(|index| {
            if let Some(other) = index.claim(id) {
                match slot {
                    Some(_) => index.remove(other),
                    None => *slot = Some(other),
                }
            }
            set(index, slot, id, at);
        });
    }

    /// Makes sure that an aggregate in memory has an entry, which is not due at `now`: what was tried
    /// just now is tried again later, and later each time. Returns when.
    pub(crate) fn put_off(&self, slot: &mut Option<Slot>, id: &I, now: Timestamp) -> Timestamp {
        let mut at = now;
        self.change(|index| {
            let slot = slot.get_or_insert_with(|| index.insert(id.clone(), now.as_millis()));
            let put_off = index.put_off(slot, now.as_millis(), self.backstop(now));
            at = Timestamp::from_millis(put_off);
        });
        at
    }

    /// Whether an entry was tried in vain. It may be due again, and wait for a place.
    pub(crate) fn was_tried(&self, slot: &Slot) -> bool {
        self.index().was_tried(slot)
    }

    /// An entry that was put off is due at once: it was not tried in vain the last time. Of the times before that nothing
    /// is known.
    pub(crate) fn call_again(&self, slot: &Slot, now: Timestamp) {
        let now = now.as_millis();
        self.change(|index| {
            if index.was_tried(slot) && index.at(slot) > now {
                index.take_back(slot, now);
            }
        });
    }

    /// Where an entry that was tried at `now`, and so often before, goes.
    fn backstop(&self, now: Timestamp) -> impl Fn(u8) -> u64 + use<I> {
        let backoff = self.backoff;
        move |tries| (now + backoff.after(tries)).as_millis()
    }

    /// Makes sure that an aggregate that is not in memory has an entry at `at` or earlier.
    pub(crate) fn arm_stored(&self, id: &I, at: Timestamp) {
        self.change(|index| index.insert_stored(id.clone(), at.as_millis()));
    }

    /// The aggregate leaves memory, or at least what is known of it does: its entry stays.
    pub(crate) fn leave(&self, slot: Option<Slot>) {
        if let Some(slot) = slot {
            self.index().leave(slot);
        }
    }

    /// The aggregate's slot was lost in a panic: its entry is found by looking at all, and kept as one
    /// of an aggregate that is not in memory.
    pub(crate) fn adopt(&self, id: &I) {
        self.index().adopt(id);
    }

    /// The aggregate is in memory: its entry, if it has one, is its own again.
    pub(crate) fn claim(&self, id: &I) -> Option<Slot> {
        self.index().claim(id)
    }

    fn change(&self, change: impl FnOnce(&mut Index<I>)) {
        let mut index = self.index();
        change(&mut index);
        let overtaken = index.overtaken();
        drop(index);
        if overtaken {
            self.earlier.notify_one();
        }
    }

    /// The index, for an operation on an entry.
    fn index(&self) -> MutexGuard<'_, Index<I>> {
        #[cfg_attr(not(feature = "bench-hooks"), expect(unused_mut, reason = "it counts nothing"))]
        let mut index = self.index.lock();
        #[cfg(feature = "bench-hooks")]
        (index.operations += 1);
        index
    }

    /// How many operations on an entry there were. Handing out what is due is none.
    #[cfg(feature = "bench-hooks")]
    pub(crate) fn operations(&self) -> u64 {
        self.index.lock().operations
    }

    /// The aggregates that are due at `now`, at most `limit`; their entries move on.
    pub(crate) fn take_due(&self, now: Timestamp, limit: usize) -> Vec<I> {
        let mut due = Vec::new();
        let mut index = self.index.lock();
        index.take_due(now.as_millis(), self.backstop(now), limit, &mut due);
        due
    }

    /// Says what time it is before the first entry is looked at.
    pub(crate) fn advance(&self, now: Timestamp) {
        self.index.lock().advance(now.as_millis());
    }

    /// When `take_due` is to be called next; [`earlier`](Self::earlier) tells if that changes.
    pub(crate) fn awaits(&self) -> Option<Timestamp> {
        self.index.lock().awaits().map(Timestamp::from_millis)
    }

    /// Looks at some entries, beginning with that part of them. Returns the next part, if there is one.
    pub(crate) fn look_at_some(
        &self,
        from: usize,
        mut look: impl FnMut(&I, Timestamp),
    ) -> Option<usize> {
        let index = self.index.lock();
        index.look_at_some(from, |id, at| look(id, Timestamp::from_millis(at)))
    }

    pub(crate) fn len(&self) -> usize {
        self.index.lock().len()
    }
}

fn set<I: Clone + Eq + Hash>(
    index: &mut Index<I>,
    slot: &mut Option<Slot>,
    id: &I,
    at: Option<Timestamp>,
) {
    match (slot.take(), at.map(Timestamp::as_millis)) {
        (Some(taken), Some(at)) => {
            index.reset(&taken, at);
            *slot = Some(taken);
        }
        (None, Some(at)) => *slot = Some(index.insert(id.clone(), at)),
        (Some(taken), None) => index.remove(taken),
        (None, None) => {}
    }
}
