//! The task that hands out due deadlines of one type: one and the same code for all of them.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::Timestamp;
use tokio::sync::{Notify, Semaphore};

use crate::context::{RuntimeContext, Stage};
use crate::util::race::{either, yield_now};

/// How often a closed journal is asked whether it is open, should somebody else have opened it.
const CLOSED_LOOK: Duration = Duration::from_secs(1);

/// The aggregates of one type, as far as they have deadlines.
pub(crate) trait HasDeadlines: Send + Sync {
    /// A place for each that may be under way.
    fn places(&self) -> &Semaphore;
    /// Signalled when the earliest entry became earlier.
    fn earlier(&self) -> &Notify;
    /// When to look next: there may be something due then; [`earlier`](Self::earlier) tells if that changes.
    fn awaits(&self) -> Option<Timestamp>;
    /// Hands out what is due, within the bound.
    fn fire(self: Arc<Self>, now: Timestamp);
}

/// Hands out due deadlines until the runtime closes.
pub(crate) async fn run(shared: Arc<RuntimeContext>, of: Arc<dyn HasDeadlines>) {
    let clock = &shared.environment.clock;
    loop {
        // Before the stage is looked at, so that its change is not missed.
        let closing = shared.closing.notified();
        let opened = shared.journal_opened.notified();
        if shared.stage() != Stage::Open {
            return;
        }
        let now = shared.time.exact_now();
        if of.awaits().is_some_and(|first| first <= now) && !shared.takes_appends() {
            either(clock.sleep(CLOSED_LOOK), either(opened, closing)).await;
            continue;
        }
        of.clone().fire(now);
        if of.places().available_permits() == 0 {
            either(of.places().acquire(), closing).await;
            continue;
        }
        let change = either(of.earlier().notified(), closing);
        match of.awaits() {
            Some(first) if first <= now => yield_now().await,
            Some(first) => shared.time.reach(first, change).await,
            None => change.await,
        }
    }
}
