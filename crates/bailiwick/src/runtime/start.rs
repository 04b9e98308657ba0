//! Starting a runtime: everything that would lose or misread history is refused before anything runs, and the
//! deadlines are armed before the first command is served.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::Journal;
use bailiwick_core::{ErrorReport, SnapshotStore};
use tokio::runtime::Handle;

use crate::context::{RuntimeContext, unpolled};
use crate::environment::clock::Clock;
use crate::environment::{Environment, Spawn};
use crate::error::caught;
use crate::journal::port::{self, Guarded, or_closed};
use crate::journal::reopening;
use crate::projections;
use crate::reactions;
use crate::runtime::Runtime;
use crate::runtime::builder::Builder;
use crate::snapshots::{self, Keeper};
use crate::startup::error::StartError;
use crate::startup::scan::recover;
use crate::startup::schema::Schema;

impl Builder {
    /// Starts: checks the names, reads the journal once for the deadlines and for what this program
    /// would pass over or misread, and arms the deadlines before the first command is served.
    ///
    /// Of a journal that has an [outline](bailiwick_core::journal::Journal::outline) it reads that, one event of each
    /// shape that there is, and the events behind the outline: so a start costs what there is of names and deadlines,
    /// and not what the history does. What only another event of the same shape shows (an ID that cannot be read
    /// any more, a field that only some have) is not found by the start then, but by who loads or follows it.
    ///
    /// Deadlines that are not known from what stands beside the events (they were recorded by another
    /// [`DEADLINE_VERSION`](bailiwick_core::Aggregate::DEADLINE_VERSION), or the last event is of somebody who did not
    /// know them) are judged anew in the background, by reading the journal once more for many of
    /// them. Until that is done they do not fire by themselves: late by what the reading takes, never
    /// early, none forgotten. A command or a read expires what is due, as ever.
    ///
    /// # Errors
    /// See [`StartError`]. Nothing runs then.
    pub async fn start(self) -> Result<Runtime, StartError> {
        self.check_names()?;
        self.config.check().map_err(StartError::Config)?;
        let schema = Schema::new(&self.names)?;
        let spawner = match self.spawner {
            Some(spawner) => spawner,
            None => Arc::new(Handle::try_current().map_err(|_| StartError::NoExecutor)?),
        };
        check_timers(&*spawner, &*self.clock)?;
        let environment = Environment { clock: self.clock, spawner, entropy: self.entropy };
        let journal = self.journal;
        let mut snapshots = None;
        if let Some(store) = self.snapshots
            && claim(&*store, &*journal).await?
        {
            let most = self.config.unsaved_snapshots;
            snapshots = Some(Keeper::new(store, self.snapshots_agree, most));
        }
        let (views, event_types) = (self.names.views(), self.names.event_types());
        let mut shared =
            RuntimeContext::new(journal.clone(), environment, self.config, views, event_types);
        shared.snapshots = snapshots;
        shared.emitters = self.names.emitters();
        #[cfg(feature = "metrics")]
        if let Some(labels) = self.metrics {
            crate::metrics::describe_all();
            shared.metrics = Some(labels);
        }
        #[cfg(feature = "fault-injection")]
        {
            shared.sabotage = self.sabotage;
        }
        let shared = Arc::new(shared);
        catch_up_with_journal(&shared, &*journal, self.allow_ahead).await?;
        let kinds: Vec<_> =
            self.types.iter().map(|(id, make)| (*id, make(shared.clone()))).collect();
        recover(&shared, &*journal, kinds.iter().map(|(_, kind)| kind), schema).await?;
        let begun = reactions::begin(&shared, &*journal, self.reactions).await?;
        let projections = projections::begin(&shared, self.projections)?;
        keep(&shared, "clock", |shared| async move {
            or_closed(&shared, shared.time.keep_looking()).await;
        });
        keep(&shared, "unpolled answers", unpolled::run);
        if let Some(keeper) = shared.snapshots.clone() {
            keep(&shared, "snapshots", move |shared| snapshots::run(keeper.clone(), shared));
        }
        if self.reopens {
            keep(&shared, "reopening of the journal", reopening::run);
        }
        Ok(Runtime::new(shared, kinds, self.decisions, begun, projections))
    }

    /// Names of decisions, policies, effects and projections are those of one Rust type each.
    pub(super) fn check_names(&self) -> Result<(), StartError> {
        each_of_one_type(self.pinned.iter().copied(), |name, first, second| {
            StartError::CommandTaken { name, first, second }
        })?;
        let reactions = self.reactions.iter().map(|reaction| &reaction.declares);
        let reactions = reactions.map(|declares| (declares.name, declares.rust_type));
        each_of_one_type(reactions, |name, first, second| StartError::ReactionTaken {
            name,
            first,
            second,
        })?;
        let projections = self.projections.iter().map(|known| (known.name, known.rust_type));
        if let Some((_, rust_type)) = projections.clone().find(|(name, _)| name.is_empty()) {
            return Err(StartError::ProjectionName { rust_type });
        }
        each_of_one_type(projections, |name, first, second| StartError::ProjectionTaken {
            name,
            first,
            second,
        })
    }
}

/// Refuses a name that two types have: `taken` makes of that, and of the two, why there is no start.
fn each_of_one_type(
    types: impl Iterator<Item = (&'static str, &'static str)>,
    taken: fn(&'static str, &'static str, &'static str) -> StartError,
) -> Result<(), StartError> {
    let mut names = HashMap::new();
    for (name, rust_type) in types {
        if let Some(first) = names.insert(name, rust_type) {
            return Err(taken(name, first, rust_type));
        }
    }
    Ok(())
}

/// Keeps a task of the runtime going until it is closed.
fn keep<F: Future<Output = ()> + Send + 'static>(
    shared: &Arc<RuntimeContext>,
    task: &'static str,
    run: impl Fn(Arc<RuntimeContext>) -> F + Send + Sync + 'static,
) {
    let of = shared.clone();
    shared.keep(task, move || run(of.clone()));
}

/// Whether the store of snapshots works. What it holds is of this journal.
async fn claim(store: &dyn SnapshotStore, journal: &dyn Journal) -> Result<bool, StartError> {
    let journal = journal.id();
    match Guarded::new(|| store.claim(journal), |error| error).await {
        Ok(of) if of == journal => Ok(true),
        Ok(of) => Err(StartError::SnapshotsOfAnotherJournal { of, journal }),
        Err(error) => {
            let why = ErrorReport::of(&*error);
            tracing::warn!(%why, "the store of snapshots does not work: it is not used");
            Ok(false)
        }
    }
}

/// Time does not go back behind the journal.
async fn catch_up_with_journal(
    shared: &RuntimeContext,
    journal: &dyn Journal,
    allow_ahead: bool,
) -> Result<(), StartError> {
    let head = port::head(journal).await.map_err(StartError::Unread)?;
    let by = head.recorded_at.since(shared.now());
    if by > shared.config.journal_ahead && !allow_ahead {
        return Err(StartError::JournalAhead { by });
    }
    shared.time.not_before(head.recorded_at);
    Ok(())
}

/// Without timers no deadline would ever fire, and nobody would say so. A clock of one's own may do
/// without tokio's.
fn check_timers(spawner: &dyn Spawn, clock: &dyn Clock) -> Result<(), StartError> {
    let mut slept = Ok(());
    spawner.within(&mut || slept = caught(|| drop(clock.sleep(Duration::ZERO))));
    slept.map_err(|message| StartError::NoTimers { message })
}
