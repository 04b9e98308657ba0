//! The runtime: what a server embeds.

pub(crate) mod builder;
pub(crate) mod health;
#[cfg(feature = "metrics")]
mod metrics;
mod reads;
pub(crate) mod shutdown;
mod start;

use std::any::{TypeId, type_name};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::Journal;
use bailiwick_core::{Aggregate, Decision, ReactionKind, Timestamp};

use crate::aggregates::Aggregates;
use crate::config::Config;
use crate::context::counts::Counts;
use crate::context::{RuntimeContext, Stage};
use crate::decisions::{Decisions, Scheduler};
use crate::error::AskError;
use crate::journal::JournalHandle;
use crate::projections::{self, ProjectionHandle, Projections};
use crate::reactions::{self, Begun, Reactions, SendDecision, Targets};
use crate::registry::aggregate_type::{AggregateType, AnyAggregateType};
use crate::registry::news::Readers;
use crate::runtime::builder::Builder;
use crate::runtime::health::RuntimeHealth;
use crate::runtime::shutdown::{Ending, Parts};
use crate::snapshots::SnapshotCounts;

/// Live aggregates on a journal, and decisions over dynamic boundaries on the same journal.
///
/// Cheap to clone: all clones are one runtime, to be shared by whatever a server is made of.
///
/// Several runtimes may live in one process, and several may share one journal: every rule still
/// holds, because every append is conditional.
///
/// **The end.** [`shutdown`](Runtime::shutdown) lets what was accepted finish. Dropping the last clone
/// aborts instead: what is not in the journal yet is given back or unknown to its callers. Nothing that
/// was acknowledged is lost either way. What was got from a runtime ([`Aggregates`],
/// [references](crate::AggregateRef), [`Decisions`], [watches](crate::Watch), [`JournalHandle`]s, calls
/// under way) is no clone: it does not keep the runtime alive, and says that it is shut down once it is.
///
/// ```
/// # use std::time::Duration;
/// # use bailiwick::{MemoryJournal, Runtime};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = Runtime::builder(MemoryJournal::new()).start().await?;
/// let of_the_server = runtime.clone();
/// assert!(runtime.shutdown(Duration::from_secs(5)).await.in_time);
/// assert!(!of_the_server.health().journal.is_open());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Runtime(Arc<Open>);

