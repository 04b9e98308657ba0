//! Eviction: who gives way when more rests than may. The policy alone: no lock, no clock, no cell.
//!
//! It is of the S3-FIFO family, with a budget of two bounds, a number and bytes.
//!
//! 1. Who rests is in one of two queues. While there is room everybody is *proven*; then newcomers
//!    are on *probation*, which is a 64th of the budget, and who has not been used again when its
//!    turn comes gives way. So a flood of IDs that are used once passes through the probation and
//!    leaves the proven alone.
//! 2. The proven are a clock: who was used since its last turn stays for it, one use the poorer;
//!    who was not gives way. Uses are counted up to [`MOST_USES`].
//! 3. Who gives way on probation leaves a ghost, see [`Ghosts`]; who comes back while its ghost is
//!    there is proven at once. There are half as many ghosts as there are who rest.
//! 4. Being used touches nothing here: it is counted in the [`CacheEntry`] that each keeps itself, and
//!    seen when its turn comes. Who is at work then leaves the queue, and is proven when it comes
//!    back.
//! 5. Times are numbers that are compared, in whatever unit.
//! 6. The same steps with the same hashes have the same outcome.

mod ghosts;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use ghosts::Ghosts;

/// Uses beyond this are not counted.
const MOST_USES: u8 = 2;
/// The part of the budget that is kept for the probation.
const PROBATION: u32 = 64;
/// Ghosts per resting aggregate: one for so many.
const RESTING_PER_GHOST: usize = 2;

pub(crate) struct Resting<T> {
    probation: Queue<T>,
    proven: Queue<T>,
    ghosts: Ghosts,
    /// The budget.
    most: Load,
    /// What each weighs beside its heap.
    each: u64,
}

/// How many, and how heavy they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) count: usize,
    pub(crate) bytes: u64,
}

/// What it is judged by; kept with it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CacheEntry {
    /// Beyond 4 GiB all weigh the same.
    pub(super) heap: u32,
    segment: Segment,
    uses: u8,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Segment {
    /// In no queue.
    #[default]
    Nowhere,
    /// In no queue: it was at work when it was looked at.
    Away,
    Probation,
    Proven,
}

/// One to be looked at. It is out of its queue until it is judged.
pub(crate) struct Look<T> {
    pub(crate) item: T,
    /// Not because its time has come, but because there are too many.
    pressed: bool,
}

/// What a look has shown.
pub(crate) enum Seen {
    /// It is not resting.
    AtWork,
    /// It has rested for as long as it may.
    Expired,
    /// It is resting. When its time comes.
    Resting(u64),
}

struct Queue<T> {
    list: VecDeque<(u64, T)>,
    /// Of the list, and of who is being looked at.
    load: Load,
}

impl<T> Resting<T> {
    /// Nobody rests yet, `most` may, and each weighs `each` bytes beside its heap.
    pub(crate) fn new(most: Load, each: u64) -> Self {
        let (probation, proven) = (Queue::new(), Queue::new());
        Resting { probation, proven, ghosts: Ghosts::default(), most, each }
    }

    pub(crate) fn load(&self) -> Load {
        let (probation, proven) = (self.probation.load, self.proven.load);
        Load { count: probation.count + proven.count, bytes: probation.bytes + proven.bytes }
    }

    /// Whether more rests than may.
    pub(crate) fn is_over(&self) -> bool {
        self.load().exceeds(self.most)
    }

    /// Comes to rest, and is not in a queue. It is to be looked at at `at` or later.
    pub(crate) fn enter(&mut self, item: T, cache_entry: &mut CacheEntry, at: u64, hash: u64) {
        let weight = self.weight(cache_entry);
        let has_proven_itself = if cache_entry.segment == Segment::Away {
            cache_entry.was_used();
            true
        } else {
            cache_entry.uses = 0;
            self.ghosts.take(hash)
        };
        let most = self.proven_most();
        let has_room = !self.proven.load.with(weight).exceeds(most);
        let proven = has_room || (has_proven_itself && !weight.exceeds(most));
        cache_entry.segment = if proven { Segment::Proven } else { Segment::Probation };
        let queue = self.queue(cache_entry);
        queue.load = queue.load.with(weight);
        queue.list.push_back((at, item));
    }

    /// Its heap is so many bytes now.
    pub(crate) fn weigh(&mut self, cache_entry: &mut CacheEntry, heap: u32) {
        let before = self.weight(cache_entry);
        cache_entry.heap = heap;
        if cache_entry.is_queued() {
            let after = self.weight(cache_entry);
            let queue = self.queue(cache_entry);
            queue.load = queue.load.without(before).with(after);
        }
    }

