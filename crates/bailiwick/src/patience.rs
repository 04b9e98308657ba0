//! Time-outs: one entry per aggregate that somebody waits for, not a timer per call.
//!
//! While commands of a cell have callers waiting, the cell has an entry at the earliest of their
//! time-outs or before. When it falls due, the cell answers those whose time is up and says when it
//! wants to be looked at again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::Aggregate;
use tokio::sync::Notify;

use crate::cell::Cell;
use crate::kind::Kind;
use crate::race::either;
use crate::shared::{Lock, Stage};

/// Times are the clock's [`elapsed`](crate::Clock::elapsed).
pub(crate) struct Patience<A: Aggregate> {
    cells: Lock<Ordered<A>>,
    earlier: Notify,
}

/// An entry: when, and a number that tells entries of the same time apart.
pub(crate) type Entry = (Duration, u64);

struct Ordered<A: Aggregate> {
    cells: BTreeMap<Entry, Arc<Cell<A>>>,
    sequence: u64,
}

impl<A: Aggregate> Patience<A> {
    pub(crate) fn new() -> Self {
        let ordered = Ordered { cells: BTreeMap::new(), sequence: 0 };
        Patience { cells: Lock::new(ordered), earlier: Notify::new() }
    }

    /// Looks at `cell` at `at`.
    pub(crate) fn push(&self, at: Duration, cell: Arc<Cell<A>>) -> Entry {
        let mut ordered = self.cells.lock();
        ordered.sequence += 1;
        let key = (at, ordered.sequence);
        let first = ordered.cells.first_key_value().is_none_or(|(first, _)| at < first.0);
        ordered.cells.insert(key, cell);
        drop(ordered);
        if first {
            self.earlier.notify_one();
        }
        key
    }

    /// Forgets an entry of a cell that nobody waits for any more.
    pub(crate) fn remove(&self, entry: Entry) {
        let cell = self.cells.lock().cells.remove(&entry);
        drop(cell);
    }

    /// The first cell that is to be looked at by `now`.
    fn pop(&self, now: Duration) -> Option<(Entry, Arc<Cell<A>>)> {
        let mut ordered = self.cells.lock();
        let first = ordered.cells.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove_entry())
    }

    fn first(&self) -> Option<Duration> {
        self.cells.lock().cells.first_key_value().map(|(key, _)| key.0)
    }

    pub(crate) fn clear(&self) {
        let cells = std::mem::take(&mut self.cells.lock().cells);
        drop(cells);
    }
}

/// Ends the wait of callers whose time is up, until the runtime is closed.
pub(crate) async fn run<A: Aggregate>(kind: Arc<Kind<A>>) {
    let clock = kind.shared.seams.clock.clone();
    loop {
        // Before the stage is looked at, so that its change is not missed.
        let closing = kind.shared.closing.notified();
        if kind.shared.stage() == Stage::Closed {
            return kind.patience.clear();
        }
        let now = clock.elapsed();
        while let Some((entry, cell)) = kind.patience.pop(now) {
            cell.lapse(entry, now);
        }
        let change = either(kind.patience.earlier.notified(), closing);
        match kind.patience.first() {
            Some(first) => either(clock.sleep(first.saturating_sub(now)), change).await,
            None => change.await,
        }
    }
}
