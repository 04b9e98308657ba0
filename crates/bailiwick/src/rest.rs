//! Rest: an aggregate with nothing to do loses its actor first, and then its place in memory.
//!
//! 1. A cell is in each queue at most once, and looked at there once per `linger` or `idle`; work
//!    that it does meanwhile touches no queue.
//! 2. More than `lingering_actors` do not linger: the oldest of them go at once.
//! 3. More than `resting_aggregates` do not rest: those go that have had nothing to do since they
//!    were last looked at, in the order of a clock (the second-chance policy).

use std::collections::VecDeque;
use std::sync::Arc;

use bailiwick_core::{Aggregate, Timestamp};
use tokio::sync::Notify;

use crate::cell::Cell;
use crate::config::Config;
use crate::kind::Kind;
use crate::race::{either, yield_now};
use crate::shared::{Lock, Stage};

pub(crate) struct RestQueue<A: Aggregate> {
    queues: Lock<Queues<A>>,
    changed: Notify,
    /// How many actors may linger.
    most_lingering: usize,
    /// How many cells may rest.
    most_resting: usize,
}

type Queue<A> = VecDeque<(Timestamp, Arc<Cell<A>>)>;

struct Queues<A: Aggregate> {
    /// Cells with an actor.
    lingering: Queue<A>,
    /// Cells without one.
    resting: Queue<A>,
}

/// How many cells of each queue are looked at before others get their turn.
const CELLS_AT_ONCE: usize = 256;

impl<A: Aggregate> RestQueue<A> {
    pub(crate) fn new(config: &Config) -> Self {
        let queues = Queues { lingering: Queue::new(), resting: Queue::new() };
        RestQueue {
            queues: Lock::new(queues),
            changed: Notify::new(),
            most_lingering: config.lingering_actors.get(),
            most_resting: config.resting_aggregates.get(),
        }
    }

    /// Looks at a cell with an actor at `at`, or a little later.
    pub(crate) fn push_lingering(&self, at: Timestamp, cell: Arc<Cell<A>>) {
        let mut queues = self.queues.lock();
        queues.lingering.push_back((at, cell));
        let count = queues.lingering.len();
        drop(queues);
        if count == 1 || count > self.most_lingering {
            self.changed.notify_one();
        }
    }

    /// Looks at a cell without one at `at`, or a little later.
    pub(crate) fn push_resting(&self, at: Timestamp, cell: Arc<Cell<A>>) {
        let mut queues = self.queues.lock();
        queues.resting.push_back((at, cell));
        let count = queues.resting.len();
        drop(queues);
        if count == 1 || count > self.most_resting {
            self.changed.notify_one();
        }
    }

    /// A cell to look at, and whether its actor is one too many.
    fn next_lingering(&self, now: Timestamp) -> Option<(Arc<Cell<A>>, bool)> {
        let mut queues = self.queues.lock();
        let too_many = queues.lingering.len() > self.most_lingering;
        let (_, cell) = queues.lingering.pop_front_if(|(at, _)| too_many || *at <= now)?;
        Some((cell, too_many))
    }

    /// A cell to look at, since when it is in the queue plus `idle`, and whether it is one too many.
    fn next_resting(&self, now: Timestamp) -> Option<(Timestamp, Arc<Cell<A>>, bool)> {
        let mut queues = self.queues.lock();
        let too_many = queues.resting.len() > self.most_resting;
        let (at, cell) = queues.resting.pop_front_if(|(at, _)| too_many || *at <= now)?;
        Some((at, cell, too_many))
    }

    /// Gives memory back once it is hardly used. Returns whether nothing rests any more.
    fn shrink(&self) -> bool {
        let mut queues = self.queues.lock();
        let resting = &mut queues.resting;
        if resting.len() < resting.capacity() / 4 {
            let room = resting.len() * 2;
            resting.shrink_to(room);
        }
        resting.is_empty()
    }

    fn next_look(&self) -> Option<Timestamp> {
        let queues = self.queues.lock();
        let firsts = [queues.lingering.front(), queues.resting.front()];
        firsts.into_iter().flatten().map(|(at, _)| *at).min()
    }

    pub(crate) fn clear(&self) {
        let mut queues = self.queues.lock();
        let lingering = std::mem::take(&mut queues.lingering);
        let resting = std::mem::take(&mut queues.resting);
        drop(queues);
        drop((lingering, resting));
    }
}

/// Looks after cells with nothing to do until the runtime closes.
pub(crate) async fn run<A: Aggregate>(kind: Arc<Kind<A>>) {
    let shared = kind.shared.clone();
    loop {
        // Before the stage is looked at, so that its change is not missed.
        let closing = shared.closing.notified();
        if shared.stage() == Stage::Closed {
            return kind.rest.clear();
        }
        let now = shared.now();
        if look(&kind, now) {
            yield_now().await;
            continue;
        }
        let change = either(kind.rest.changed.notified(), closing);
        match kind.rest.next_look() {
            Some(next) => either(shared.seams.clock.sleep_until(next), change).await,
            None => change.await,
        }
    }
}

/// Looks at the cells whose time has come. Returns whether there may be more to do at once.
fn look<A: Aggregate>(kind: &Kind<A>, now: Timestamp) -> bool {
    let (mut looks, mut done) = (0, 0);
    for _ in 0..CELLS_AT_ONCE {
        let Some((cell, too_many)) = kind.rest.next_lingering(now) else {
            break;
        };
        looks += 1;
        match cell.tire(now, too_many) {
            // Busy: not before the next round, even if there are too many.
            Some(again) => kind.rest.queues.lock().lingering.push_back((again, cell)),
            None => done += 1,
        }
    }
    let mut stored = false;
    for _ in 0..CELLS_AT_ONCE {
        let Some((at, cell, too_many)) = kind.rest.next_resting(now) else {
            break;
        };
        looks += 1;
        match cell.retire(now, too_many.then_some(at)) {
            Some(again) => kind.rest.queues.lock().resting.push_back((again, cell)),
            None => stored = true,
        }
    }
    if stored && kind.rest.shrink() {
        kind.registry.shrink();
    }
    (done > 0 || stored) && looks >= CELLS_AT_ONCE
}