/// An open runtime. The last one who holds it closes it.
struct Open(Arc<Parts>);

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
        shared: Arc<RuntimeContext>,
        kinds: Vec<(TypeId, Arc<dyn AnyAggregateType>)>,
        decisions: Vec<(TypeId, SendDecision)>,
        begun: Vec<Begun>,
        projections: Arc<[Arc<projections::Running>]>,
    ) -> Self {
        let all: Vec<_> = kinds.iter().map(|(_, kind)| kind.clone()).collect();
        let readers = Readers::of(&all);
        all.iter().enumerate().for_each(|(nth, kind)| kind.meet(&readers, nth));
        // From here on events may be appended, and others told of them.
        all.iter().for_each(|kind| kind.clone().start());
        let known = decisions.iter().map(|(id, _)| *id).collect();
        let scheduler = Scheduler::new(shared.clone(), all, known, readers);
        let targets = Targets::new(&kinds, decisions, scheduler.clone());
        let reactions = reactions::run(&shared, targets, begun);
        projections::run(&shared, &projections);
        let ending = Ending::default();
        let parts = Parts { shared, kinds, scheduler, reactions, projections, ending };
        Runtime(Arc::new(Open(Arc::new(parts))))
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0.0
    }

    pub(crate) fn shared(&self) -> &Arc<RuntimeContext> {
        &self.parts().shared
    }

    /// All aggregates of type `A`.
    ///
    /// # Panics
    /// If `A` was not added when the runtime was built.
    #[track_caller]
    pub fn aggregates<A: Aggregate>(&self) -> Aggregates<A> {
        let found = self.parts().kinds.iter().find(|(id, _)| *id == TypeId::of::<A>());
        let kind =
            found.and_then(|(_, kind)| kind.clone().as_any().downcast::<AggregateType<A>>().ok());
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
        let shared = self.shared();
        RuntimeHealth {
            journal: shared.health(),
            draining: shared.is_draining() || shared.stage() != Stage::Open,
            clock: shared.time.health(),
            tasks: shared.tasks.health(shared.time.moment()),
            reactions: self.parts().reactions.iter().filter_map(|one| one.health()).collect(),
            projections: self.parts().projections.iter().filter_map(|one| one.health()).collect(),
        }
    }

    /// Its bounds and times.
    pub fn config(&self) -> &Config {
        &self.shared().config
    }

    /// The time of the runtime, which is the `now` of its decisions. It never goes back.
    pub fn now(&self) -> Timestamp {
        self.shared().now()
    }

    /// The journal, to be read, and to be appended to, beside the runtime. It is there for as long as the
    /// runtime is open: see [`JournalHandle`].
    pub fn journal(&self) -> JournalHandle {
        JournalHandle { shared: self.shared().clone() }
    }

    /// The policies: how far they have come, what stands still, and what to do about it.
    pub fn policies(&self) -> Reactions {
        Reactions::new(self.parts().reactions.clone(), ReactionKind::Policy)
    }

    /// The effects: how far they have come, what stands still, and what to do about it.
    pub fn effects(&self) -> Reactions {
        Reactions::new(self.parts().reactions.clone(), ReactionKind::Effect)
    }

    /// The projection with this name: how it is, and waiting until it has come to a position.
    ///
    /// For an example see [`Projections`].
    ///
    /// # Panics
    /// If none with this name was [added](Builder::projection) when the runtime was built.
    /// [`Projections::get`] does not.
    #[track_caller]
    pub fn projection(&self, name: &str) -> ProjectionHandle {
        let found = self.projections().get(name);
        found.unwrap_or_else(|| {
            panic!(
                "the runtime does not know the projection {name:?}: add it with `.projection(..)` where it is \
                 built",
            )
        })
    }

    /// The projections: how each is, and how far it has come.
    pub fn projections(&self) -> Projections {
        Projections::new(self.parts().projections.clone())
    }

    /// What runs decisions, to be shared and to be told options: time-out, correlation, principal.
    pub fn decisions(&self) -> Decisions {
        Decisions::new(self.parts().scheduler.clone())
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
        self.parts().counts()
    }

    /// The first step of the end of a server: ends what never ends by itself, so that the requests that serve
    /// it end, and a listener that waits for them does.
    ///
    /// A server stops from the outside in: its listener first, then its requests, then the runtime that
    /// they need. But a stream of server-sent events is a request that lasts as long as its
    /// [subscription](crate::Subscription), and that as long as the runtime: who waits for the requests first
    /// waits for ever. So call this with the signal that ends the server, before anything is waited for:
    ///
    /// - [Subscriptions](crate::Subscription) and [watches](crate::Watch) end, once they have given what they
    ///   have read already, and new ones are refused ([`SubscribeError::ShutDown`](crate::SubscribeError));
    ///   a client goes on from its [cursor](crate::Subscription::cursor) elsewhere.
    /// - [`health`](Self::health) says so (`draining`), for the load balancer.
    /// - **Everything else goes on**: commands, decisions, reads, histories, deadlines, policies, effects. The
    ///   requests that are being answered need them. [`shutdown`](Self::shutdown) refuses them.
    ///
    /// Waits for nothing; called again it changes nothing, and it is not undone.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
    /// use bailiwick::Since;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
    /// # let runtime = builder.start().await?;
    /// let account = runtime.aggregates::<AccountSessions>().get("acc-1");
    /// let mut events = account.watch(Since::Now).await?;
    /// runtime.drain(); // In a server: `.with_graceful_shutdown(async move { signal.await; runtime.drain() })`.
    /// assert!(events.next().await.is_none());
    /// account.ask(Acquire("tv".into())).await?; // A request that was under way.
    /// assert!(runtime.shutdown(Duration::from_secs(5)).await.in_time);
    /// # Ok(())
    /// # }
    /// ```
    pub fn drain(&self) {
        self.shared().drain();
    }

    /// What became of snapshots since it was started; all zero if it was given no store for them.
    pub fn snapshots(&self) -> SnapshotCounts {
        let snapshots = self.shared().snapshots.as_ref();
        snapshots.map(|keeper| keeper.counters.read()).unwrap_or_default()
    }

    /// Shuts down: refuses new work and lets accepted work finish, calls of effects too, for at most `limit`. What
    /// exceeds it is given back, or unknown if it was already given to the journal.
    ///
    /// Afterwards the runtime has let go of its journal, whatever is left of it (clones, references,
    /// [`Aggregates`], [`Decisions`], watches, [`JournalHandle`]s): they answer that the runtime is shut
    /// down. It waits for its own tasks to be polled a last time, but not beyond the limit: an executor
    /// that does not run then lets go later.
    ///
    /// There is one end, however often it is asked for, by whichever clones: all wait for it, until the
    /// earliest of their limits, and are told the same; who asks afterwards is told at once. So
    /// `shutdown(Duration::ZERO)` ends one that takes too long.
    ///
    /// It may be asked for by what the runtime itself runs: a journal, or what a decision or a read does
    /// aside. Who makes work of the runtime *wait* for it, though, waits until the limit: it is waited
    /// for.
    ///
    /// # Cancel safety
    /// Does nothing before it is first polled. From then on dropping the future ends the waiting and
    /// nothing else: new work stays refused, what was accepted goes on, and the runtime is closed when
    /// that is over or the limit has passed, by a task of its spawner. The last clone that is dropped
    /// aborts, then too; the future counts as one.
    pub fn shutdown(&self, limit: Duration) -> impl Future<Output = Shutdown> + Send + use<> {
        let runtime = self.clone();
        async move { runtime.0.0.shut_down(limit).await }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close(false);
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Runtime({} aggregate types)", self.parts().kinds.len())
    }
}

/// How a shutdown went, from when it was first asked for until it was over: the same for all who asked.
///
/// For an example see [`Runtime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shutdown {
    /// Everything accepted had its outcome within the limit.
    pub in_time: bool,
    /// Commands that were given back meanwhile, certainly without an effect.
    pub returned: u64,
    /// Commands that may be in the journal: they were being appended when the limit passed, or nobody
    /// could say of them what they came to, because the executor does not run.
    pub unknown: u64,
    /// Projections whose stores have not been let go of: their databases have not answered within the limit. Such a
    /// thread ends, and its transaction with it, when the database answers.
    pub stores_held: usize,
}
