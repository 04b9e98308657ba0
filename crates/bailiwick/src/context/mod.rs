//! What all aggregate types of one runtime share: its journal, its time, its stage of life.

pub(crate) mod counts;
pub(crate) mod health;
pub(crate) mod permits;
pub(crate) mod sampled;
pub(crate) mod tasks;
pub(crate) mod unpolled;

use std::any::{TypeId, type_name};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use bailiwick_core::journal::{AppendLimits, FaultKind, Health, Journal, JournalFault, JournalId};
use bailiwick_core::{BoxFuture, ErrorReport, Event, Timestamp};
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};

use crate::config::Config;
use crate::context::permits::Permits;
use crate::context::sampled::Sampled;
use crate::context::tasks::Tasks;
use crate::context::unpolled::Unpolled;
use crate::delivery::Calls;
use crate::environment::Environment;
use crate::environment::time::Time;
use crate::error::Cause;
use crate::journal::call::Lending;
use crate::journal::port;
use crate::snapshots::Keeper;
use crate::util::race::{Either, race};

/// What all aggregate types of a runtime share.
pub(crate) struct RuntimeContext {
    /// None once the runtime has let go of it. So whoever holds a handle holds no journal.
    journal: Lock<Option<Arc<dyn Journal>>>,
    pub(crate) environment: Environment,
    pub(crate) config: Config,
    /// The views that may be read.
    views: BTreeSet<TypeId>,
    /// The event types that may be subscribed to.
    event_types: BTreeSet<(&'static str, TypeId)>,
    /// How many more may be folded at once for those who read them.
    pub(crate) view_reads: Semaphore,
    /// How many more refusals may be on their way to the journal.
    pub(crate) refusals: Arc<Semaphore>,
    /// Cells whose callers may not poll for their answer.
    pub(crate) unpolled: Unpolled,
    /// To wait for the journal.
    pub(crate) permits: Arc<Permits>,
    /// What the journal takes at once.
    pub(crate) limits: AppendLimits,
    /// Which journal it is: known also when it was let go of.
    pub(crate) journal_id: JournalId,
    pub(crate) time: Time,
    /// Calls of effects that are under way.
    pub(crate) calls: Calls,
    stage: AtomicU8,
    /// Subscriptions end, and what waits for news: the server around is about to stop.
    draining: AtomicBool,
    /// Signalled when that begins.
    drains: Notify,
    /// Signalled when the stage changes: background tasks end, whoever waits for room gives up.
    pub(crate) closing: Notify,
    settled: Notify,
    /// What holds the journal beside the runtime and the handles of the application.
    pub(crate) tasks: Tasks,
    /// What callers have of it.
    pub(crate) lending: Lending,
    /// Signalled when the journal has closed itself for writing.
    pub(crate) journal_failed: Notify,
    /// The journal was found closed for writing, and not yet found open again.
    journal_closed: AtomicBool,
    /// When the runtime next tries to open it, if it was told to; in elapsed time.
    reopened_at: Lock<Option<Duration>>,
    /// Appends that failed, and aggregates that cannot be loaded, in the log.
    pub(crate) failed_appends: Sampled,
    pub(crate) failed_loads: Sampled,
    /// Signalled when the runtime has opened it again.
    pub(crate) journal_opened: Notify,
    /// What is told as it happens, and by which labels; none if nobody wants to know.
    #[cfg(feature = "metrics")]
    pub(crate) metrics: Option<crate::metrics::Labels>,
    /// If it was given a store for them.
    pub(crate) snapshots: Option<Arc<Keeper>>,
    #[cfg(feature = "fault-injection")]
    pub(crate) sabotage: Option<crate::sabotage::Sabotage>,
}

/// Where a runtime is in its life. Only ever grows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Stage {
    Open = 0,
    /// New work is refused, accepted work goes on.
    Closing = 1,
    /// What is left is given back.
    Closed = 2,
}