    /// One that has to be looked at: because too many rest, or because its time has come.
    pub(crate) fn next(&mut self, now: u64) -> Option<Look<T>> {
        if self.is_over() {
            let proven_first = self.proven.load.exceeds(self.proven_most());
            let (first, second) = if proven_first {
                (&mut self.proven, &mut self.probation)
            } else {
                (&mut self.probation, &mut self.proven)
            };
            let (_, item) = first.list.pop_front().or_else(|| second.list.pop_front())?;
            return Some(Look { item, pressed: true });
        }
        let due = |queue: &mut Queue<T>| queue.list.pop_front_if(|(at, _)| *at <= now);
        let (_, item) = due(&mut self.probation).or_else(|| due(&mut self.proven))?;
        Some(Look { item, pressed: false })
    }

    /// Puts it back into a queue; or gives it to the caller, if it is at work or has to leave
    /// memory.
    pub(crate) fn judge(
        &mut self,
        look: Look<T>,
        cache_entry: &mut CacheEntry,
        seen: Seen,
        hash: u64,
    ) -> Option<T> {
        let weight = self.weight(cache_entry);
        let queue = self.queue(cache_entry);
        queue.load = queue.load.without(weight);
        let again = match seen {
            Seen::AtWork => {
                cache_entry.segment = Segment::Away;
                return Some(look.item);
            }
            Seen::Expired => {
                cache_entry.segment = Segment::Nowhere;
                return Some(look.item);
            }
            Seen::Resting(again) => again,
        };
        if look.pressed {
            if cache_entry.uses == 0 || weight.exceeds(self.proven_most()) {
                if cache_entry.segment == Segment::Probation {
                    self.ghosts.make_room(self.load().count / RESTING_PER_GHOST);
                    self.ghosts.insert(hash);
                }
                cache_entry.segment = Segment::Nowhere;
                return Some(look.item);
            }
            cache_entry.uses -= 1;
            cache_entry.segment = Segment::Proven;
        }
        let queue = self.queue(cache_entry);
        queue.load = queue.load.with(weight);
        queue.list.push_back((again, look.item));
        None
    }

    /// When the first one is to be looked at.
    pub(crate) fn first(&self) -> Option<u64> {
        let queues = [&self.probation, &self.proven];
        queues.into_iter().filter_map(|queue| queue.list.front()).map(|(at, _)| *at).min()
    }

    /// Gives memory back that is hardly used. Returns whether nobody rests.
    pub(crate) fn shrink(&mut self) -> bool {
        self.probation.shrink();
        self.proven.shrink();
        let empty = self.load().count == 0;
        if empty {
            self.ghosts.clear();
        }
        empty
    }

    /// Who is in the queues, for good.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.ghosts.clear();
        let queues = [&mut self.probation, &mut self.proven];
        queues.map(|queue| std::mem::take(&mut queue.list)).into_iter().flatten().map(|(_, it)| it)
    }

    fn weight(&self, cache_entry: &CacheEntry) -> Load {
        Load { count: 1, bytes: self.each + u64::from(cache_entry.heap) }
    }

    /// The part of the budget that is not kept for the probation.
    fn proven_most(&self) -> Load {
        let Load { count, bytes } = self.most;
        Load {
            count: count - count.div_ceil(PROBATION as usize),
            bytes: bytes - bytes / u64::from(PROBATION),
        }
    }

    fn queue(&mut self, cache_entry: &CacheEntry) -> &mut Queue<T> {
        if cache_entry.segment == Segment::Proven { &mut self.proven } else { &mut self.probation }
    }
}

impl CacheEntry {
    pub(crate) fn is_queued(&self) -> bool {
        matches!(self.segment, Segment::Probation | Segment::Proven)
    }

    /// It was used, and comes to rest again.
    pub(crate) fn was_used(&mut self) {
        self.uses = MOST_USES.min(self.uses + 1);
    }
}

impl Load {
    fn exceeds(self, most: Load) -> bool {
        self.count > most.count || self.bytes > most.bytes
    }

    fn with(self, other: Load) -> Load {
        Load { count: self.count + other.count, bytes: self.bytes + other.bytes }
    }

    fn without(self, other: Load) -> Load {
        Load { count: self.count - other.count, bytes: self.bytes - other.bytes }
    }
}

impl<T> Queue<T> {
    const fn new() -> Self {
        Queue { list: VecDeque::new(), load: Load { count: 0, bytes: 0 } }
    }

    fn shrink(&mut self) {
        if self.list.len() < self.list.capacity() / 4 {
            self.list.shrink_to(self.list.len() * 2);
        }
    }
}
