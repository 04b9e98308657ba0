//! Rest: an aggregate with nothing to do loses its actor first, and then its place in memory.
//!
//! One entry per cell that ever rested, looked at once per `linger`.

use std::collections::VecDeque;
use std::sync::Arc;

use bailiwick_core::{Aggregate, Timestamp};
use tokio::sync::Notify;

use crate::cell::Cell;
use crate::kind::Kind;
use crate::race::{either, yield_now};
use crate::shared::{Lock, Stage};

pub(crate) struct RestQueue<A: Aggregate> {
    cells: Lock<VecDeque<(Timestamp, Arc<Cell<A>>)>>,
    first: Notify,
}

/// How many resting cells are looked at before others get their turn.
const CELLS_AT_ONCE: usize = 256;

impl<A: Aggregate> RestQueue<A> {
    pub(crate) fn new() -> Self {
        RestQueue { cells: Lock::new(VecDeque::new()), first: Notify::new() }
    }

    /// Looks at `cell` at `at`, or a little later.
    pub(crate) fn push(&self, at: Timestamp, cell: Arc<Cell<A>>) {
        let mut cells = self.cells.lock();
        cells.push_back((at, cell));
        if cells.len() == 1 {
            self.first.notify_one();
        }
    }

    fn pop(&self, now: Timestamp) -> Option<Arc<Cell<A>>> {
        let mut cells = self.cells.lock();
        if cells.front().is_some_and(|(at, _)| *at <= now) {
            return cells.pop_front().map(|(_, cell)| cell);
        }
        None
    }

    fn next(&self) -> Option<Timestamp> {
        self.cells.lock().front().map(|(at, _)| *at)
    }

    pub(crate) fn clear(&self) {
        let cells = std::mem::take(&mut *self.cells.lock());
        drop(cells);
    }
}

/// Looks after resting cells until the runtime closes.
pub(crate) async fn run<A: Aggregate>(kind: Arc<Kind<A>>) {
    let shared = kind.shared.clone();
    loop {
        // Before the stage is looked at, so that its change is not missed.
        let closing = shared.closing.notified();
        if shared.stage() == Stage::Closed {
            return kind.rest.clear();
        }
        let now = shared.now();
        for _ in 0..CELLS_AT_ONCE {
            let Some(cell) = kind.rest.pop(now) else {
                break;
            };
            if cell.tire(now) {
                kind.rest.push(now + shared.config.linger, cell);
            }
        }
        match kind.rest.next() {
            Some(next) if next <= now => yield_now().await,
            Some(next) => either(shared.seams.clock.sleep_until(next), closing).await,
            None => either(kind.rest.first.notified(), closing).await,
        }
    }
}
