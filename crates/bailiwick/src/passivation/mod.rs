//! Passivation: an aggregate with nothing to do keeps what its next turn needs for a while, then what is
//! known of it alone, and then leaves memory.
//!
//! 1. A cell is in each queue at most once, and looked at there once per `warm` or `idle`; work
//!    that it does meanwhile touches no queue.
//! 2. More than `warm_aggregates` are not kept warm: the oldest of them are not any more.
//! 3. More than `resting_aggregates`, or `resting_bytes`, do not rest: who gives way is for
//!    [`eviction`] to say.
//! 4. Whoever comes to a queue with too many looks at some of them: so they leave as fast as they
//!    come, even if the executor is too busy to let the task here have its turn. What is left, and
//!    whose time comes, is the task's.
//! 5. A cell's cache entry and what the queues know of it change together: under its lock, and the
//!    queues' lock within it. Nobody takes them the other way round.

mod eviction;

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use foldhash::fast::FixedState;
use tokio::sync::Notify;

use crate::config::Config;
use crate::context::{Lock, RuntimeContext};
use crate::environment::time::Moment;
use crate::journal::port::or_closed;
use crate::util::race::{either, yield_now};
pub(crate) use eviction::{CacheEntry, Look, Seen};
use eviction::{Load, Resting};

/// A cell in the queues, whatever its aggregate.
pub(crate) trait Rests: Send + Sync {
    /// Gives up what the next turn would have to make anew, if it has had nothing to do for long, or at
    /// once if too many are warm. Returns when to look again, if at all.
    fn cool(self: Arc<Self>, now: Moment, at_once: bool) -> Option<Moment>;
    /// Stores a cell that has rested for long, or has to give way to others. Returns whether it did.
    fn retire(self: Arc<Self>, look: Look<Arc<dyn Rests>>, now: Moment) -> bool;
}

/// The aggregates of one type in memory.
pub(crate) trait Residents: Send + Sync {
    fn rest(&self) -> &RestQueue;
    /// Gives memory back after a time with many more of them.
    fn shrink(&self);
}

pub(crate) struct RestQueue {
    queues: Lock<Queues>,
    changed: Notify,
    /// How many may be warm.
    most_warm: usize,
    hasher: FixedState,
}

struct Queues {
    /// Cells that keep what their next turn needs.
    warm: VecDeque<(Moment, Arc<dyn Rests>)>,
    /// Cells with nothing to do.
    resting: Resting<Arc<dyn Rests>>,
}

/// How many cells of each queue the task looks at before others get their turn.
const CELLS_AT_ONCE: usize = 32;

/// How many cells of a queue one who comes to it looks at: two, so that the queue gets shorter.
const LOOKS_PER_PUSH: usize = 2;

/// What a resting aggregate counts for beside its state: a little more than its cell, its ID, and
/// its places in the registry, the deadline index and the queues here take.
const CELL_BYTES: u64 = 256;

impl RestQueue {
    /// `state`: how many bytes the state of an aggregate has, without its heap.
    pub(crate) fn new(config: &Config, seed: u64, state: usize) -> Self {
        let count = config.resting_aggregates;
        let most = Load { count, bytes: config.resting_bytes as u64 };
        let resting = Resting::new(most, CELL_BYTES + state as u64);
        RestQueue {
            queues: Lock::new(Queues { warm: VecDeque::new(), resting }),
            changed: Notify::new(),
            most_warm: config.warm_aggregates,
            hasher: FixedState::with_seed(seed),
        }
    }

    /// Looks at a warm cell at `at`, or a little later.
    pub(crate) fn push_warm(&self, now: Moment, at: Moment, cell: Arc<dyn Rests>) {
        let mut queues = self.queues.lock();
        queues.warm.push_back((at, cell));
        let first = queues.warm.len() == 1;
        drop(queues);
        if self.look_at_warm(now, LOOKS_PER_PUSH) || first {
            self.changed.notify_one();
        }
    }

    /// How many are warm, or were when they were last looked at.
    #[cfg(feature = "bench-hooks")]
    pub(crate) fn warm(&self) -> usize {
        self.queues.lock().warm.len()
    }

    /// A cell to look at, and whether it is one too many.
    fn next_warm(&self, now: Moment) -> Option<(Arc<dyn Rests>, bool)> {
        let mut queues = self.queues.lock();
        let too_many = queues.warm.len() > self.most_warm;
        let (_, cell) = queues.warm.pop_front_if(|(at, _)| too_many || *at <= now)?;
        Some((cell, too_many))
    }

