//! What application code holds: all aggregates of one type, and a reference to one of them.

pub(crate) mod ask;
mod command;
mod idempotency;
mod read;

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bailiwick_core::{Aggregate, Decide, IntoId, InvalidTag, Position, Text, Timestamp};

use crate::aggregates::ask::Asking;
use crate::aggregates::read::read;
use crate::cell::{Attending, Cell, NotAdmitted};
use crate::context::counts::Counts;
use crate::error::{AskError, ReadError};
use crate::options::{Admission, Keyed, Options, Unkeyed};
use crate::registry::aggregate_type::AggregateType;
use crate::request::Receipt;
use crate::util::seen::Seen;

/// All aggregates of one type in one runtime. Cheap to clone; share it freely.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
/// # let runtime = builder.start().await?;
///
/// let accounts = runtime.aggregates::<AccountSessions>();
/// accounts.get("acc-1").ask(Acquire("tv".into())).await?;
/// assert_eq!(accounts.in_memory(), ["acc-1".into()]);
/// assert_eq!((accounts.counts().replied, accounts.deadlines_armed()), (1, 1));
/// # Ok(())
/// # }
/// ```
pub struct Aggregates<A: Aggregate> {
    pub(crate) kind: Arc<AggregateType<A>>,
    /// How many a page of its lists has, and how long one may take.
    pub(crate) page: NonZeroUsize,
    pub(crate) page_timeout: Duration,
}

impl<A: Aggregate> Aggregates<A> {
    pub(crate) fn new(kind: Arc<AggregateType<A>>) -> Self {
        let config = &kind.shared.config;
        Aggregates { page: config.page(), page_timeout: config.timeout, kind }
    }

    /// How many the pages of [`ids`](Self::ids) and [`deadlines`](Self::deadlines) have at most:
    /// [`page_events`](crate::Config::page_events) unless told otherwise, and never more than that. Zero
    /// counts as one.
    #[must_use]
    pub fn limit(&self, limit: usize) -> Self {
        let limit = NonZeroUsize::new(limit).unwrap_or(NonZeroUsize::MIN);
        Aggregates { page: limit.min(self.kind.shared.config.page()), ..self.clone() }
    }

    /// How long [`ids`](Self::ids) waits for the journal: [`Config::timeout`](crate::Config::timeout) unless
    /// told otherwise. Of a call of one aggregate see [`AggregateRef::timeout`].
    #[must_use]
    pub fn timeout(&self, timeout: Duration) -> Self {
        Aggregates { page_timeout: timeout, ..self.clone() }
    }

    /// A reference to the aggregate with this ID. Costs nothing, does nothing, never goes stale.
    pub fn get(&self, id: impl IntoId<A::Key>) -> AggregateRef<A> {
        AggregateRef {
            target: Arc::new(Target::new(self.kind.clone(), id.into_id())),
            options: Options::new(&self.kind.shared.config),
            key: Unkeyed(()),
        }
    }

    /// The IDs of the aggregates that are in memory just now, in order.
    pub fn in_memory(&self) -> Vec<A::Key> {
        self.kind.registry.ids()
    }

    /// How many aggregates have an entry in the deadline index.
    pub fn deadlines_armed(&self) -> usize {
        self.kind.deadlines.len()
    }

    /// How many commands of this type there were, by outcome.
    pub fn counts(&self) -> Counts {
        self.kind.counters.read()
    }

    /// Kills the actor of an aggregate from outside. Returns whether there was one.
    #[cfg(feature = "fault-injection")]
    pub fn kill_actor(&self, id: impl IntoId<A::Key>) -> bool {
        self.kind.registry.get(&id.into_id()).is_some_and(|cell| cell.kill())
    }
}

