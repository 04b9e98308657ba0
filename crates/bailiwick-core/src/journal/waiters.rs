//! Who waits for events, for authors of journals: each by what it waits for, so that an append wakes
//! those whom it concerns and costs nothing for the others.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::JournalReadError;
use crate::journal::{EncodedEvent, EventType, Query};
use crate::position::Position;
use crate::tag::Tag;

/// Who waits for events of a journal. Cloning shares it.
///
/// A journal registers who waits *before* it looks at what is there, and tells what it appended *after*
/// that can be read. If both go through one lock of the journal, nobody is missed: either the look finds
/// the event, or the append finds who waits.
///
/// As many wait as there are futures that do: a future that is dropped is taken out.
///
/// ```
/// use bailiwick_core::Position;
/// use bailiwick_core::journal::{EncodedEvent, Query, Waiters, Waiting};
///
/// /// An append to a journal that keeps its events here.
/// fn append(log: &mut Vec<EncodedEvent>, waiters: &Waiters, events: Vec<EncodedEvent>) {
///     let first = Position::START.plus(log.len() as u64 + 1);
///     log.extend_from_slice(&events);
///     waiters.appended(first, &events).into_iter().for_each(|waker| waker.wake());
/// }
///
/// let waiters = Waiters::default();
/// let waiting: Waiting = waiters.wait(Query::all(), Position::START);
/// assert!(!waiters.is_empty());
/// drop(waiting);
/// assert!(waiters.is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Waiters(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// How many are in the table, to be looked at without its lock.
    waiting: AtomicUsize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    last: u64,
    waiting: HashMap<u64, Waiter>,
    /// Each is under one hook an event of any item of its query has.
    hooks: HashMap<Hook, BTreeSet<u64>>,
    ended: bool,
}

#[derive(Debug)]
struct Waiter {
    query: Query,
    after: Position,
    /// Of who polled it last.
    waker: Option<Waker>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Hook {
    Everything,
    Tag(Tag),
    Type(EventType),
}

/// Why nobody waits any more.
#[derive(Debug, thiserror::Error)]
#[error("the journal was let go of while somebody waited for events")]
struct Ended;

impl Waiters {
    /// Registers somebody, with this call, who waits for events beyond `after` that match.
    pub fn wait(&self, query: Query, after: Position) -> Waiting {
        let mut table = self.0.lock();
        table.last += 1;
        let number = table.last;
        if !table.ended {
            for hook in hooks(&query) {
                table.hooks.entry(hook).or_default().insert(number);
            }
            table.waiting.insert(number, Waiter { query, after, waker: None });
            self.0.waiting.store(table.waiting.len(), Ordering::Relaxed);
        }
        Waiting { shared: self.0.clone(), number }
    }

    /// Whether nobody waits: a load of an atomic, relaxed. Behind a lock that was held when somebody was
    /// registered, it is certain.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed) == 0
    }

    /// Tells of events that were appended from `first` on. Whom they concern is told with this call; who
    /// polls is to be woken, without a lock of the journal: it may run anything.
    #[must_use = "wake them without a lock held"]
    pub fn appended(&self, first: Position, events: &[EncodedEvent]) -> Vec<Waker> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut table = self.0.lock();
        let mut woken = Vec::new();
        for (nth, event) in (0..).zip(events) {
            for number in table.concerned(first.plus(nth), event) {
                woken.extend(table.remove(number));
            }
        }
        self.0.waiting.store(table.waiting.len(), Ordering::Relaxed);
        woken
    }

    /// Tells all of them: what is there may have changed in any way.
    pub fn wake_all(&self) {
        let woken = self.0.lock().clear(&self.0.waiting);
        woken.into_iter().for_each(Waker::wake);
    }

    /// The journal is let go of: whoever waits, now or later, has an error.
    pub fn end(&self) {
        let mut table = self.0.lock();
        table.ended = true;
        let woken = table.clear(&self.0.waiting);
        drop(table);
        woken.into_iter().for_each(Waker::wake);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Who waits for this event, in the order in which they came.
    fn concerned(&self, position: Position, event: &EncodedEvent) -> BTreeSet<u64> {
        let tags = event.tags.iter().cloned().map(Hook::Tag);
        let hooks = tags.chain([Hook::Type(event.event_type.clone()), Hook::Everything]);
        let candidates = hooks.filter_map(|hook| self.hooks.get(&hook)).flatten().copied();
        let waits = |number: &u64| {
            self.waiting.get(number).is_some_and(|waiter| {
                let Waiter { query, after, .. } = waiter;
                position > *after && query.matches(event.event_type.as_str(), &event.tags)
            })
        };
        candidates.filter(waits).collect()
    }

    fn remove(&mut self, number: u64) -> Option<Waker> {
        let waiter = self.waiting.remove(&number)?;
        for hook in hooks(&waiter.query) {
            if let Some(others) = self.hooks.get_mut(&hook) {
                others.remove(&number);
                if others.is_empty() {
                    self.hooks.remove(&hook);
                }
            }
        }
        waiter.waker
    }

    fn clear(&mut self, count: &AtomicUsize) -> Vec<Waker> {
        self.hooks.clear();
        count.store(0, Ordering::Relaxed);
        let mut all: Vec<_> = self.waiting.drain().collect();
        all.sort_unstable_by_key(|(number, _)| *number);
        all.into_iter().filter_map(|(_, waiter)| waiter.waker).collect()
    }
}

