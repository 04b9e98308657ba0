//! The runtime: what a server embeds.

use std::any::{TypeId, type_name};
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::{Aggregate, Decision, Journal};

use crate::aggregates::Aggregates;
use crate::builder::Builder;
use crate::counts::Counts;
use crate::decide::{Decisions, Floor};
use crate::error::AskError;
use crate::health::RuntimeHealth;
use crate::kind::{AnyKind, Kind};
use crate::news::Readers;
use crate::race::{Either, either, race, yield_now};
use crate::shared::{Shared, Stage};

/// How often others have their turn after the limit of a shutdown, so that they let go of the journal.
const LAST_TURNS: usize = 64;

/// Live aggregates on a journal, and decisions over dynamic boundaries on the same journal.
///
/// Several runtimes may live in one process, and several may share one journal: every rule still
/// holds, because every append is conditional.
///
/// Dropping it aborts: what is not in the journal yet is given back or unknown to its callers.
/// Nothing that was acknowledged is lost. [`shutdown`](Runtime::shutdown) lets it finish first.
pub struct Runtime {
    shared: Arc<Shared>,
    kinds: Vec<(TypeId, Arc<dyn AnyKind>)>,
    floor: Arc<Floor>,
}

impl Runtime {
    /// Builds a runtime on `journal`.
    pub fn builder(journal: impl Journal) -> Builder {
        Builder::new(Arc::new(journal))
    }

    /// Builds a runtime on a journal that is shared with others.
    pub fn builder_shared(journal: Arc<dyn Journal>) -> Builder {
        Builder::new(journal)
    }

    /// Begins to work.
    pub(crate) fn new(
        shared: Arc<Shared>,
        kinds: Vec<(TypeId, Arc<dyn AnyKind>)>,
        decisions: Vec<TypeId>,
    ) -> Self {
        let all: Vec<_> = kinds.iter().map(|(_, kind)| kind.clone()).collect();
        let readers = Readers::of(&all);
        all.iter().enumerate().for_each(|(nth, kind)| kind.meet(&readers, nth));
        // From here on events may be appended, and others told of them.
        all.iter().for_each(|kind| kind.clone().start());
        let floor = Floor::new(shared.clone(), all, decisions, readers);
        Runtime { shared, kinds, floor }
    }

    /// All aggregates of type `A`.
    ///
    /// # Panics
    /// If `A` was not added when the runtime was built.
    #[track_caller]
    pub fn aggregates<A: Aggregate>(&self) -> Aggregates<A> {
        let found = self.kinds.iter().find(|(id, _)| *id == TypeId::of::<A>());
        let kind = found.and_then(|(_, kind)| kind.clone().as_any().downcast::<Kind<A>>().ok());
        match kind {
            Some(kind) => Aggregates::new(kind),
            None => panic!(
                "the runtime does not know the aggregate {name}: add `.aggregate::<{name}>()` \
                 where it is built",
                name = type_name::<A>(),
            ),
        }
    }

    /// How it is: whether the journal takes appends, what its clock does, which background tasks
    /// panicked. Asks nobody and waits for nothing: for the health check of a server.
    pub fn health(&self) -> RuntimeHealth {
        let Shared { time, tasks, .. } = &*self.shared;
        RuntimeHealth {
            journal: self.shared.health(),
            clock: time.health(),
            tasks: tasks.health(time.moment()),
        }
    }

    /// What runs decisions, to be shared and to be told options: time-out, correlation, principal.
    pub fn decisions(&self) -> Decisions {
        Decisions::new(self.floor.clone())
    }

