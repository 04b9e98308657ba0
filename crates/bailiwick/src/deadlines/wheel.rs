//! A timing wheel: lists of entries by when they are due, the finer the sooner.
//!
//! A *slot* of level `n` is 64ⁿ ms wide; a slot of level 0 is one tick of 1 ms. Each level has two
//! turns of 64 slots: those of the wider slot that time is in, and those of the one after it. So a
//! wide slot is emptied into the finer level during the whole slot before it, a few entries at a
//! time, while the finer level is still in use.
//!
//! 1. No entry is earlier than the wheel's time; what is set earlier counts as set to that time.
//! 2. An entry hangs on the finest level that reaches it, so nothing is added to a slot that is to
//!    be emptied, and each entry moves at most once per level.
//! 3. Time never passes an entry, and nothing is due before what is in the same slot on a wider
//!    level has been sorted in: the order holds even if time leaps and nothing was emptied ahead.
//! 4. Each step costs one unit of the caller's `work`; nothing else loops over entries.
//! 5. A bucket knows a time that none of its entries is before. Time leaps to it, whatever the
//!    distance, and most levels in between are skipped.

use super::slab::{NONE, Slab};

const BITS: u32 = 6;
/// 11 levels of 6 bits: all of a `u64`, so nothing is too far away.
const LEVELS: usize = 11;
/// Two turns. As many as `Level::occupied` has bits.
const BUCKETS: usize = 2 << BITS;
const RING: u64 = 2 << BITS;

pub(super) struct Wheel {
    time: u64,
    /// A bit per level that has entries.
    occupied: u16,
    levels: Box<[Level; LEVELS]>,
    /// How many entries were sorted in at the last moment, and ahead.
    #[cfg(test)]
    pub(super) sorted: [u64; 2],
}

struct Level {
    /// A bit per bucket that has entries.
    occupied: u128,
    buckets: [Bucket; BUCKETS],
}

impl Level {
    const EMPTY: Level =
        Level { occupied: 0, buckets: [Bucket { not_before: 0, head: NONE }; BUCKETS] };
}

#[derive(Clone, Copy)]
struct Bucket {
    /// None of its entries is before this.
    not_before: u64,
    head: u32,
}

/// Where time stands in the life of a wide slot.
#[derive(Clone, Copy)]
enum Ahead {
    /// Time is in the slot: what it holds has to be sorted in before anything is due.
    Here = 0,
    /// The slot is the next one: the time to empty it without a hurry.
    Next = 1,
}

impl Wheel {
    pub(super) fn new() -> Self {
        Wheel {
            time: 0,
            occupied: 0,
            levels: Box::new([Level::EMPTY; LEVELS]),
            #[cfg(test)]
            sorted: [0; 2],
        }
    }

    #[cfg(test)]
    pub(super) fn time(&self) -> u64 {
        self.time
    }

    /// Hangs an entry where its time says. Returns when it is due or has to be sorted in.
    pub(super) fn link<I>(&mut self, slab: &mut Slab<I>, key: u32) -> u64 {
        let at = slab.get(key).at.max(self.time);
        let (level, place) = self.place(at);
        let bucket = &mut self.levels[level].buckets[place];
        let next = std::mem::replace(&mut bucket.head, key);
        if next == NONE {
            bucket.not_before = at;
            self.levels[level].occupied |= 1 << place;
            self.occupied |= 1 << level;
        } else {
            bucket.not_before = bucket.not_before.min(at);
            slab.get_mut(next).prev = key;
        }
        let entry = slab.get_mut(key);
        (entry.next, entry.prev) = (next, NONE);
        entry.bucket = bucket_number(level, place);
        self.wanted(level, at)
    }

    pub(super) fn unlink<I>(&mut self, slab: &mut Slab<I>, key: u32) {
        let entry = slab.get(key);
        let (next, prev) = (entry.next, entry.prev);
        let (level, place) = (entry.bucket as usize / BUCKETS, entry.bucket as usize % BUCKETS);
        if next != NONE {
            slab.get_mut(next).prev = prev;
        }
        if prev != NONE {
            slab.get_mut(prev).next = next;
            return;
        }
        self.levels[level].buckets[place].head = next;
        if next == NONE {
            self.levels[level].occupied &= !(1 << place);
            if self.levels[level].occupied == 0 {
                self.occupied &= !(1 << level);
            }
        }
    }

    /// Hangs an entry whose time has changed where it belongs now. Returns what
    /// [`link`](Self::link) does.
    pub(super) fn relink<I>(&mut self, slab: &mut Slab<I>, key: u32) -> u64 {
        let entry = slab.get(key);
        let at = entry.at.max(self.time);
        let (level, place) = self.place(at);
        if entry.bucket == bucket_number(level, place) {
            let not_before = &mut self.levels[level].buckets[place].not_before;
            *not_before = at.min(*not_before);
            self.wanted(level, at)
        } else {
            self.unlink(slab, key);
            self.link(slab, key)
        }
    }