/// Whom a call is for. Shared, so that a call costs no more than one count of references.
pub(crate) struct Target<A: Aggregate> {
    pub(crate) kind: Arc<AggregateType<A>>,
    pub(crate) id: A::Key,
    /// Where it was found when it was called for the second time. While this remembers it no other
    /// cell has the ID: once it has left memory it is an empty shell, which comes back when the ID is
    /// called again.
    cell: OnceLock<Arc<Cell<A>>>,
    /// Called before: worth remembering.
    called: AtomicBool,
}

impl<A: Aggregate> Target<A> {
    pub(crate) fn new(kind: Arc<AggregateType<A>>, id: A::Key) -> Self {
        Target { kind, id, cell: OnceLock::new(), called: AtomicBool::new(false) }
    }

    /// Puts something into the aggregate's cell: brought back if it was stored meanwhile, made if there
    /// is none.
    pub(crate) fn put(
        &self,
        put: impl Fn(&Arc<Cell<A>>) -> Result<Option<Attending<A>>, NotAdmitted>,
    ) -> Result<Result<Option<Attending<A>>, NotAdmitted>, InvalidTag> {
        if let Some(cell) = self.cell.get()
            && let result = put(cell)
            && !matches!(result, Err(NotAdmitted::Stored))
        {
            return Ok(result);
        }
        loop {
            let cell = self.kind.cell(&self.id)?;
            let result = put(&cell);
            if !matches!(result, Err(NotAdmitted::Stored)) {
                self.was_called(cell);
                return Ok(result);
            }
        }
    }

    /// Asks the aggregate's cell for something, if it is in memory.
    pub(crate) fn if_in_memory<T>(
        &self,
        ask: impl FnOnce(&Arc<Cell<A>>) -> Option<T>,
    ) -> Option<T> {
        if let Some(cell) = self.cell.get() {
            return ask(cell);
        }
        let cell = self.kind.registry.get(&self.id)?;
        let asked = ask(&cell)?;
        self.was_called(cell);
        Some(asked)
    }

    /// Who is called again remembers it.
    fn was_called(&self, cell: Arc<Cell<A>>) {
        if !self.called.load(Relaxed) {
            self.called.store(true, Relaxed);
        } else if self.cell.get().is_none() && cell.be_remembered() {
            drop(self.cell.set(cell));
        }
    }
}

/// A reference to one aggregate, and how to call it: options first, then the verb.
///
/// It is an ID with options and nothing more: it does not keep the aggregate in memory, and it is
/// valid whether or not the aggregate is there, was stored, or never existed.
///
/// Options borrow the reference and give another one, so that one reference can be kept and told
/// other things for each call. They may be in any order, [`once`](Self::once) among them: it gives an
/// `AggregateRef<A, Keyed>`, which has the same options and asks with the key.
///
/// ```
/// # use std::time::Duration;
/// # use bailiwick::{Aggregate, AggregateRef, AskError, Decide};
/// # use serde::{Serialize, de::DeserializeOwned};
/// # async fn call<A, C>(account: &AggregateRef<A>, command: C) -> Result<A::Reply, AskError<C, A::Rejection>>
/// # where
/// #     A: Decide<C, Reply: Serialize + DeserializeOwned>,
/// #     C: Serialize + Send + 'static,
/// # {
/// let account = account.timeout(Duration::from_secs(1));
/// account.principal("ann").once("payment 7").correlation("request 12").ask(command).await
/// # }
/// ```
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
/// # let runtime = builder.start().await?;
///
/// # use bailiwick::AskError;
/// let accounts = runtime.aggregates::<AccountSessions>();
/// let account = accounts.get("acc-1"); // Asks nobody. An ID from outside: `text.parse()?`.
/// account.ask(Acquire("tv".into())).await?;
///
/// // Options come before the verb, in any order.
/// let patient = account.timeout(Duration::from_secs(30)).principal("ann");
/// let receipt = patient.ask_with_receipt(Acquire("phone".into())).await?;
/// assert_eq!(receipt.position.get(), 2);
/// let refused = account.ask(Acquire("tablet".into())).await;
/// assert!(matches!(refused, Err(AskError::Rejected(Refused::LimitReached))));
///
/// // Whoever changes what was looked at says as of when, and is refused if something came between.
/// let seen = account.read(|account, now| account.leases.free(now)).await?;
/// assert_eq!((seen.value, seen.position), (0, receipt.position));
/// let form = account.expecting(seen.position);
/// # Ok(())
/// # }
/// ```
pub struct AggregateRef<A: Aggregate, K = Unkeyed> {
    pub(crate) target: Arc<Target<A>>,
    pub(crate) options: Options,
    key: K,
}

