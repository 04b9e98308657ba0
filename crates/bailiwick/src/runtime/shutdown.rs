//! How a runtime ends: once, whoever asks for it, how often, and whether or not they wait.
//!
//! 1. The first who asks begins it: new work is refused from then on. Everybody waits for the same end:
//!    all that was accepted has its outcome, or the earliest of their limits has passed. Who finds one of
//!    both closes the runtime, and nobody else does.
//! 2. Who stops waiting leaves its limit behind: a task keeps it.
//! 3. What is reported is counted from when it began, so all are told the same.

use std::any::TypeId;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;

use crate::context::counts::Counts;
use crate::context::{Lock, RuntimeContext, Stage};
use crate::decisions::Scheduler;
use crate::journal::port::or_closed;
use crate::projections;
use crate::reactions::Running;
use crate::registry::aggregate_type::AnyAggregateType;
use crate::runtime::Shutdown;
use crate::util::race::{Either, either, race, yield_now};

/// How often others have their turn after the limit of a shutdown, so that they let go of the journal.
const LAST_TURNS: usize = 64;

/// What a runtime is made of. Whoever holds it does not keep the runtime open.
pub(crate) struct Parts {
    pub(crate) shared: Arc<RuntimeContext>,
    pub(crate) kinds: Vec<(TypeId, Arc<dyn AnyAggregateType>)>,
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) reactions: Arc<[Arc<Running>]>,
    pub(crate) projections: Arc<[Arc<projections::Running>]>,
    pub(super) ending: Ending,
}

#[derive(Default)]
pub(super) struct Ending {
    /// What was counted when it began.
    before: OnceLock<Counts>,
    /// By whom it is closed: whether all had their outcome then.
    in_time: OnceLock<bool>,
    /// Whoever closes it is done.
    closed: AtomicBool,
    changed: Notify,
    report: OnceLock<Shutdown>,
    /// Held by whoever records what was done last.
    recording: tokio::sync::Mutex<()>,
    /// The earliest limit that a task keeps, by the clock's `elapsed`.
    kept: Lock<Option<Duration>>,
}

impl Parts {
    pub(crate) fn counts(&self) -> Counts {
        let kinds = self.kinds.iter().map(|(_, kind)| kind.counts());
        kinds.fold(self.scheduler.counts(), |a, b| a + b)
    }

    pub(crate) async fn shut_down(self: &Arc<Self>, limit: Duration) -> Shutdown {
        let before = *self.ending.before.get_or_init(|| self.counts());
        if self.shared.stage() == Stage::Open {
            self.enter(Stage::Closing);
        }
        let clock = &self.shared.environment.clock;
        let until = clock.elapsed().saturating_add(limit);
        let waiting = Waiting { parts: self, until };
        let mut limit = pin!(clock.sleep(limit));
        let in_time = matches!(race(self.finished(), limit.as_mut()).await, Either::Left(()));
        self.close(in_time);
        self.closed().await;
        drop(waiting);
        either(self.shared.tasks.ended(), async {
            if in_time {
                return limit.await;
            }
            for _ in 0..LAST_TURNS {
                yield_now().await;
            }
        })
        .await;
        *self.ending.report.get_or_init(|| {
            let after = self.counts();
            Shutdown {
                in_time: self.ending.in_time.get().is_some_and(|in_time| *in_time),
                returned: after.returned - before.returned,
                // What is open still belongs to a task that did not have its turn.
                unknown: after.unknown - before.unknown + after.open(),
                stores_held: self.projections.iter().filter(|one| one.has_store()).count(),
            }
        })
    }

    /// Waits until everything is over, and what policies and effects have done last is recorded. One after the other:
    /// who comes to it finds what whoever stopped waiting has left.
    async fn finished(&self) {
        self.over().await;
        let record = async {
            let _one = self.ending.recording.lock().await;
            for one in self.reactions.iter() {
                one.records_last_traces().await;
                one.records_last_mark().await;
            }
        };
        // Nothing of the journal is held once it is closed.
        or_closed(&self.shared, record).await;
    }

    /// Waits until everything that was accepted has its outcome, every call of an effect its trace, and every
    /// refusal that is recorded is written, or somebody has closed it.
    async fn over(&self) {
        loop {
            // Before counting, so that what settles meanwhile is noticed.
            let settlement = self.shared.settlement.notified();
            let closing = self.shared.closing.notified();
            let is_over = self.counts().open() == 0
                && self.shared.calls.under_way() == 0
                && !self.shared.has_unwritten_refusals();
            if self.shared.stage() == Stage::Closed || is_over {
                return;
            }
            either(settlement, closing).await;
        }
    }

    /// Closes it, unless somebody does or has done so.
    pub(crate) fn close(&self, in_time: bool) {
        if self.ending.in_time.set(in_time).is_ok() {
            // Dropped if what is given back panics when it is dropped, too: nobody waits for ever.
            let _closed = Closed(&self.ending);
            self.enter(Stage::Closed);
        }
    }

    /// Waits until whoever closes it is done: on another thread, or further up the stack.
    async fn closed(&self) {
        loop {
            let changed = self.ending.changed.notified();
            if self.ending.closed.load(Ordering::SeqCst) {
                return;
            }
            changed.await;
        }
    }

    fn enter(&self, stage: Stage) {
        self.shared.enter(stage);
        self.scheduler.meet(stage);
        self.kinds.iter().for_each(|(_, kind)| kind.sweep(stage));
        if stage == Stage::Closed {
            self.shared.permits.clear();
            self.shared.unpolled.close();
            self.projections.iter().for_each(|running| running.close());
            self.shared.let_go();
        }
    }

    /// Nobody waits for the end any more: it comes all the same.
    fn leave_to_a_task(self: &Arc<Self>, until: Duration) {
        let mut kept = self.ending.kept.lock();
        if kept.is_some_and(|kept| kept <= until) {
            return;
        }
        *kept = Some(until);
        drop(kept);
        let parts = self.clone();
        // No task of those that are waited for: it holds nothing of the journal.
        self.shared.environment.spawner.spawn(Box::pin(async move {
            let clock = &parts.shared.environment.clock;
            let limit = clock.sleep(until.saturating_sub(clock.elapsed()));
            let in_time = matches!(race(parts.finished(), limit).await, Either::Left(()));
            parts.close(in_time);
        }));
    }
}

/// Whoever closes it, until that is done.
struct Closed<'a>(&'a Ending);

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

/// Somebody who waits for the end.
struct Waiting<'a> {
    parts: &'a Arc<Parts>,
    until: Duration,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.parts.ending.in_time.get().is_none() {
            self.parts.leave_to_a_task(self.until);
        }
    }
}
