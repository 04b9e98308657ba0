//! What a policy or an effect does at a time: lanes that failed are tried again, and what is done is recorded now and
//! then.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bailiwick_core::Position;
use bailiwick_core::policy::PolicyFact;

use super::reader::until_closing;
use super::running::Running;
use crate::context::Lock;
use crate::journal::port::or_closed;
use crate::util::on_drop::OnDrop;
use crate::util::race::either;

/// How late a mark is at most while there is something to record.
const MARK_AFTER: Duration = Duration::from_secs(5);
/// So many events that a policy does not want are worth a mark.
const PASSED_OVER: u64 = 65_536;

/// What was recorded as done, and what was done since.
#[derive(Debug)]
pub(super) struct Marks {
    /// Up to where, and when that was recorded, by the clock's `elapsed`.
    recorded: Lock<(Position, Duration)>,
    /// News that were done since, and then some.
    since: AtomicU64,
}

impl Marks {
    pub(super) fn new(reached: Position) -> Self {
        let recorded = Lock::new((reached, Duration::ZERO));
        Marks { recorded, since: AtomicU64::new(0) }
    }
}

/// Until the runtime ends, or the policy is stopped.
pub(super) async fn run(running: Arc<Running>) {
    or_closed(&running.shared, keep_time(&running)).await;
}

async fn keep_time(running: &Arc<Running>) {
    while running.goes_on() {
        // Before anything is looked at, so that nothing is missed.
        let timing = running.timing.notified();
        let opened = running.shared.journal_opened.notified();
        let now = running.elapsed();
        // Lanes that were left alone until now are tried again.
        let next = running.change(0, |lanes| lanes.wake(now));
        let mark = running.records_mark(now).await;
        let until = [next, mark].into_iter().flatten().min();
        let sleep = async {
            let Some(until) = until else { return pending().await };
            let wait = until.saturating_sub(running.elapsed());
            running.shared.environment.clock.sleep(wait).await;
        };
        let reopened = async {
            opened.await;
            let now = running.elapsed();
            running.change(0, |lanes| lanes.wake_all(now));
        };
        until_closing(running, either(either(timing, sleep), reopened)).await;
    }
}

impl Running {
    /// A news was done: that is recorded in a while, or at once if it is one of many.
    pub(super) fn may_record(&self) {
        let before = self.marks.since.fetch_add(1, Ordering::Relaxed);
        if before == 0 || before + 1 == self.shared.config.policy_mark_news {
            self.timing.notify_one();
        }
    }

    /// The journal was read up to here.
    pub(super) fn has_read(&self, upto: Position) {
        let (recorded, _) = *self.marks.recorded.lock();
        if upto.get().saturating_sub(recorded.get()) >= PASSED_OVER {
            self.may_record();
        }
    }

    /// The runtime ends in order: what is done is recorded, so that the next one need not look for it.
    pub(crate) async fn records_last_mark(&self) {
        if !self.is_stopped() {
            self.records_mark(Duration::MAX).await;
        }
    }

    /// Records what is done, if it is time. When it is, if not.
    async fn records_mark(&self, now: Duration) -> Option<Duration> {
        let Marks { recorded, since } = &self.marks;
        let done = since.load(Ordering::Relaxed);
        if done == 0 {
            return None;
        }
        let (before, at) = *recorded.lock();
        let due = at.saturating_add(MARK_AFTER);
        if done < self.shared.config.policy_mark_news && now < due {
            return Some(due);
        }
        since.store(0, Ordering::Relaxed);
        // Also if whoever records it is dropped on the way.
        let not_recorded = OnDrop::new(|| {
            since.fetch_add(done, Ordering::Relaxed);
        });
        let upto = self.lanes.lock().mark();
        #[cfg(feature = "fault-injection")]
        let upto = match self.shared.sabotaged(crate::sabotage::Sabotage::MarkBeforeEffect) {
            true => self.lanes.lock().upto(),
            false => upto,
        };
        *recorded.lock() = (before, now.min(self.elapsed()));
        if upto > before {
            match self.records(&PolicyFact::Reached { upto }).await {
                Ok(_) => recorded.lock().0 = upto,
                Err(reason) => {
                    tracing::debug!(reaction = self.name(), %reason, "no mark could be recorded");
                    return Some(self.elapsed().saturating_add(MARK_AFTER));
                }
            }
        }
        not_recorded.disarm();
        None
    }
}