impl<A: Aggregate, K: Clone> AggregateRef<A, K> {
    /// The ID.
    pub fn id(&self) -> &A::Key {
        &self.target.id
    }

    /// How long to wait for the answer: for room in the mailbox, the turn and the journal together.
    #[must_use]
    pub fn timeout(&self, timeout: Duration) -> Self {
        self.with(|options| options.timeout = timeout)
    }

    /// What to do when the mailbox is full. [`Admission::Wait`] unless told otherwise.
    #[must_use]
    pub fn admission(&self, admission: Admission) -> Self {
        self.with(|options| options.admission = admission)
    }

    /// Only run the command if the aggregate's last event is at this position: for forms that
    /// were filled in from what the aggregate was then, which [`read`](Self::read) says.
    /// [`Position::START`] for an aggregate that has none yet. Else
    /// [`Cause::Moved`](crate::Cause::Moved).
    #[must_use]
    pub fn expecting(&self, position: Position) -> Self {
        self.with(|options| options.call().expected = Some(position))
    }

    /// The conversation this call belongs to; stored beside the events, and passed on with what policies send
    /// because of them. A [`TraceParent`](bailiwick_core::TraceParent) is one.
    #[must_use]
    pub fn correlation(&self, correlation: impl Into<Text>) -> Self {
        self.with(|options| options.call().correlation = Some(correlation.into()))
    }

    /// On whose behalf this call is made; stored beside the events.
    #[must_use]
    pub fn principal(&self, principal: impl Into<Text>) -> Self {
        self.with(|options| options.call().principal = Some(principal.into()))
    }

    /// Makes it safe to ask again: a command with this key is run once. Instead of a key that was
    /// given before.
    ///
    /// A command asked with a key is remembered with its reply, beside the events it emitted (or in
    /// one of Bailiwick's own, if it emitted none). While the aggregate remembers it, the same command
    /// with the same key is not run again: it gets the same reply and the same position, also from
    /// another runtime on the same journal, and after a restart. One that is still being run is waited
    /// for. The receipt says so: [`Receipt::repeated`].
    ///
    /// - **A key belongs to the aggregate that is addressed**: asked of another aggregate, of the same
    ///   type too, the same key is another one, and the command is run there. Decisions have theirs.
    ///   It has 1 to 256 bytes.
    /// - **The same command** is one of the same name and an equal value. The name is the full one of
    ///   its type, or what [`Decide::COMMAND`] pins, so that moving or renaming the type changes
    ///   nothing. Maps and sets may be in any order (`HashMap`, the `HashSet` of std or hashbrown,
    ///   indexmap's `IndexSet`; another collection without an order is to be put in order by a
    ///   `serialize_with`, and so is a set that serde buffers: in an enum that is flattened, or in one
    ///   with `tag`). Numbers are their values, whatever their width: `-0.0` is `0.0`, and one NaN is
    ///   another. A field that is `None` counts as absent, so that an optional one can be added.
    /// - **Another command** with the same key is refused: [`Cause::KeyReused`](crate::Cause::KeyReused).
    /// - **A rejection is not remembered**, nor a command that failed: asked again, it is judged again.
    /// - **For how long**: [`answers_for`](crate::Config::answers_for), and never less. An aggregate
    ///   that remembers [`answers`](crate::Config::answers) of them takes no new ones:
    ///   [`Cause::KeysFull`](crate::Cause::KeysFull).
    /// - **Everybody is told the reply as it was read back** from what is remembered, the first caller
    ///   too. One that cannot be read back is refused before anything happened:
    ///   [`Cause::Unstorable`](crate::Cause::Unstorable). One that cannot be read any more, because its
    ///   type has changed since, is told as [`AskError::AlreadyRun`].
    ///
    /// [`AskError::NotRun`] is said of the call, not of the key: who has called before with the same
    /// key, and was told [`AskError::Unknown`], still does not know.
    #[must_use]
    pub fn once(&self, key: impl Into<Text>) -> AggregateRef<A, Keyed> {
        let (target, options) = (self.target.clone(), self.options.clone());
        AggregateRef { target, options, key: Keyed(key.into()) }
    }

