//! The deadline index: when the next aggregate of one type falls due by itself.
//!
//! 1. At most one entry per aggregate, never later than the deadline of its durable or its
//!    speculative state. A deadline that moves *later* touches nothing here: the entry fires, its
//!    aggregate finds nothing due and sets the entry anew.
//! 2. Never early: an entry is handed out when the runtime's clock has reached it, and the
//!    aggregate judges once more.
//! 3. Never lost: a fired entry stays, moved on by a backstop, until the aggregate has settled it.

#[allow(dead_code, reason = "the index for millions; it replaces the one below")]
mod index;
#[allow(dead_code, reason = "part of the index for millions")]
mod slab;
#[allow(dead_code, reason = "part of the index for millions")]
mod stored;
#[cfg(test)]
mod tests;
#[allow(dead_code, reason = "part of the index for millions")]
mod wheel;

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use bailiwick_core::{Aggregate, Timestamp};
use foldhash::fast::FixedState;
use tokio::sync::Notify;

use crate::kind::Kind;
use crate::race::{either, yield_now};
use crate::shared::{Lock, Stage};

pub(crate) struct Deadlines<I> {
    index: Lock<Index<I>>,
    /// The earliest entry became earlier.
    earlier: Notify,
}

struct Index<I> {
    order: BTreeMap<(Timestamp, u64), I>,
    entries: HashMap<I, (Timestamp, u64), FixedState>,
    sequence: u64,
}

impl<I: Clone + Eq + Hash> Deadlines<I> {
    pub(crate) fn new(seed: u64) -> Self {
        let entries = HashMap::with_hasher(FixedState::with_seed(seed));
        let index = Index { order: BTreeMap::new(), entries, sequence: 0 };
        Deadlines { index: Lock::new(index), earlier: Notify::new() }
    }

    /// Makes sure that there is an entry at `at` or earlier.
    pub(crate) fn arm(&self, id: &I, at: Timestamp) {
        let mut index = self.index.lock();
        if index.entries.get(id).is_none_or(|(armed, _)| at < *armed) {
            self.put(&mut index, id, Some(at));
        }
    }

    /// Sets the entry to exactly `at`, or removes it.
    pub(crate) fn set(&self, id: &I, at: Option<Timestamp>) {
        let mut index = self.index.lock();
        self.put(&mut index, id, at);
    }

    fn put(&self, index: &mut Index<I>, id: &I, at: Option<Timestamp>) {
        let first = index.first();
        index.put(id, at);
        if index.first() < first || (first.is_none() && at.is_some()) {
            self.earlier.notify_one();
        }
    }

    /// The aggregates that are due at `now`, at most `limit`; their entries move on to `backstop`.
    fn take_due(&self, now: Timestamp, backstop: Timestamp, limit: usize) -> Vec<I> {
        let mut index = self.index.lock();
        let mut due = Vec::new();
        while due.len() < limit && index.first().is_some_and(|first| first <= now) {
            let Some((_, id)) = index.order.pop_first() else {
                break;
            };
            index.entries.remove(&id);
            due.push(id);
        }
        for id in &due {
            index.put(id, Some(backstop));
        }
        due
    }

    fn first(&self) -> Option<Timestamp> {
        self.index.lock().first()
    }

    pub(crate) fn len(&self) -> usize {
        self.index.lock().entries.len()
    }
}

impl<I: Clone + Eq + Hash> Index<I> {
    fn first(&self) -> Option<Timestamp> {
        self.order.first_key_value().map(|((at, _), _)| *at)
    }

    fn put(&mut self, id: &I, at: Option<Timestamp>) {
        if let Some(key) = self.entries.remove(id) {
            self.order.remove(&key);
        }
        let Some(at) = at else { return };
        self.sequence += 1;
        let key = (at, self.sequence);
        self.entries.insert(id.clone(), key);
        self.order.insert(key, id.clone());
    }
}

/// Hands out due deadlines until the runtime closes.
pub(crate) async fn run<A: Aggregate>(kind: Arc<Kind<A>>) {
    let shared = kind.shared.clone();
    loop {
        // Before the stage is looked at, so that its change is not missed.
        let closing = shared.closing.notified();
        if shared.stage() != Stage::Open {
            return;
        }
        let now = shared.now();
        let due = fire(&kind, now);
        let change = either(kind.deadlines.earlier.notified(), closing);
        match kind.deadlines.first() {
            _ if due == shared.config.due_at_once.get() => yield_now().await,
            Some(first) => either(shared.seams.clock.sleep_until(first), change).await,
            None => change.await,
        }
    }
}

/// Hands out what is due, within the bound.
fn fire<A: Aggregate>(kind: &Arc<Kind<A>>, now: Timestamp) -> usize {
    let config = &kind.shared.config;
    let backstop = now + config.deadline_backoff;
    let due = kind.deadlines.take_due(now, backstop, config.due_at_once.get());
    due.iter().for_each(|id| kind.wake(id));
    due.len()
}