    /// Looks at a cell with nothing to do at `at`, or a little later. Returns whether it is the first
    /// to be looked at. [`make_room`](Self::make_room) is to be called once the cell is unlocked.
    #[must_use]
    pub(crate) fn push_resting(
        &self,
        at: Moment,
        cell: Arc<dyn Rests>,
        cache_entry: &mut CacheEntry,
        hash: u64,
    ) -> bool {
        let resting = &mut self.queues.lock().resting;
        let first = resting.first();
        resting.enter(cell, cache_entry, at.as_millis(), hash);
        resting.first() != first
    }

    /// What a cell holds has changed. If that leaves too many, [`make_room`](Self::make_room) is to
    /// be called once the cell is unlocked: that is returned.
    #[must_use]
    pub(crate) fn weigh(&self, cache_entry: &mut CacheEntry, heap: u32) -> bool {
        if cache_entry.heap == heap {
            return false;
        }
        let resting = &mut self.queues.lock().resting;
        resting.weigh(cache_entry, heap);
        resting.is_over()
    }

    /// After a cell came to rest. `first`: it is the first to be looked at.
    pub(crate) fn make_room(&self, now: Moment, of: &dyn Residents, first: bool) {
        if self.look_at_resting(now, of, LOOKS_PER_PUSH) || first {
            self.changed.notify_one();
        }
    }

    /// What becomes of a cell that was looked at: it stays, or it is given back.
    pub(crate) fn judge(
        &self,
        look: Look<Arc<dyn Rests>>,
        cache_entry: &mut CacheEntry,
        seen: Seen,
        hash: u64,
    ) -> Option<Arc<dyn Rests>> {
        self.queues.lock().resting.judge(look, cache_entry, seen, hash)
    }

    /// By what it is known after it has left memory.
    pub(crate) fn hash(&self, id: &impl Hash) -> u64 {
        self.hasher.hash_one(id)
    }

    /// Looks at the warm cells whose time has come, or that are too many. Returns whether there may be
    /// more to do at once.
    fn look_at_warm(&self, now: Moment, most: usize) -> bool {
        let (mut looks, mut done) = (0, 0);
        while looks < most
            && let Some((cell, too_many)) = self.next_warm(now)
        {
            looks += 1;
            match cell.clone().cool(now, too_many) {
                // Busy: not before the next round, even if there are too many.
                Some(again) => self.queues.lock().warm.push_back((again, cell)),
                None => done += 1,
            }
        }
        done > 0 && looks == most
    }

    /// Looks at the resting cells whose time has come, or that have to give way. Returns whether
    /// there may be more to do at once.
    ///
    /// Every look changes something: its cell is stored, or leaves the queue because it is at work,
    /// or is a use poorer, or is looked at later. So it comes to an end even if nobody can be stored.
    fn look_at_resting(&self, now: Moment, of: &dyn Residents, most: usize) -> bool {
        let (mut looks, mut stored) = (0, false);
        while looks < most
            && let Some(look) = self.next_resting(now)
        {
            looks += 1;
            stored |= look.item.clone().retire(look, now);
        }
        if stored && self.queues.lock().resting.shrink() {
            of.shrink();
        }
        looks == most
    }

    fn next_resting(&self, now: Moment) -> Option<Look<Arc<dyn Rests>>> {
        self.queues.lock().resting.next(now.as_millis())
    }

    fn next_look(&self) -> Option<Moment> {
        let queues = self.queues.lock();
        let warm = queues.warm.front().map(|(at, _)| *at);
        let resting = queues.resting.first().map(Moment::from_millis);
        warm.into_iter().chain(resting).min()
    }

    pub(crate) fn clear(&self) {
        let mut queues = self.queues.lock();
        let warm = std::mem::take(&mut queues.warm);
        let resting = queues.resting.take();
        drop(queues);
        drop((warm, resting));
    }
}

/// Looks after cells with nothing to do until the runtime closes.
pub(crate) async fn run(shared: Arc<RuntimeContext>, of: Arc<dyn Residents>) {
    or_closed(&shared, look_after(&shared, &*of)).await;
    of.rest().clear();
}

async fn look_after(shared: &RuntimeContext, of: &dyn Residents) {
    let rest = of.rest();
    loop {
        let now = shared.time.moment();
        let more =
            [rest.look_at_warm(now, CELLS_AT_ONCE), rest.look_at_resting(now, of, CELLS_AT_ONCE)];
        if more.contains(&true) {
            yield_now().await;
            continue;
        }
        let change = rest.changed.notified();
        match rest.next_look() {
            Some(next) => either(shared.environment.clock.sleep(next.since(now)), change).await,
            None => change.await,
        }
    }
}
