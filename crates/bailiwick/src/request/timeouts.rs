//! Time-outs: one list in the order of time and one task, not a timer per call.
//!
//! A decision has an entry while its caller waits. An aggregate has one at most: while commands of
//! its cell have callers waiting, at the earliest of their time-outs or before. When that falls due,
//! the cell answers those whose time is up and says when it wants to be looked at again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::context::{Lock, RuntimeContext, Stage};
use crate::util::race::either;

/// What has callers who wait, whatever its type.
pub(crate) trait HasWaiters: Send + Sync {
    /// Its entry has fallen due at `now`: ends the wait of those whose time is up.
    fn expire(self: Arc<Self>, entry: Entry, now: Duration);
}

/// Times are the clock's [`elapsed`](crate::Clock::elapsed).
pub(crate) struct Timeouts {
    waiting: Lock<Waiting>,
    earlier: Notify,
    numbers: AtomicU64,
}

/// An entry: when, and a number that tells entries of the same time apart.
pub(crate) type Entry = (Duration, u64);

struct Waiting {
    entries: BTreeMap<Entry, Arc<dyn HasWaiters>>,
    /// When the task looks again by itself.
    wakes: Duration,
}

impl Timeouts {
    pub(crate) fn new() -> Arc<Self> {
        let waiting = Waiting { entries: BTreeMap::new(), wakes: Duration::ZERO };
        let numbers = AtomicU64::new(0);
        Arc::new(Timeouts { waiting: Lock::new(waiting), earlier: Notify::new(), numbers })
    }

    /// An entry for who has no number of its own.
    pub(crate) fn entry(&self, at: Duration) -> Entry {
        (at, self.numbers.fetch_add(1, Ordering::Relaxed))
    }

    /// Looks at `what` when its entry says.
    pub(crate) fn insert(&self, entry: Entry, what: Arc<dyn HasWaiters>) {
        let mut waiting = self.waiting.lock();
        waiting.entries.insert(entry, what);
        let earlier = entry.0 < waiting.wakes;
        drop(waiting);
        if earlier {
            self.earlier.notify_one();
        }
    }

    /// Forgets an entry for which nobody waits any more.
    pub(crate) fn remove(&self, entry: Entry) {
        let what = self.waiting.lock().entries.remove(&entry);
        drop(what);
    }

    pub(crate) fn clear(&self) {
        let entries = std::mem::take(&mut self.waiting.lock().entries);
        drop(entries);
    }

    /// The first that is to be looked at by `now`.
    fn pop(&self, now: Duration) -> Option<(Entry, Arc<dyn HasWaiters>)> {
        let mut waiting = self.waiting.lock();
        let first = waiting.entries.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove_entry())
    }

    /// When to look again; from here on, whoever is earlier says so.
    fn sleeps(&self) -> Option<Duration> {
        let mut waiting = self.waiting.lock();
        let first = waiting.entries.first_key_value().map(|((at, _), _)| *at);
        waiting.wakes = first.unwrap_or(Duration::MAX);
        first
    }
}

/// Ends the wait of callers whose time is up, until the runtime is closed.
pub(crate) async fn run(timeouts: Arc<Timeouts>, shared: Arc<RuntimeContext>) {
    let clock = shared.environment.clock.clone();
    loop {
        // Before the stage is looked at, so that its change is not missed.
        let closing = shared.closing.notified();
        if shared.stage() == Stage::Closed {
            return timeouts.clear();
        }
        let now = clock.elapsed();
        while let Some((entry, what)) = timeouts.pop(now) {
            what.expire(entry, now);
        }
        let change = either(timeouts.earlier.notified(), closing);
        match timeouts.sleeps() {
            Some(first) => either(clock.sleep(first.saturating_sub(now)), change).await,
            None => change.await,
        }
    }
}
