//! What a runtime is made of, and what its journal holds, said before it starts: nothing here looks at the journal.

use std::any::{TypeId, type_name};
use std::sync::Arc;

use bailiwick_core::journal::Journal;
use bailiwick_core::{
    Aggregate, Decision, Effect, Event, Policy, Position, Projection, ProjectionStore,
    SnapshotStore, View,
};

use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::context::RuntimeContext;
use crate::environment::clock::{Clock, SystemClock};
use crate::environment::{Entropy, Spawn, SystemEntropy};
use crate::projections::Declared;
use crate::reactions::{Reaction, SendDecision, send_decision};
use crate::registry::aggregate_type::{AggregateType, AnyAggregateType};
use crate::startup::error::StartError;
use crate::startup::schema::Names;

/// Builds a [`Runtime`](crate::Runtime).
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
    pub(super) journal: Arc<dyn Journal>,
    pub(super) config: Config,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) spawner: Option<Arc<dyn Spawn>>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) allow_ahead: bool,
    pub(super) reopens: bool,
    pub(super) snapshots: Option<Arc<dyn SnapshotStore>>,
    pub(super) snapshots_agree: bool,
    pub(super) types: Vec<(TypeId, MakeType)>,
    pub(super) decisions: Vec<(TypeId, SendDecision)>,
    pub(super) reactions: Vec<Reaction>,
    pub(super) projections: Vec<Declared>,
    /// The names of decisions that are pinned, and the Rust types that have them.
    pub(super) pinned: Vec<(&'static str, &'static str)>,
    pub(super) names: Names,
    #[cfg(feature = "metrics")]
    pub(super) metrics: Option<crate::metrics::Labels>,
    #[cfg(feature = "fault-injection")]
    pub(super) sabotage: Option<crate::sabotage::Sabotage>,
}

/// Makes what all aggregates of a type share.
type MakeType = fn(Arc<RuntimeContext>) -> Arc<dyn AnyAggregateType>;

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
        if self.types.iter().all(|(known, _)| *known != id) {
            self.names.aggregate::<A>();
            self.types.push((id, |shared| AggregateType::<A>::new(shared)));
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
        self.names.ignored.effects.extend(names.into_iter().map(Into::into));
        self
    }

    /// Says that policies with these `NAME`s, which were started on the journal, are another program's,
    /// or gone for good.
    pub fn ignores_policies(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names.ignored.policies.extend(names.into_iter().map(Into::into));
        self
    }

    /// Says that `V` is folded from the journal, by [`Runtime::read`](crate::Runtime::read) or by whoever it is: the runtime
    /// does not start if it reads an event type that nobody emits and the journal has never seen, or
    /// would miss or misread what is there. The views of a [`decision`](Self::decision) are known from
    /// there.
    pub fn reads<V: View>(mut self) -> Self {
        self.names.view::<V>();
        self
    }

    /// Says that these events are [subscribed to](crate::Runtime::subscribe): the runtime does not start if one of
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
        self.names.ignored.events.extend(names.into_iter().map(Into::into));
        self
    }

    /// Says that aggregates with these `NAME`s are another program's, or gone, although they decided
    /// events of types that an aggregate here reads.
    pub fn ignores_aggregates(
        mut self,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.names.ignored.aggregates.extend(names.into_iter().map(Into::into));
        self
    }

    /// Says that nothing here is found by tags with these keys, and that none of them is the old
    /// key of an ID.
    pub fn ignores_keys(mut self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names.ignored.keys.extend(keys.into_iter().map(Into::into));
        self
    }

    /// Says that what has these tags, as in `course:c1`, is out of reach: their values are no IDs any
    /// more. Their deadlines do not fire.
    pub fn ignores_ids(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names.ignored.ids.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Starts although the events at these positions cannot be decoded. Whoever reads one of them is
    /// told so: its aggregate cannot be loaded.
    pub fn allow_unreadable(mut self, positions: impl IntoIterator<Item = Position>) -> Self {
        self.names.ignored.unreadable.extend(positions);
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
    /// then ends then. Needed for as long as it lies ahead; [`Runtime::health`](crate::Runtime::health) says so.
    pub fn allow_journal_ahead(mut self) -> Self {
        self.allow_ahead = true;
        self
    }

    /// Opens the journal again by itself after it has closed itself for writing: at once, and then
    /// after a back-off ([`reopen_backoff`](Config::reopen_backoff)). Else that is up to whoever
    /// looks at [`Runtime::health`](crate::Runtime::health), or restarts the process.
    pub fn reopen_journal(mut self) -> Self {
        self.reopens = true;
        self
    }

    /// Tells the recorder that is installed when it starts how long things take, as it happens. What is
    /// counted is told by [`Runtime::record_metrics`](crate::Runtime::record_metrics). See the module [`metrics`](mod@crate::metrics), which has
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
        self.check_names()?;
        self.names.catalogue()
    }
}
