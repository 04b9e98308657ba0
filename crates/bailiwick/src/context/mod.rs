//! What all aggregate types of one runtime share: its journal, its time, its stage of life.

pub(crate) mod counts;
pub(crate) mod journal;
pub(crate) mod permits;
#[cfg(feature = "fault-injection")]
pub(crate) mod sabotage;
pub(crate) mod sampled;
mod stage;
pub(crate) mod tasks;
pub(crate) mod unpolled;

use std::any::{TypeId, type_name};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8};
use std::time::Duration;

use bailiwick_core::journal::{AppendLimits, Journal, JournalId};
use bailiwick_core::policy::Emitters;
use bailiwick_core::{BoxFuture, Event, Timestamp};
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};

use crate::config::Config;
use crate::context::permits::Permits;
use crate::context::sampled::Sampled;
use crate::context::tasks::{Counted, Tasks};
use crate::context::unpolled::Unpolled;
use crate::delivery::Calls;
use crate::environment::Environment;
use crate::environment::time::Time;
use crate::journal::call::Lending;
use crate::snapshots::Keeper;
pub(crate) use stage::Stage;

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
    /// Signalled when something was [settled](Self::settled) and the runtime is about to end.
    pub(crate) settlement: Notify,
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
    /// Aggregates that were renamed.
    pub(crate) emitters: Emitters,
    #[cfg(feature = "fault-injection")]
    pub(crate) sabotage: Option<sabotage::Sabotage>,
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
            view_reads: Semaphore::new(most_at_once(config.view_reads)),
            refusals: Arc::new(Semaphore::new(most_at_once(config.unwritten_refusals))),
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
            settlement: Notify::new(),
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
            emitters: Emitters::default(),
            #[cfg(feature = "fault-injection")]
            sabotage: None,
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
        let counted = Counted { future: task, _task: self.tasks.begin() };
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
        self.refusals.available_permits() < most_at_once(self.config.unwritten_refusals)
    }
}

/// As many as a semaphore can count.
pub(crate) fn most_at_once(wanted: usize) -> usize {
    wanted.min(Semaphore::MAX_PERMITS)
}

/// A lock that is never held while code of a domain or a journal runs, so it cannot be poisoned.
pub(crate) type Lock<T> = Mutex<T>;
