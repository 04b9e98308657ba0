//! Starting a runtime: what it is made of, and what is refused before anything runs.

use std::any::{TypeId, type_name};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::Journal;
use bailiwick_core::{
    Aggregate, Decision, Effect, ErrorReport, Event, Policy, Position, Projection, ProjectionStore,
    SnapshotStore, View,
};
use tokio::runtime::Handle;

use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::context::RuntimeContext;
use crate::context::unpolled;
use crate::environment::clock::{Clock, SystemClock};
use crate::environment::{Entropy, Environment, Spawn, SystemEntropy};
use crate::error::panic_message;
use crate::journal::port::{self, Guarded};
use crate::projections::{self, Declared};
use crate::reactions::{self, Reaction, SendDecision, send_decision};
use crate::registry::aggregate_type::{AggregateType, AnyAggregateType};
use crate::runtime::Runtime;
use crate::snapshots::{self, Keeper};
use crate::startup::error::StartError;
use crate::startup::scan::recover;
use crate::startup::schema::{Names, Schema};

/// Builds a [`Runtime`].
///
/// Everything that reads or writes the journal is said here, so that a start finds what would be
/// passed over or misread because a name has changed, or because it is somebody else's. What is said
/// where:
///
/// | in the journal | what to say |
/// |---|---|
/// | events of an aggregate | [`aggregate`](Self::aggregate) |
/// | what a decision emits and its views read | [`decision`](Self::decision) |
/// | what a policy wants and its views read | [`policy`](Self::policy) |
/// | what a policy of another program, or one that is gone, recorded of itself | [`ignores_policies`](Self::ignores_policies) |
/// | what an effect wants and its views read | [`effect`](Self::effect) |
/// | what an effect of another program, or one that is gone, recorded of itself | [`ignores_effects`](Self::ignores_effects) |
/// | what a projection folds | [`projection`](Self::projection) |
/// | what a view reads that is folded by other means | [`reads`](Self::reads) |
/// | what is subscribed to, and known from nowhere else | [`subscribes`](Self::subscribes) |
/// | what another program emits and somebody here reads | [`emits`](Self::emits) |
/// | what another program emits and nobody here reads | [`ignores_events`](Self::ignores_events) |
/// | an aggregate of another program, which emits what an aggregate here reads | [`ignores_aggregates`](Self::ignores_aggregates) |
/// | tags by which nobody here finds anything | [`ignores_keys`](Self::ignores_keys) |
/// | a text that is no ID any more, for good | [`ignores_ids`](Self::ignores_ids) |
/// | an event that cannot be decoded, for good | [`allow_unreadable`](Self::allow_unreadable) |
/// | an event type that was renamed, or is gone | `#[event(was = "Old")]`, `#[event(retired("Old"))]`: see [`Event`] |
/// | an ID whose key was renamed | `id!(CourseId: "course" was "kurs")`: see [`Id::WAS`](bailiwick_core::Id::WAS) |
/// | an aggregate whose `NAME` was changed | [`Aggregate::WAS`] |
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = Runtime::builder(MemoryJournal::new())
///     .aggregate::<AccountSessions>()
///     .ignores_events(["InvoiceSent"]) // Another program writes that.
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Builder {
    journal: Arc<dyn Journal>,
    config: Config,
    clock: Arc<dyn Clock>,
    spawner: Option<Arc<dyn Spawn>>,
    entropy: Arc<dyn Entropy>,
    allow_ahead: bool,
    reopens: bool,
    snapshots: Option<Arc<dyn SnapshotStore>>,
    snapshots_agree: bool,
    types: Vec<Registration>,
    decisions: Vec<(TypeId, SendDecision)>,
    reactions: Vec<Reaction>,
    projections: Vec<Declared>,
    /// The names of decisions that are pinned, and the Rust types that have them.
    pinned: Vec<(&'static str, &'static str)>,
    names: Names,
    #[cfg(feature = "metrics")]
    metrics: Option<crate::metrics::Labels>,
    #[cfg(feature = "fault-injection")]
    sabotage: Option<crate::sabotage::Sabotage>,
}

struct Registration {
    id: TypeId,
    make: fn(Arc<RuntimeContext>) -> Arc<dyn AnyAggregateType>,
}