impl RuntimeContext {
    pub(crate) fn new(
        journal: Arc<dyn Journal>,
        environment: Environment,
        config: Config,
        views: BTreeSet<TypeId>,
        event_types: BTreeSet<(&'static str, TypeId)>,
    ) -> Self {
        RuntimeContext {
            views,
            event_types,
            view_reads: Semaphore::new(config.view_reads.min(Semaphore::MAX_PERMITS)),
            refusals: {
                let most = config.unwritten_refusals.min(Semaphore::MAX_PERMITS);
                Arc::new(Semaphore::new(most))
            },
            unpolled: Unpolled::default(),
            permits: Permits::new(config.waiting_aggregates),
            limits: journal.limits(),
            journal_id: journal.id(),
            time: Time::new(environment.clock.clone(), &config),
            calls: Calls::default(),
            journal: Lock::new(Some(journal)),
            environment,
            config,
            stage: AtomicU8::new(Stage::Open as u8),
            draining: AtomicBool::new(false),
            drains: Notify::new(),
            closing: Notify::new(),
            settled: Notify::new(),
            tasks: Tasks::default(),
            lending: Lending::default(),
            journal_failed: Notify::new(),
            journal_closed: AtomicBool::new(false),
            reopened_at: Lock::new(None),
            failed_appends: Sampled::default(),
            failed_loads: Sampled::default(),
            journal_opened: Notify::new(),
            #[cfg(feature = "metrics")]
            metrics: None,
            snapshots: None,
            #[cfg(feature = "fault-injection")]
            sabotage: None,
        }
    }

    /// The journal, unless the runtime has let go of it. Only for tasks of the runtime, whose end is
    /// waited for, and for a moment.
    pub(crate) fn journal(&self) -> Option<Arc<dyn Journal>> {
        self.journal.lock().clone()
    }

    /// Lets go of the journal. Tasks that still have it end soon: the runtime is closed. Callers have
    /// nothing of it any more.
    pub(crate) fn let_go(&self) {
        let journal = self.journal.lock().take();
        self.lending.close();
        // The lock first: the last one out ends the journal.
        drop(journal);
    }

    /// Whether the journal takes appends.
    pub(crate) fn health(&self) -> Health {
        match self.journal() {
            Some(journal) => port::health(&*journal),
            None => Health::ClosedForWriting { why: let_go() },
        }
    }

    /// # Panics
    /// If nobody has said that this view is read.
    #[track_caller]
    pub(crate) fn assert_reads<V: 'static>(&self) {
        self.assert_reads_view(TypeId::of::<V>(), type_name::<V>());
    }

    /// # Panics
    /// If nobody has said that this view is read.
    #[track_caller]
    pub(crate) fn assert_reads_view(&self, view: TypeId, name: &'static str) {
        assert!(
            self.views.contains(&view),
            "the runtime does not know the view {name}: add `.reads::<{name}>()` where it is built",
        );
    }

    /// # Panics
    /// If nobody has said of a type of this set that it is emitted or read.
    #[track_caller]
    pub(crate) fn assert_knows<E: Event>(&self) {
        for known in E::TYPES.iter().filter(|known| !known.retired) {
            assert!(
                self.event_types.contains(&(known.name, known.owner_id)),
                "the runtime does not know the event type {}: add `.subscribes::<{}>()` where it is built",
                known.name,
                type_name::<E>(),
            );
        }
    }

    /// Runs a task of the runtime.
    pub(crate) fn spawn(&self, task: BoxFuture<()>) {
        let counted = self.tasks.begin().of(task);
        self.environment.spawner.spawn(Box::pin(counted));
    }

    /// The time of this runtime. It never goes back.
    pub(crate) fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// How many bytes go into an append, unless one that goes alone needs more.
    pub(crate) fn batch_bytes(&self) -> usize {
        self.config.batch_bytes.min(self.limits.bytes)
    }