    fn with(&self, change: impl FnOnce(&mut Options)) -> Self {
        let mut changed = self.clone();
        change(&mut changed.options);
        changed
    }

    pub(crate) fn asking(&self) -> Asking<A> {
        Asking { target: self.target.clone(), options: self.options.clone() }
    }
}

impl<A: Aggregate> AggregateRef<A> {
    /// Asks the aggregate to run a command, and waits until what it decided is in the journal.
    ///
    /// # Errors
    /// - [`AskError::Rejected`]: a rule said no.
    /// - [`AskError::NotRun`]: certainly no effect; the command comes back.
    /// - [`AskError::Unknown`]: it may have had its effect, and is certainly not run later than the
    ///   journal can tell.
    ///
    /// # Cancel safety
    /// Dropping the future gives the command up: before its turn it is certainly not run; from its
    /// turn on it certainly is, and only the answer is lost.
    pub fn ask<C>(
        &self,
        command: C,
    ) -> impl Future<Output = Result<A::Reply, AskError<C, A::Rejection>>> + Send + use<A, C>
    where
        A: Decide<C>,
        C: Send + 'static,
    {
        let asking = self.asking();
        async move { asking.ask(command, None).await.map(|receipt| receipt.reply) }
    }

    /// As [`ask`](Self::ask), and the reply comes with the position of the aggregate's last event: a
    /// fencing token.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    ///
    /// # Cancel safety
    /// As [`ask`](Self::ask).
    pub fn ask_with_receipt<C>(
        &self,
        command: C,
    ) -> impl Future<Output = Result<Receipt<A::Reply>, AskError<C, A::Rejection>>> + Send + use<A, C>
    where
        A: Decide<C>,
        C: Send + 'static,
    {
        self.asking().ask(command, None)
    }
}

impl<A: Aggregate, K> AggregateRef<A, K> {
    /// Looks at the state between two turns, without queueing behind commands. `look` is given the
    /// time as well: judge by it what has expired.
    ///
    /// The answer is what `look` returns and the position of the aggregate's last event then
    /// ([`Seen`]): an entity tag, which [`expecting`](Self::expecting) and [`watch`](Self::watch)
    /// take. Of an ID that never had an event it is [`Position::START`].
    ///
    /// What it saw is durable when the answer comes; if what it saw did not last, it is run again.
    /// Reading an ID that never had an event leaves nothing in memory. A read shows what this
    /// runtime knows: what another writer appended to the same journal it learns at the next
    /// append; then a command that expects the position of the read is not run.
    ///
    /// # Errors
    /// See [`ReadError`].
    ///
    /// # Cancel safety
    /// A dropped read is not run, or its answer is lost.
    pub fn read<T, F>(
        &self,
        look: F,
    ) -> impl Future<Output = Result<Seen<T>, ReadError>> + Send + use<A, K, T, F>
    where
        F: FnMut(&A, Timestamp) -> T + Send + 'static,
        T: Send + 'static,
    {
        read(self.target.clone(), self.options.timeout, look)
    }

    #[cfg(test)]
    pub(crate) fn target(&self) -> &Target<A> {
        &self.target
    }
}

