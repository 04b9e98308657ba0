//! Watching one aggregate: its durable events, as they come.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bailiwick_core::{
    Aggregate, CodecError, JournalReadError, Position, Query, Read, RecordedEvent, Timestamp, View,
};
use foldhash::fast::FixedState;
use tokio::sync::Notify;

use crate::kind::Kind;
use crate::port;
use crate::race::either;
use crate::shared::Lock;

/// Who watches which aggregate of one type.
pub(crate) struct Watchers<I> {
    watched: Lock<HashMap<I, Watched, FixedState>>,
    /// So that nobody pays for a look when nobody watches.
    count: AtomicUsize,
}

/// One that is watched.
#[derive(Default)]
struct Watched {
    changed: Arc<Notify>,
    /// By how many. Counted here: of two that are dropped at once, each would find the other's
    /// reference still there.
    watches: usize,
}

impl<I: Clone + Eq + Hash> Watchers<I> {
    pub(crate) fn new(seed: u64) -> Self {
        let watched = HashMap::with_hasher(FixedState::with_seed(seed));
        Watchers { watched: Lock::new(watched), count: AtomicUsize::new(0) }
    }

    fn subscribe(&self, id: &I) -> Arc<Notify> {
        let mut watched = self.watched.lock();
        let entry = watched.entry(id.clone()).or_default();
        entry.watches += 1;
        let changed = entry.changed.clone();
        self.count.store(watched.len(), Ordering::SeqCst);
        changed
    }

    /// Tells who watches that there are new durable events.
    pub(crate) fn notify(&self, id: &I) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let changed = self.watched.lock().get(id).map(|watched| watched.changed.clone());
        if let Some(changed) = changed {
            changed.notify_waiters();
        }
    }

    fn unsubscribe(&self, id: &I) {
        let mut watched = self.watched.lock();
        if let Some(entry) = watched.get_mut(id) {
            entry.watches -= 1;
            if entry.watches == 0 {
                watched.remove(id);
            }
        }
        self.count.store(watched.len(), Ordering::SeqCst);
    }
}

/// A durable event of the aggregate that is watched.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Change<E> {
    /// Its place in the journal.
    pub position: Position,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The event.
    pub event: E,
}

/// Why a watch cannot go on. Calling [`Watch::next`] again tries again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The runtime is shut down.
    #[error("the runtime is shut down")]
    ShutDown,
    /// The journal could not be read.
    #[error("the journal cannot be read: {0}")]
    Unread(#[source] JournalReadError),
    /// An event cannot be decoded.
    #[error("the event at position {position} cannot be decoded: {source}")]
    Undecodable {
        /// Where it is.
        position: Position,
        /// What is wrong with it.
        source: CodecError,
    },
}

/// The durable events of one aggregate, in order and without gaps, from a position on.
///
/// It reads the journal, so it may be arbitrarily slow and misses nothing; in memory it holds one
/// page of events at most. It learns at once of what this runtime appends; of what another writer
/// appended to the same journal, as soon as this runtime does.
pub struct Watch<A: Aggregate> {
    kind: Arc<Kind<A>>,
    id: A::Key,
    boundary: Query,
    changed: Arc<Notify>,
    after: Position,
    page: VecDeque<RecordedEvent>,
}

impl<A: Aggregate> Watch<A> {
    pub(crate) fn new(kind: Arc<Kind<A>>, id: A::Key, boundary: Query, after: Position) -> Self {
        let changed = kind.watchers.subscribe(&id);
        Watch { kind, id, boundary, changed, after, page: VecDeque::new() }
    }

    /// The next durable event; waits until there is one. Once the runtime is shut down or dropped it
    /// gives what it has read already, and ends.
    ///
    /// # Errors
    /// See [`WatchError`].
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Result<Change<<A as View>::Event>, WatchError> {
        let shared = self.kind.shared.clone();
        loop {
            if let Some(change) = self.take()? {
                return Ok(change);
            }
            // Before looking, so that what changes meanwhile is noticed.
            let changed = self.changed.notified();
            let closing = shared.closing.notified();
            let read =
                Read::new(self.boundary.clone()).after(self.after).limit(shared.config.page());
            // Not for longer than the call: a watch must not keep the journal.
            let page = shared.journal().map(|journal| port::read(&*journal, read));
            let page = port::or_closed(&shared, page.ok_or(WatchError::ShutDown)?).await;
            let page = page.ok_or(WatchError::ShutDown)?.map_err(WatchError::Unread)?;
            self.page = page.events.into();
            if self.page.is_empty() {
                self.after = self.after.max(page.upto);
                either(changed, closing).await;
            }
        }
    }

    fn take(&mut self) -> Result<Option<Change<<A as View>::Event>>, WatchError> {
        while let Some(next) = self.page.front() {
            let (position, recorded_at) = (next.position, next.event.recorded_at);
            let event = if next.event.is_reserved() { Ok(None) } else { next.event.decode() };
            let event = event.map_err(|source| WatchError::Undecodable { position, source })?;
            self.page.pop_front();
            self.after = position;
            // What is Bailiwick's own, or of a type that is retired, is passed over.
            if let Some(event) = event {
                return Ok(Some(Change { position, recorded_at, event }));
            }
        }
        Ok(None)
    }
}

impl<A: Aggregate> Drop for Watch<A> {
    fn drop(&mut self) {
        self.kind.watchers.unsubscribe(&self.id);
    }
}

impl<A: Aggregate> std::fmt::Debug for Watch<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watch({} {} after {})", A::NAME, self.id, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_watches_that_are_dropped_at_once_leave_nothing() {
        let watchers = Watchers::new(7);
        let [one, other] = [(); 2].map(|()| watchers.subscribe(&"a"));
        // Each has told that it is gone before its reference is.
        watchers.unsubscribe(&"a");
        assert_eq!(watchers.watched.lock().len(), 1);
        watchers.unsubscribe(&"a");
        assert_eq!(watchers.watched.lock().len(), 0);
        assert_eq!(watchers.count.load(Ordering::SeqCst), 0);
        drop((one, other));
    }
}