    /// Runs a decision: as [`Decisions::decide`], without options. It was
    /// [added](Builder::decision) when the runtime was built.
    ///
    /// ```
    /// use bailiwick::{Context, Decision, Event, Last, MemoryJournal, Runtime};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
    /// struct PageTurned {
    ///     page: u64,
    /// }
    ///
    /// struct TurnPage;
    ///
    /// impl Decision for TurnPage {
    ///     type Views = Last<PageTurned>;
    ///     type Event = PageTurned;
    ///     type Reply = u64;
    ///     type Rejection = std::convert::Infallible;
    ///
    ///     fn keys(&self) {}
    ///
    ///     fn decide(
    ///         &self,
    ///         last: &Last<PageTurned>,
    ///         ctx: &mut Context<PageTurned>,
    ///     ) -> Result<u64, Self::Rejection> {
    ///         let page = last.event().map_or(1, |turned| turned.page + 1);
    ///         ctx.emit(PageTurned { page });
    ///         Ok(page)
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let builder = Runtime::builder(MemoryJournal::new()).decision::<TurnPage>();
    /// let runtime = builder.start().await?;
    /// assert_eq!(runtime.decide(TurnPage).await?, 1);
    /// assert_eq!(runtime.decide(TurnPage).await?, 2);
    ///
    /// let decisions = runtime.decisions().principal("ann");
    /// let receipt = decisions.decide_with_receipt(TurnPage).await?;
    /// assert_eq!((receipt.reply, receipt.position.get()), (3, 3));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Decisions::decide`].
    ///
    /// # Panics
    /// At the call, if `D` was not added when the runtime was built.
    ///
    /// # Cancel safety
    /// As [`Decisions::decide`].
    #[track_caller]
    pub fn decide<D: Decision>(
        &self,
        decision: D,
    ) -> impl Future<Output = Result<D::Reply, AskError<D, D::Rejection>>> + Send + use<D> {
        self.decisions().decide(decision)
    }

    /// How many commands and decisions there were in all, by outcome.
    pub fn counts(&self) -> Counts {
        let kinds = self.kinds.iter().map(|(_, kind)| kind.counts());
        kinds.fold(self.floor.counts(), |a, b| a + b)
    }

    /// Shuts down: refuses new work and lets accepted work finish, for at most `limit`. What
    /// exceeds it is given back, or unknown if it was already given to the journal.
    ///
    /// Afterwards the runtime has let go of its journal, whatever handles are left (references,
    /// [`Aggregates`], [`Decisions`], watches): they answer that the runtime is shut down. It waits for
    /// its own tasks to be polled a last time, but not beyond the limit: an executor that does not run
    /// then lets go later.
    ///
    /// # Cancel safety
    /// Dropping the future aborts, like dropping the runtime.
    pub async fn shutdown(self, limit: Duration) -> Shutdown {
        let before = self.counts();
        self.enter(Stage::Closing);
        let mut limit = pin!(self.shared.seams.clock.sleep(limit));
        let in_time = matches!(race(self.settled(), limit.as_mut()).await, Either::Left(()));
        self.enter(Stage::Closed);
        either(self.shared.tasks.ended(), async {
            if in_time {
                return limit.await;
            }
            for _ in 0..LAST_TURNS {
                yield_now().await;
            }
        })
        .await;
        let after = self.counts();
        let Counts { given_back, unknown, .. } = after;
        Shutdown {
            in_time,
            given_back: given_back - before.given_back,
            unknown: unknown - before.unknown,
        }
    }

    async fn settled(&self) {
        loop {
            // Before counting, so that what settles meanwhile is noticed.
            let settlement = self.shared.settlement().notified();
            if self.counts().open() == 0 {
                return;
            }
            settlement.await;
        }
    }

    fn enter(&self, stage: Stage) {
        self.shared.enter(stage);
        self.floor.meet(stage);
        self.kinds.iter().for_each(|(_, kind)| kind.sweep(stage));
        if stage == Stage::Closed {
            self.shared.permits.clear();
            self.shared.let_go();
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.shared.stage() != Stage::Closed {
            self.enter(Stage::Closed);
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Runtime({} aggregate types)", self.kinds.len())
    }
}

/// How a shutdown went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shutdown {
    /// Everything accepted had its outcome within the limit.
    pub in_time: bool,
    /// Commands that were given back meanwhile, certainly without an effect.
    pub given_back: u64,
    /// Commands that were being appended when the limit passed.
    pub unknown: u64,
}