/// Whatever an event has that matches, it has one of these.
fn hooks(query: &Query) -> Vec<Hook> {
    let Some(items) = query.items() else {
        return vec![Hook::Everything];
    };
    let mut hooks = Vec::new();
    for item in items {
        match item.tags().as_slice().first() {
            Some(tag) => hooks.push(Hook::Tag(tag.clone())),
            None => hooks.extend(item.types().iter().cloned().map(Hook::Type)),
        }
    }
    hooks
}

/// Somebody who waits: ready when there may be an event beyond that matches.
///
/// For an example see [`Waiters`].
#[derive(Debug)]
#[must_use = "nobody waits if it is dropped"]
pub struct Waiting {
    shared: Arc<Shared>,
    number: u64,
}

impl Future for Waiting {
    type Output = Result<(), JournalReadError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut table = self.shared.lock();
        let ended = table.ended;
        match table.waiting.get_mut(&self.number) {
            Some(waiter) => {
                let before = waiter.waker.replace(cx.waker().clone());
                drop(table);
                // Without the lock: it may run anything.
                drop(before);
                Poll::Pending
            }
            None if ended => Poll::Ready(Err(JournalReadError::Unavailable(Arc::new(Ended)))),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut table = self.shared.lock();
        let waker = table.remove(self.number);
        self.shared.waiting.store(table.waiting.len(), Ordering::Relaxed);
        drop(table);
        drop(waker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Metadata, QueryItem};
    use crate::time::Timestamp;

    fn event(event_type: &'static str, tags: &[&str]) -> EncodedEvent {
        EncodedEvent {
            event_type: event_type.into(),
            version: 1,
            tags: tags.iter().map(|tag| tag.parse().unwrap()).collect(),
            payload: Default::default(),
            recorded_at: Timestamp::EPOCH,
            metadata: Metadata::default(),
        }
    }

    fn poll(waiting: &mut Waiting) -> Poll<bool> {
        let polled = Pin::new(waiting).poll(&mut Context::from_waker(Waker::noop()));
        polled.map(|told| told.is_ok())
    }

    #[test]
    fn who_is_not_concerned_is_left_alone_and_who_goes_leaves_nothing() {
        let waiters = Waiters::default();
        let item = QueryItem::new(["A"], ["x:1".parse().unwrap(), "y:1".parse().unwrap()]).unwrap();
        let both = Query::any_of([item, QueryItem::of_type("B")]).unwrap();
        let mut waiting = waiters.wait(both.clone(), Position::new(3));
        let mut all = waiters.wait(Query::all(), Position::new(9));
        for events in [[event("A", &["x:1"])], [event("C", &["x:1", "y:1"])]] {
            assert!(waiters.appended(Position::new(5), &events).is_empty());
        }
        assert!(waiters.appended(Position::new(3), &[event("B", &[])]).is_empty(), "not beyond");
        assert_eq!((poll(&mut waiting), poll(&mut all)), (Poll::Pending, Poll::Pending));
        let woken = waiters.appended(Position::new(3), &[event("C", &[]), event("B", &[])]);
        assert_eq!((woken.len(), poll(&mut waiting)), (1, Poll::Ready(true)));
        assert_eq!(poll(&mut all), Poll::Pending);
        drop(waiters.wait(both.clone(), Position::START));
        drop((waiting, all));
        let table = waiters.0.lock();
        assert!(waiters.is_empty() && table.hooks.is_empty() && table.waiting.is_empty());
    }

    #[test]
    fn an_end_is_told_to_who_waits_and_to_who_comes() {
        let waiters = Waiters::default();
        let mut before = waiters.wait(Query::all(), Position::START);
        waiters.wake_all();
        assert_eq!(poll(&mut before), Poll::Ready(true));
        let mut before = waiters.wait(Query::all(), Position::START);
        waiters.end();
        let mut after = waiters.wait(Query::all(), Position::START);
        assert_eq!((poll(&mut before), poll(&mut after)), (Poll::Ready(false), Poll::Ready(false)));
        assert!(waiters.is_empty());
    }
}