impl Builder {
    pub(crate) fn new(journal: Arc<dyn Journal>) -> Self {
        Builder {
            journal,
            config: Config::new(),
            clock: Arc::new(SystemClock::new()),
            spawner: None,
            entropy: Arc::new(SystemEntropy),
            allow_ahead: false,
            reopens: false,
            snapshots: None,
            snapshots_agree: false,
            types: Vec::new(),
            decisions: Vec::new(),
            reactions: Vec::new(),
            projections: Vec::new(),
            pinned: Vec::new(),
            names: Names::default(),
            #[cfg(feature = "metrics")]
            metrics: None,
            #[cfg(feature = "fault-injection")]
            sabotage: None,
        }
    }

    /// Adds an aggregate type. Adding it again changes nothing.
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        let id = TypeId::of::<A>();
        if self.types.iter().all(|known| known.id != id) {
            self.names.aggregate::<A>();
            self.types.push(Registration { id, make: |shared| AggregateType::<A>::new(shared) });
        }
        self
    }

    /// Adds a decision: what it emits, and what its views read, is checked against the journal when
    /// the runtime starts. One that was not added cannot be run. Adding it again changes nothing.
    pub fn decision<D: Decision>(mut self) -> Self {
        let id = TypeId::of::<D>();
        if self.decisions.iter().all(|(known, _)| *known != id) {
            self.decisions.push((id, send_decision::<D>));
            self.pinned.extend(D::COMMAND.map(|name| (name, type_name::<D>())));
            self.names.decision::<D>();
        }
        self
    }

    /// Adds a policy: it runs from the start of the runtime on, and goes on where it was. Its news and
    /// views are checked against the journal when the runtime starts. What it sends to has to be added
    /// too, with [`aggregate`](Self::aggregate) and [`decision`](Self::decision).
    pub fn policy<P: Policy<Event: Sync>>(self, policy: P) -> Self {
        self.reaction(Reaction::policy(policy))
    }

    /// Adds an effect: it runs from the start of the runtime on, and goes on where it was. Its news and views
    /// are checked against the journal when the runtime starts. What its attempts look at
    /// ([`Attempt::latest`](bailiwick_core::Attempt::latest)) has to be known too: as one of its views, an
    /// aggregate, a view of a decision, or with [`reads`](Self::reads).
    ///
    /// ```
    /// # use bailiwick::{
    /// #     Aggregate, Attempt, Context, Effect, Event, Failed, Lane, MemoryJournal, MockService, News,
    /// #     Runtime, Start, Timestamp, View, commands, id,
    /// # };
    /// # use serde::{Deserialize, Serialize};
    /// # id!(OrderId: "order");
    /// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
    /// # struct OrderPaid { mail: String }
    /// # struct Order;
    /// # impl View for Order {
    /// #     type Key = OrderId;
    /// #     type Event = OrderPaid;
    /// #     fn new(_: &OrderId) -> Self { Order }
    /// #     fn apply(&mut self, _: &OrderPaid, _: Timestamp) {}
    /// # }
    /// # impl Aggregate for Order { const NAME: &'static str = "order"; }
    /// # struct Pay;
    /// # #[commands]
    /// # impl Order {
    /// #     fn pay(&self, _: &Pay, ctx: &mut Context<OrderPaid>) -> Result<(), std::convert::Infallible> {
    /// #         ctx.emit(OrderPaid { mail: "ann@example.org".into() });
    /// #         Ok(())
    /// #     }
    /// # }
    /// /// Thanks whoever has paid.
    /// struct Thank {
    ///     mails: MockService<String>, // In a server, a client of the mail service.
    /// }
    ///
    /// impl Effect for Thank {
    ///     const NAME: &'static str = "thank";
    ///     const LANE: Lane = Lane::of::<OrderId>();
    ///     const START: Start = Start::Now; // Nobody is thanked for what was before.
    ///     type Event = OrderPaid;
    ///     type Views = ();
    ///
    ///     fn keys(&self, _: &News<OrderPaid>) {}
    ///
    ///     async fn perform(
    ///         &self,
    ///         news: &News<OrderPaid>,
    ///         _: (),
    ///         attempt: &Attempt<'_>,
    ///     ) -> Result<(), Failed> {
    ///         self.mails.call(attempt.key(), news.event.mail.clone()).await
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mails = MockService::new();
    /// let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Order>();
    /// let runtime = builder.effect(Thank { mails: mails.clone() }).start().await?;
    /// runtime.aggregates::<Order>().get("o1").ask(Pay).await?;
    ///
    /// let thank = runtime.effects().get("thank").expect("it was added");
    /// while thank.status().counts.performed == 0 {
    ///     tokio::task::yield_now().await;
    /// }
    /// assert_eq!(mails.inputs(), ["ann@example.org"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn effect<F: Effect<Event: Sync>>(self, effect: F) -> Self {
        self.reaction(Reaction::effect(effect))
    }

    fn reaction(mut self, reaction: Reaction) -> Self {
        self.names.reaction(reaction.declares);
        self.reactions.push(reaction);
        self
    }

    /// Adds a projection, with the database that has its rows: it runs from the start of the runtime on, and goes on
    /// where it was. Its events are checked against the journal when the runtime starts; its database is not looked at
    /// before the runtime runs, so one that is gone holds up nothing else.
    ///
    /// The store has a thread of its own, and may block it.
    ///
    /// For an example see [`Projections`](crate::Projections).
    pub fn projection<P: Projection>(
        mut self,
        projection: P,
        store: impl ProjectionStore<P>,
    ) -> Self {
        self.names.projection::<P>();
        self.projections.push(Declared::new(projection, store));
        self
    }

    /// Says that effects with these `NAME`s, which were started on the journal, are another program's, or
    /// gone for good.
    pub fn ignores_effects(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names.ignored().effects.extend(names.into_iter().map(Into::into));
        self
    }

    /// Says that policies with these `NAME`s, which were started on the journal, are another program's,
    /// or gone for good.
    pub fn ignores_policies(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names.ignored().policies.extend(names.into_iter().map(Into::into));
        self
    }

    /// Says that `V` is folded from the journal, by [`Runtime::read`] or by whoever it is: the runtime
    /// does not start if it reads an event type that nobody emits and the journal has never seen, or
    /// would miss or misread what is there. The views of a [`decision`](Self::decision) are known from
    /// there.
    pub fn reads<V: View>(mut self) -> Self {
        self.names.view::<V>();
        self
    }

    /// Says that these events are [subscribed to](Runtime::subscribe): the runtime does not start if one of
    /// their types is emitted by nobody and the journal has never seen it, or if the journal has what cannot
    /// be read as one. Those that an aggregate, a decision, a policy, an effect or a view here emits or reads
    /// are known from there.
    pub fn subscribes<E: Event>(mut self) -> Self {
        self.names.subscriber::<E>();
        self
    }

    /// Says that these events are written to the journal by something else than the aggregates
    /// and decisions here: another program, for example.
    pub fn emits<E: Event>(mut self) -> Self {
        self.names.emitter::<E>();
        self
    }

    /// Says that events of these types in the journal are somebody else's: another program's, or
    /// those of a part that is gone for good. They are passed over. Without it the runtime does not
    /// start on a type that it does not know.
    pub fn ignores_events(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names.ignored().events.extend(names.into_iter().map(Into::into));
        self
    }

    /// Says that aggregates with these `NAME`s are another program's, or gone, although they decided
    /// events of types that an aggregate here reads.
    pub fn ignores_aggregates(
        mut self,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.names.ignored().aggregates.extend(names.into_iter().map(Into::into));
        self
    }

    /// Says that nothing here is found by tags with these keys, and that none of them is the old
    /// key of an ID.
    pub fn ignores_keys(mut self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names.ignored().keys.extend(keys.into_iter().map(Into::into));
        self
    }

    /// Says that what has these tags, as in `course:c1`, is out of reach: their values are no IDs any
    /// more. Their deadlines do not fire.
    pub fn ignores_ids(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names.ignored().ids.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Starts although the events at these positions cannot be decoded. Whoever reads one of them is
    /// told so: its aggregate cannot be loaded.
    pub fn allow_unreadable(mut self, positions: impl IntoIterator<Item = Position>) -> Self {
        self.names.ignored().unreadable.extend(positions);
        self
    }

    /// Changes the bounds: `.config(|config| config.timeout(Duration::from_secs(1)).attempts(100))`.
    /// [`Config`] has all of them in a table.
    pub fn config(mut self, change: impl FnOnce(Config) -> Config) -> Self {
        self.config = change(self.config);
        self
    }

    /// Takes the time from `clock` instead of the [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Runs its tasks on `spawner` instead of the tokio runtime in which it is started. Whether the
    /// clock can sleep there is checked by [`Spawn::within`], if the spawner has that.
    pub fn spawner(mut self, spawner: impl Spawn) -> Self {
        self.spawner = Some(Arc::new(spawner));
        self
    }

    /// Takes random numbers from `entropy` instead of the operating system.
    pub fn entropy(mut self, entropy: impl Entropy) -> Self {
        self.entropy = Arc::new(entropy);
        self
    }

    /// Starts although something in the journal was recorded further ahead of the clock than
    /// [`journal_ahead`](Config::journal_ahead): the way out for a journal with a bad time, after a
    /// wrong clock.
    ///
    /// What lies ahead is then ignored: `now` begins at what the clock shows, or at the latest recorded
    /// time that does not lie too far ahead. So what is recorded next has an earlier time than events
    /// before it: the order of events is that of their positions, and nothing in a runtime rests on
    /// their times. What domain code computes from a bad time stays as it is: a lease that was granted
    /// then ends then. Needed for as long as it lies ahead; [`Runtime::health`] says so.
    pub fn allow_journal_ahead(mut self) -> Self {
        self.allow_ahead = true;
        self
    }

    /// Opens the journal again by itself after it has closed itself for writing: at once, and then
    /// after a back-off ([`reopen_backoff`](Config::reopen_backoff)). Else that is up to whoever
    /// looks at [`Runtime::health`], or restarts the process.
    pub fn reopen_journal(mut self) -> Self {
        self.reopens = true;
        self
    }

    /// Tells the recorder that is installed when it starts how long things take, as it happens. What is
    /// counted is told by [`Runtime::record_metrics`]. See the module [`metrics`](mod@crate::metrics), which has
    /// all of them in a table. With the feature `metrics`.
    #[cfg(feature = "metrics")]
    pub fn metrics(mut self) -> Self {
        self.metrics.get_or_insert_default();
        self
    }

    /// As [`metrics`](Self::metrics), and all of them have the label `runtime` with this name: where there
    /// are several runtimes in a process, for each tenant one, say. With the feature `metrics`.
    #[cfg(feature = "metrics")]
    pub fn metrics_as(mut self, name: &str) -> Self {
        self.metrics = Some(crate::metrics::Labels::of(name));
        self
    }

    /// Keeps the states of views that have [snapshots](View::SNAPSHOTS) in this store, and goes on from there
    /// when they are loaded. All of it is derived: the store may be slow, fail, or be deleted at any time,
    /// also while the runtime runs, and costs time and nothing else. Several runtimes on one journal may share
    /// one.
    ///
    /// A store that has the snapshots of another journal refuses the start
    /// ([`StartError::SnapshotsOfAnotherJournal`]); one that does not work does not: it is not used then, which
    /// the log says.
    pub fn snapshots(self, store: impl SnapshotStore) -> Self {
        self.snapshots_shared(Arc::new(store))
    }

    /// As [`snapshots`](Self::snapshots), with a store that is shared with others.
    pub fn snapshots_shared(mut self, store: Arc<dyn SnapshotStore>) -> Self {
        self.snapshots = Some(store);
        self
    }

    /// For tests: each snapshot is compared with what its events fold to before it is used, and one that is
    /// something else is an error of whoever would go on from it, which says what to do. So a version that
    /// nobody has raised fails the test.
    pub fn snapshots_must_agree(mut self) -> Self {
        self.snapshots_agree = true;
        self
    }

    /// Switches on a bug, to see that a test finds it.
    #[cfg(feature = "fault-injection")]
    pub fn sabotage(mut self, sabotage: Option<crate::sabotage::Sabotage>) -> Self {
        self.sabotage = sabotage;
        self
    }

    /// What is stored by all that was added, and who emits and reads it: to be printed, and
    /// [compared with a file](Catalogue::assert_file) that is reviewed when it changes. Nothing is started,
    /// and the journal is not looked at: any will do.
    ///
    /// For an example see [`Catalogue`].
    ///
    /// # Errors
    /// If the names contradict each other, as a start would say it: see [`StartError`].
    pub fn catalogue(&self) -> Result<Catalogue, StartError> {
        self.check_pinned()?;
        check_projections(&self.projections)?;
        self.names.catalogue()
    }

    /// Names of decisions, policies and effects are those of one Rust type each.
    fn check_pinned(&self) -> Result<(), StartError> {
        if let Some((name, first, second)) = taken_twice(self.pinned.iter().copied()) {
            return Err(StartError::CommandTaken { name, first, second });
        }
        let named = self.reactions.iter().map(|reaction| &reaction.declares);
        let named = named.map(|declares| (declares.name, declares.rust_type));
        match taken_twice(named) {
            Some((name, first, second)) => Err(StartError::ReactionTaken { name, first, second }),
            None => Ok(()),
        }
    }

    /// Starts: checks the names, reads the journal once for the deadlines and for what this program
    /// would pass over or misread, and arms the deadlines before the first command is served.
    ///
    /// Deadlines that are not known from what stands beside the events (they were recorded by another
    /// [`DEADLINE_VERSION`](Aggregate::DEADLINE_VERSION), or the last event is of somebody who did not
    /// know them) are judged anew in the background, by reading the journal once more for many of
    /// them. Until that is done they do not fire by themselves: late by what the reading takes, never
    /// early, none forgotten. A command or a read expires what is due, as ever.
    ///
    /// # Errors
    /// See [`StartError`]. Nothing runs then.
    pub async fn start(self) -> Result<Runtime, StartError> {
        self.check_pinned()?;
        check_projections(&self.projections)?;
        self.config.check().map_err(StartError::Config)?;
        let (views, event_types) = (self.names.views(), self.names.event_types());
        let schema = Schema::new(self.names)?;
        let spawner = match self.spawner {
            Some(spawner) => spawner,
            None => Arc::new(Handle::try_current().map_err(|_| StartError::NoExecutor)?),
        };
        check_timers(&*spawner, &*self.clock)?;
        let environment = Environment { clock: self.clock, spawner, entropy: self.entropy };
        let journal = self.journal;
        let snapshots = match self.snapshots {
            Some(store) => claim(&*store, &*journal)
                .await?
                .then(|| Keeper::new(store, self.snapshots_agree, self.config.unsaved_snapshots)),
            None => None,
        };
        let shared =
            RuntimeContext::new(journal.clone(), environment, self.config, views, event_types);
        #[cfg(feature = "metrics")]
        let shared = {
            if self.metrics.is_some() {
                crate::metrics::describe_all();
            }
            shared.with_metrics(self.metrics)
        };
        let shared = shared.with_snapshots(snapshots);
        #[cfg(feature = "fault-injection")]
        let shared = shared.with_sabotage(self.sabotage);
        let shared = Arc::new(shared);
        catch_up_with_journal(&shared, &*journal, self.allow_ahead).await?;
        let kinds: Vec<(TypeId, Arc<dyn AnyAggregateType>)> =
            self.types.iter().map(|known| (known.id, (known.make)(shared.clone()))).collect();
        let all = kinds.iter().map(|(_, kind)| kind);
        recover(&shared, &*journal, all, schema).await?;
        let begun = reactions::begin(&shared, &*journal, self.reactions).await?;
        let projections = projections::begin(&shared, self.projections)?;
        let for_clock = shared.clone();
        shared.keep("clock", move || Box::pin(crate::environment::time::run(for_clock.clone())));
        let of = shared.clone();
        shared.keep("unpolled answers", move || unpolled::run(of.clone()));
        if let Some(keeper) = &shared.snapshots {
            let (keeper, of) = (keeper.clone(), shared.clone());
            shared.keep("snapshots", move || snapshots::run(keeper.clone(), of.clone()));
        }
        if self.reopens {
            let for_reopening = shared.clone();
            shared.keep("reopening of the journal", move || {
                Box::pin(crate::journal::reopening::run(for_reopening.clone()))
            });
        }
        Ok(Runtime::new(shared, kinds, self.decisions, begun, projections))
    }
}

fn check_projections(declared: &[Declared]) -> Result<(), StartError> {
    let named = declared.iter().map(|declared| (declared.name, declared.rust_type));
    if let Some((_, rust_type)) = named.clone().find(|(name, _)| name.is_empty()) {
        return Err(StartError::ProjectionName { rust_type });
    }
    match taken_twice(named) {
        Some((name, first, second)) => Err(StartError::ProjectionTaken { name, first, second }),
        None => Ok(()),
    }
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

/// A name that two types have, and the two.
fn taken_twice(
    types: impl Iterator<Item = (&'static str, &'static str)>,
) -> Option<(&'static str, &'static str, &'static str)> {
    let mut names = HashMap::new();
    for (name, rust_type) in types {
        if let Some(first) = names.insert(name, rust_type) {
            return Some((name, first, rust_type));
        }
    }
    None
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
    spawner.within(&mut || {
        let sleeps = || drop(clock.sleep(Duration::ZERO));
        slept = catch_unwind(AssertUnwindSafe(sleeps)).map_err(|panic| panic_message(&*panic));
    });
    slept.map_err(|message| StartError::NoTimers { message })
}