impl<A: Aggregate> Clone for Aggregates<A> {
    fn clone(&self) -> Self {
        Aggregates { kind: self.kind.clone(), ..*self }
    }
}

impl<A: Aggregate, K: Clone> Clone for AggregateRef<A, K> {
    fn clone(&self) -> Self {
        let AggregateRef { target, options, key } = self;
        AggregateRef { target: target.clone(), options: options.clone(), key: key.clone() }
    }
}

impl<A: Aggregate> fmt::Debug for Aggregates<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aggregates({})", A::NAME)
    }
}

impl<A: Aggregate, K> fmt::Debug for AggregateRef<A, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AggregateRef({} {})", A::NAME, self.target.id)
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::{Context, Event, View, id};
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::util::race::yield_now;
    use crate::{ManualClock, MemoryJournal, Runtime};

    id!(LampId: "lamp");

    #[derive(Event, Debug, Serialize, Deserialize)]
    struct Switched {}

    struct Lamp;

    impl View for Lamp {
        type Key = LampId;
        type Event = Switched;

        fn new(_: &LampId) -> Self {
            Lamp
        }

        fn apply(&mut self, _: &Switched, _: Timestamp) {}
    }

    impl Aggregate for Lamp {
        const NAME: &'static str = "Lamp";
    }

    struct Switch;

    impl Decide<Switch> for Lamp {
        type Reply = ();
        type Rejection = std::convert::Infallible;

        fn decide(&self, _: &Switch, ctx: &mut Context<Switched>) -> Result<(), Self::Rejection> {
            ctx.emit(Switched {});
            Ok(())
        }
    }

    async fn is_stored(clock: &ManualClock, lamps: &Aggregates<Lamp>) {
        while !lamps.in_memory().is_empty() {
            clock.advance(Duration::from_secs(10));
            for _ in 0..20 {
                yield_now().await;
            }
        }
    }

    /// Otherwise each call pays a look at the shell and one in the registry, for ever.
    #[tokio::test]
    async fn a_reference_finds_its_cell_again_after_that_was_stored() {
        let clock = ManualClock::at(1_000);
        let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Lamp>();
        let runtime = builder.clock(clock.clone()).start().await.unwrap();
        let lamps = runtime.aggregates::<Lamp>();
        let lamp = lamps.get("a");
        for round in 0..3 {
            // Whoever comes first.
            let first = if round == 1 { lamps.get("a") } else { lamp.clone() };
            first.ask(Switch).await.unwrap();
            lamp.ask(Switch).await.unwrap();
            lamp.ask(Switch).await.unwrap();
            let live = lamp.target.kind.registry.get(lamp.id()).unwrap();
            let remembered = lamp.target.cell.get().unwrap();
            assert!(Arc::ptr_eq(remembered, &live), "it remembers an empty shell");
            drop(live);
            is_stored(&clock, &lamps).await;
        }
    }

    #[tokio::test]
    async fn what_is_remembered_of_a_stored_cell_is_small_and_goes_with_the_last_reference() {
        let clock = ManualClock::at(1_000);
        let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Lamp>();
        let runtime = builder.clock(clock.clone()).start().await.unwrap();
        let lamps = runtime.aggregates::<Lamp>();
        let registry = &lamps.kind.registry;
        let (lamp, other) = (lamps.get("a"), lamps.get("a"));
        for lamp in [&lamp, &other] {
            lamp.ask(Switch).await.unwrap();
            lamp.ask(Switch).await.unwrap();
        }
        let passing = lamps.get("b");
        passing.ask(Switch).await.unwrap();
        assert!(!lamp.target.cell.get().unwrap().is_empty());
        is_stored(&clock, &lamps).await;
        assert!(lamp.target.cell.get().unwrap().is_empty(), "a reference keeps a state in memory");
        assert_eq!(registry.stored_and_remembered(), 1, "called once is not remembered");
        drop(lamp);
        assert_eq!(registry.stored_and_remembered(), 1);
        drop(other);
        assert_eq!(registry.stored_and_remembered(), 0, "it outlives those who remember it");
        lamps.get("a").ask(Switch).await.unwrap();
    }

    /// Else the cell that comes after it would not be held, or be let go by whoever held this one.
    #[tokio::test]
    async fn a_cell_is_not_stored_while_it_is_held() {
        let clock = ManualClock::at(1_000);
        let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Lamp>();
        let runtime = builder.clock(clock.clone()).start().await.unwrap();
        let lamps = runtime.aggregates::<Lamp>();
        lamps.get("a").ask(Switch).await.unwrap();
        let passes = async || {
            for _ in 0..50 {
                clock.advance(Duration::from_secs(10));
                for _ in 0..20 {
                    yield_now().await;
                }
            }
        };
        let cell = lamps.kind.registry.get(&"a".into()).unwrap();
        let hold = cell.hold().await.unwrap();
        passes().await;
        assert_eq!(lamps.in_memory().len(), 1);
        drop(hold);
        is_stored(&clock, &lamps).await;
    }

    /// What the next turn needs is kept for those who came last, and for a while.
    #[tokio::test]
    async fn no_more_cells_keep_their_desk_than_may_be_warm() {
        let clock = ManualClock::at(1_000);
        let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Lamp>();
        let builder = builder.clock(clock.clone()).config(|config| config.warm_aggregates(8));
        let runtime = builder.start().await.unwrap();
        let lamps = runtime.aggregates::<Lamp>();
        let ids: Vec<LampId> = (0..100).map(|n| format!("l{n}").parse().unwrap()).collect();
        let have_desks = || {
            let cells = ids.iter().filter_map(|id| lamps.kind.registry.get(id));
            cells.filter(|cell| cell.has_inbox()).count()
        };
        for id in &ids {
            lamps.get(id).ask(Switch).await.unwrap();
            assert!(have_desks() <= 8 + 1, "whoever else has the time");
        }
        for (passed, warm) in [(0, 1..=8), (1, 0..=0)] {
            clock.advance(Duration::from_secs(passed));
            for _ in 0..50 {
                yield_now().await;
            }
            assert!(warm.contains(&have_desks()), "{} after {passed} s", have_desks());
            assert_eq!(lamps.in_memory().len(), 100, "they stay in memory");
        }
    }

    /// References that stay and such that come and go, at an aggregate that leaves memory whenever it
    /// may.
    #[tokio::test]
    async fn there_is_one_cell_whoever_remembers_it() {
        let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Lamp>();
        let runtime =
            builder.config(|config| config.warm(Duration::ZERO).idle(Duration::ZERO)).start();
        let runtime = runtime.await.unwrap();
        let lamps = runtime.aggregates::<Lamp>();
        let callers = (0..8).map(|caller| {
            let lamps = lamps.clone();
            let thread = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let calls = async move {
                let mut lamp = lamps.get("a");
                for nth in 0..500 {
                    lamp.ask(Switch).await.unwrap();
                    if caller % 2 == 0 && nth % 3 == 2 {
                        lamp = lamps.get("a");
                    }
                }
                lamp
            };
            tokio::task::spawn_blocking(move || thread.block_on(calls))
        });
        let mut references = Vec::new();
        for caller in callers.collect::<Vec<_>>() {
            references.push(caller.await.unwrap());
        }
        lamps.get("a").ask(Switch).await.unwrap();
        let cells: Vec<_> = references.iter().filter_map(|lamp| lamp.target.cell.get()).collect();
        assert!(cells.len() >= 4, "those who stay remember it");
        assert!(cells.iter().all(|cell| Arc::ptr_eq(cell, cells[0])), "there were two of them");
        assert_eq!(lamps.counts().replied, 8 * 500 + 1);
        assert_eq!(lamps.counts().conflicts, 0, "two of them were live");
    }
}