    /// An entry that is due at `now`, the earliest: it still hangs. None if nothing is due, or if
    /// `work` has run out.
    pub(super) fn due<I>(&mut self, slab: &mut Slab<I>, now: u64, work: &mut usize) -> Option<u32> {
        while self.empty(slab, Ahead::Here, work) {
            // Nothing is left in the slots that time is in but in the finest, so that what lies
            // there is the earliest there is.
            let not_before = self.not_before();
            if let Some(not_before) = not_before.filter(|not_before| *not_before <= now) {
                if not_before == self.time {
                    return Some(self.levels[0].buckets[ring(not_before)].head);
                }
                self.time = not_before;
            } else {
                // Without entries, even a time that was too far ahead can be left.
                self.time = if not_before.is_some() { self.time.max(now) } else { now };
                return None;
            }
        }
        None
    }

    /// Empties what comes next, as far as `work` reaches. True: there is more to do at this time.
    pub(super) fn empty_ahead<I>(&mut self, slab: &mut Slab<I>, work: &mut usize) -> bool {
        !(self.empty(slab, Ahead::Here, work) && self.empty(slab, Ahead::Next, work))
    }

    /// When something is due or has to be emptied.
    pub(super) fn first(&self) -> Option<u64> {
        let wanted = |level| self.wanted(level, self.first_bucket(level).not_before);
        self.occupied_levels().map(wanted).min()
    }

    /// When an entry at `at` on this level is due or has to be sorted in: from when on its slot is
    /// the next one.
    fn wanted(&self, level: usize, at: u64) -> u64 {
        match level {
            0 => at,
            _ => ((at >> shift(level)).saturating_sub(1) << shift(level)).max(self.time),
        }
    }

    /// A time that no entry is before.
    fn not_before(&self) -> Option<u64> {
        self.occupied_levels().map(|level| self.first_bucket(level).not_before).min()
    }

    /// Empties the slots at `ahead` of time, the finest level first, because it is the most urgent.
    /// False if there is more left than `work` was for.
    fn empty<I>(&mut self, slab: &mut Slab<I>, ahead: Ahead, work: &mut usize) -> bool {
        loop {
            let full = |level: &usize| *level > 0 && self.head(*level, ahead) != NONE;
            let Some(level) = self.occupied_levels().find(full) else { return true };
            loop {
                let head = self.head(level, ahead);
                if head == NONE {
                    break;
                }
                if *work == 0 {
                    return false;
                }
                *work -= 1;
                #[cfg(test)]
                (self.sorted[ahead as usize] += 1);
                self.unlink(slab, head);
                self.link(slab, head);
            }
        }
    }

    fn head(&self, level: usize, ahead: Ahead) -> u32 {
        let number = (self.time >> shift(level)) + ahead as u64;
        self.levels[level].buckets[ring(number)].head
    }

    /// The first bucket with entries of a level that has some.
    fn first_bucket(&self, level: usize) -> &Bucket {
        let Level { occupied, buckets } = &self.levels[level];
        let here = self.time >> shift(level);
        let ahead = occupied.rotate_right((here % RING) as u32).trailing_zeros();
        &buckets[ring(here + u64::from(ahead))]
    }

    fn occupied_levels(&self) -> impl Iterator<Item = usize> + use<> {
        let mut left = self.occupied;
        std::iter::from_fn(move || {
            let level = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            (level < LEVELS).then_some(level)
        })
    }

    /// The finest level whose two turns reach `at`, which is not before the wheel's time.
    fn place(&self, at: u64) -> (usize, usize) {
        let distance = (at - self.time) | 1;
        let level = (distance.ilog2() / BITS) as usize;
        // So far for certain. One level finer reaches it if it is not far into that slot.
        let slots_apart = (at >> shift(level)) - (self.time >> shift(level));
        let level = if slots_apart <= 1 { level.saturating_sub(1) } else { level };
        (level, ring(at >> shift(level)))
    }
}

/// Where in its level the slot of this number is.
const fn ring(number: u64) -> usize {
    (number % RING) as usize
}

#[expect(clippy::cast_possible_truncation, reason = "there are 11 levels")]
const fn shift(level: usize) -> u32 {
    level as u32 * BITS
}

#[expect(clippy::cast_possible_truncation, reason = "there are 11 times 128 buckets")]
const fn bucket_number(level: usize, place: usize) -> u16 {
    (level * BUCKETS + place) as u16
}
