//! Time-outs of decisions: one list in the order of time and one task, not a timer per call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::case::Case;
use super::floor::Floor;
use super::order::Ticket;
use crate::race::either;
use crate::shared::{Lock, Stage};

/// Times are the clock's [`elapsed`](crate::Clock::elapsed).
pub(super) struct Patience {
    waiting: Lock<Waiting>,
    earlier: Notify,
}

struct Waiting {
    cases: BTreeMap<(Duration, Ticket), Arc<dyn Case>>,
    /// When the task looks again by itself.
    wakes: Duration,
}

impl Patience {
    pub(super) fn new() -> Self {
        let waiting = Waiting { cases: BTreeMap::new(), wakes: Duration::ZERO };
        Patience { waiting: Lock::new(waiting), earlier: Notify::new() }
    }

    pub(super) fn push(&self, until: Duration, ticket: Ticket, case: Arc<dyn Case>) {
        let mut waiting = self.waiting.lock();
        waiting.cases.insert((until, ticket), case);
        let earlier = until < waiting.wakes;
        drop(waiting);
        if earlier {
            self.earlier.notify_one();
        }
    }

    pub(super) fn remove(&self, until: Duration, ticket: Ticket) {
        let case = self.waiting.lock().cases.remove(&(until, ticket));
        drop(case);
    }

    pub(super) fn clear(&self) {
        let cases = std::mem::take(&mut self.waiting.lock().cases);
        drop(cases);
    }

    fn pop(&self, now: Duration) -> Option<(Ticket, Arc<dyn Case>)> {
        let mut waiting = self.waiting.lock();
        let first = waiting.cases.first_entry().filter(|first| first.key().0 <= now)?;
        let ((_, ticket), case) = first.remove_entry();
        Some((ticket, case))
    }

    /// When to look again; from here on, whoever is earlier says so.
    fn sleeps(&self) -> Option<Duration> {
        let mut waiting = self.waiting.lock();
        let first = waiting.cases.first_key_value().map(|((until, _), _)| *until);
        waiting.wakes = first.unwrap_or(Duration::MAX);
        first
    }
}

/// Ends the wait of callers whose time is up, until the runtime is closed.
pub(super) async fn run(floor: Arc<Floor>) {
    let clock = floor.shared().seams.clock.clone();
    let patience = floor.patience();
    loop {
        // Before the stage is looked at, so that its change is not missed.
        let closing = floor.shared().closing.notified();
        if floor.shared().stage() == Stage::Closed {
            return patience.clear();
        }
        let now = clock.elapsed();
        while let Some((ticket, case)) = patience.pop(now) {
            case.time_out();
            floor.withdraw(ticket);
        }
        let change = either(patience.earlier.notified(), closing);
        match patience.sleeps() {
            Some(first) => either(clock.sleep(first.saturating_sub(now)), change).await,
            None => change.await,
        }
    }
}