    /// Whether a refusal is on its way to the journal.
    pub(crate) fn has_unwritten_refusals(&self) -> bool {
        let most = self.config.unwritten_refusals.min(Semaphore::MAX_PERMITS);
        self.refusals.available_permits() < most
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::SeqCst) {
            0 => Stage::Open,
            1 => Stage::Closing,
            _ => Stage::Closed,
        }
    }

    /// Ends whatever never ends by itself. Nothing else is refused.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        self.drains.notify_waiters();
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// What it was waiting for; none if whatever never ends by itself is to end.
    pub(crate) async fn or_drained<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        // Before the flag is looked at, so that its change is not missed.
        let drains = self.drains.notified();
        if self.is_draining() {
            return None;
        }
        match race(future, drains).await {
            Either::Left(done) => Some(done),
            Either::Right(()) => None,
        }
    }

    pub(crate) fn enter(&self, stage: Stage) {
        self.stage.fetch_max(stage as u8, Ordering::SeqCst);
        self.closing.notify_waiters();
    }

    /// An append failed: if the journal is closed for writing, nothing more is decided that has to be
    /// written, and it is opened again if it is to be.
    pub(crate) fn append_failed(&self) {
        let Health::ClosedForWriting { why } = self.health() else { return };
        if !self.journal_closed.swap(true, Ordering::AcqRel) {
            let fault = ErrorReport::of(&why);
            tracing::error!(%fault, "the journal is closed for writing");
        }
        self.journal_failed.notify_one();
    }

    /// Why the journal is closed for writing, if it is known to be: what would have to be written is
    /// given back before it changes anything, so nothing has to be undone. While it is open this is
    /// a look at a flag.
    pub(crate) fn journal_closed(&self) -> Option<JournalFault> {
        if !self.journal_closed.load(Ordering::Acquire) {
            return None;
        }
        match self.health() {
            Health::ClosedForWriting { why } => Some(why),
            _ => {
                // Whoever opened it.
                self.journal_is_open();
                None
            }
        }
    }

    /// What it means for a command that the journal is closed for writing.
    pub(crate) fn closed_by(&self, fault: JournalFault) -> Cause {
        let at = *self.reopened_at.lock();
        let reopened_in = at.map(|at| at.saturating_sub(self.environment.clock.elapsed()));
        Cause::JournalClosed { fault, reopened_in }
    }

    /// While the journal is closed for writing it is tried to be opened again then.
    pub(crate) fn reopens_in(&self, wait: Duration) {
        *self.reopened_at.lock() = Some(self.environment.clock.elapsed().saturating_add(wait));
    }

    /// The journal takes appends again.
    pub(crate) fn journal_is_open(&self) {
        if self.journal_closed.swap(false, Ordering::AcqRel) {
            tracing::info!("the journal is open for writing again");
            self.journal_opened.notify_waiters();
        }
    }

    /// Whether the journal takes appends. Asks the journal.
    pub(crate) fn takes_appends(&self) -> bool {
        self.health().is_open()
    }

    /// A command got its outcome, or the call of an effect came to its end, and that was counted: a shutdown may
    /// be waiting for it.
    ///
    /// Here an outcome is counted, then the stage is read; a shutdown changes the stage, begins to
    /// listen, and reads the counts. All four are `SeqCst`, so they are in one order: if the stage
    /// is read as it was before, the shutdown reads the count after it was counted; else it is
    /// notified, and it was listening before it read the counts. With less than that both could miss
    /// each other, on a machine that lets a read overtake an earlier write.
    pub(crate) fn settled(&self) {
        if self.stage.load(Ordering::SeqCst) != Stage::Open as u8 {
            self.settled.notify_waiters();
        }
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn with_metrics(self, metrics: Option<crate::metrics::Labels>) -> Self {
        RuntimeContext { metrics, ..self }
    }

    pub(crate) fn with_snapshots(self, snapshots: Option<Arc<Keeper>>) -> Self {
        RuntimeContext { snapshots, ..self }
    }

    #[cfg(feature = "fault-injection")]
    pub(crate) fn with_sabotage(self, sabotage: Option<crate::sabotage::Sabotage>) -> Self {
        RuntimeContext { sabotage, ..self }
    }

    #[cfg(feature = "fault-injection")]
    pub(crate) fn sabotaged(&self, sabotage: crate::sabotage::Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }

    pub(crate) fn settlement(&self) -> &Notify {
        &self.settled
    }
}

/// What is said of a journal that the runtime has let go of.
pub(crate) fn let_go() -> JournalFault {
    let advice = "start a runtime on the journal again";
    JournalFault::new(FaultKind::Gone, "the journal", advice, "the runtime is shut down")
}

/// A lock that is never held while code of a domain or a journal runs, so it cannot be poisoned.
pub(crate) type Lock<T> = Mutex<T>;
