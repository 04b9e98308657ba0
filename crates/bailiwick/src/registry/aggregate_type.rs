//! What all aggregates of one type in one runtime share.

use std::any::Any;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use bailiwick_core::journal::{
    ANSWERED, EncodedEvent, EventType, Query, QueryItem, RecordedDeadline,
};
use bailiwick_core::snapshot::Declared;
use bailiwick_core::views::Folded;
use bailiwick_core::{
    Aggregate, BoxFuture, Event, Id, IdDescriptor, InvalidTag, Key, Position, Tag, Tags, Timestamp,
    each_name,
};

use crate::cell::{Cell, Hold, Scope, ToolsPool};
use crate::context::counts::{Counts, ShardedCounters};
use crate::context::{RuntimeContext, Stage};
use crate::deadlines::{self, Deadlines};
use crate::error::caught;
use crate::options::Options;
use crate::passivation::{self, Residents, RestQueue};
use crate::reactions::{self, Outcome};
use crate::recovery::{Changed, Judging, Timed, Whom, compare_drawn, judge_anew};
use crate::registry::Registry;
use crate::registry::news::{Concerned, Readers};
use crate::request::timeouts::{self, Timeouts};
use crate::snapshots::Keeper;
use crate::telemetry::timings::Timings;

/// What all aggregates of one type in one runtime share.
pub(crate) struct AggregateType<A: Aggregate> {
    pub(crate) shared: Arc<RuntimeContext>,
    types: Arc<[EventType]>,
    pub(crate) registry: Registry<A>,
    pub(crate) deadlines: Deadlines<A::Key>,
    pub(crate) rest: RestQueue,
    pub(crate) timeouts: Arc<Timeouts>,
    pub(crate) counters: ShardedCounters,
    pub(crate) tools: ToolsPool<A>,
    pub(crate) timings: Timings,
    pub(crate) judging: Judging,
    /// What keeps its snapshots, and how: none if it has none, or nothing keeps them.
    pub(crate) snapshots: Option<(Arc<Keeper>, Declared)>,
    /// Set at the start if events of this type may concern aggregates of others: those who read them, and the
    /// place of the type itself among them.
    neighbours: OnceLock<(Arc<Readers>, usize)>,
}

impl<A: Aggregate> AggregateType<A> {
    pub(crate) fn new(shared: Arc<RuntimeContext>) -> Arc<Self> {
        let seed = shared.environment.entropy.next_u64();
        let types: Arc<[_]> = Self::types().into_iter().map(EventType::literal).collect();
        let all = QueryItem::shared(types.clone(), Tags::none()).expect("there is Bailiwick's own");
        Arc::new(AggregateType {
            types,
            registry: Registry::new(seed),
            deadlines: Deadlines::new(seed, &shared.config),
            rest: RestQueue::new(&shared.config, seed, size_of::<A>()),
            timeouts: Timeouts::new(),
            counters: ShardedCounters::default(),
            tools: ToolsPool::default(),
            timings: Timings::of(&shared, "aggregate", A::NAME),
            judging: Judging::of::<A>(all, seed),
            snapshots: shared.snapshots.clone().zip(Declared::of::<A>()),
            neighbours: OnceLock::new(),
            shared,
        })
    }

    /// The event types of the set by all names that they have or had, retired ones too, each once;
    /// and those of Bailiwick's own that concern a single aggregate.
    fn types() -> Vec<&'static str> {
        let mut types = each_name(A::Event::TYPES);
        types.push(ANSWERED);
        types
    }

    /// What every event of the aggregate with this ID carries, and what it reads, and guards when it
    /// appends: under today's key of the ID, and under those before.
    pub(crate) fn scope(&self, id: &A::Key) -> Result<Arc<Scope>, InvalidTag> {
        let of =
            |tags| QueryItem::shared(self.types.clone(), tags).expect("an aggregate has a tag");
        let tags = id.tags()?;
        let mut boundary = Query::from(of(tags.clone()));
        if !<A::Key as Id>::WAS.is_empty() {
            let old = id.old_tags()?.into_iter().map(|tag| of(tag.into()));
            let all = std::iter::once(of(tags.clone())).chain(old);
            boundary = Query::any_of(all).expect("there is today's");
        }
        Ok(Arc::new(Scope { tags, boundary }))
    }

    /// An aggregate was loaded whose deadline is not the one that was recorded by this version.
    pub(crate) fn deadline_changed(self: &Arc<Self>, changed: &Changed) {
        if self.judging.notices(changed) {
            judge_anew(self.clone(), Whom::All);
        }
    }

    /// Who else reads these events, which the aggregate with this tag emits.
    pub(crate) fn concerned_by(&self, events: &[EncodedEvent], own: &Tag) -> Concerned {
        match self.neighbours.get() {
            Some((readers, place)) => readers.concerned_by(events, Some((*place, own))),
            None => Concerned::default(),
        }
    }

    /// Tells them, once the events are in the journal.
    pub(crate) fn tell(&self, concerned: &Concerned, first: Position) {
        if !concerned.is_empty()
            && let Some((readers, _)) = self.neighbours.get()
        {
            readers.tell(concerned, first);
        }
    }

    /// As [`tell`](AggregateType::tell), if nobody knows whether they are.
    pub(crate) fn tell_perhaps(&self, concerned: &Concerned) {
        if let Some((readers, _)) = self.neighbours.get() {
            readers.tell_perhaps(concerned);
        }
    }

    /// Keeps a task of the type going until the runtime is closed.
    fn keep<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        what: &'static str,
        run: fn(Arc<Self>) -> F,
    ) {
        let kind = self.clone();
        self.shared.keep(format!("{what} of {}", A::NAME), move || run(kind.clone()));
    }

    /// Whose text it is; none if it is ignored: else the start would have been refused.
    pub(crate) fn id_from(text: &str) -> Option<A::Key> {
        caught(|| A::Key::from_str(text)).ok()?.ok()
    }

    /// The aggregate with this ID, live in this runtime from now on.
    pub(crate) fn cell(self: &Arc<Self>, id: &A::Key) -> Result<Arc<Cell<A>>, InvalidTag> {
        self.registry.find(id, || Cell::new(self.clone(), id.clone()))
    }
}

impl<A: Aggregate> Residents for AggregateType<A> {
    fn rest(&self) -> &RestQueue {
        &self.rest
    }

    fn shrink(&self) {
        self.registry.shrink();
    }
}

/// A [`AggregateType`] whatever its aggregate.
pub(crate) trait AnyAggregateType: Timed + 'static {
    fn counts(&self) -> Counts;
    #[cfg(feature = "metrics")]
    fn census(&self) -> crate::metrics::Census;
    /// What it reads and guards, each once.
    fn event_types(&self) -> Vec<&'static str>;
    /// Whether an aggregate of this type with this tag reads events of that type.
    fn reads(&self, event_type: &EventType, tag: &Tag) -> bool;
    /// Holds the aggregate with this tag, if it is in memory: see [`Cell::hold`].
    fn hold(&self, tag: &Tag) -> Option<BoxFuture<Option<Hold>>>;
    /// The keys of the tags of these aggregates: today's, then those before.
    fn keys(&self) -> Vec<&'static str>;
    /// What its aggregates fold: what they read without what is Bailiwick's own.
    fn folded_types(&self) -> Vec<&'static str>;
    /// Whom events concern, and which of those types this is. Before [`start`](AnyAggregateType::start).
    fn meet(&self, readers: &Arc<Readers>, own: usize);
    /// The deadline of the aggregate with this tag, if its state is among these views.
    fn deadline_in(&self, views: &Folded, tag: &Tag) -> Option<RecordedDeadline>;
    /// This runtime appended what the aggregate with this tag reads, the last of it at `at`. Its
    /// deadline is said if it is known.
    fn told(&self, tag: &Tag, at: Position, deadline: Option<RecordedDeadline>);
    /// As [`told`](AnyAggregateType::told), if nobody knows whether it was written.
    fn told_perhaps(&self, tag: &Tag);
    fn start(self: Arc<Self>);
    /// Sends a command of a policy: a [`Delivered`](bailiwick_core::policy::Delivered) for it.
    fn deliver(
        self: Arc<Self>,
        payload: Box<dyn Any + Send>,
        options: Options,
    ) -> BoxFuture<Outcome>;
    /// Meets every cell once, so that what was accepted before the stage changed is known.
    fn sweep(&self, stage: Stage);
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<A: Aggregate> AnyAggregateType for AggregateType<A> {
    fn counts(&self) -> Counts {
        self.counters.read()
    }

    #[cfg(feature = "metrics")]
    fn census(&self) -> crate::metrics::Census {
        let (in_memory, stored) = self.registry.census();
        crate::metrics::Census { name: A::NAME, in_memory, stored, armed: self.deadlines.len() }
    }

    fn event_types(&self) -> Vec<&'static str> {
        Self::types()
    }

    fn hold(&self, tag: &Tag) -> Option<BoxFuture<Option<Hold>>> {
        // Who guards an old key of the ID guards today's as well: each is held once.
        let id = Self::id_from(tag.value()).filter(|_| tag.key() == <A::Key as Id>::KEY)?;
        let cell = self.registry.get(&id)?;
        Some(cell.hold())
    }

    fn reads(&self, event_type: &EventType, tag: &Tag) -> bool {
        A::Key::has_key(tag.key()) && self.types.contains(event_type)
    }

    fn keys(&self) -> Vec<&'static str> {
        IdDescriptor::of::<A::Key>().keys().collect()
    }

    fn folded_types(&self) -> Vec<&'static str> {
        each_name(A::Event::TYPES)
    }

    fn meet(&self, readers: &Arc<Readers>, own: usize) {
        let emitted: Vec<_> = A::Event::TYPES.iter().map(|known| known.name).collect();
        if readers.any_beside(own, &emitted) {
            // Met once, at the start.
            let _ = self.neighbours.set((readers.clone(), own));
        }
    }

    fn deadline_in(&self, views: &Folded, tag: &Tag) -> Option<RecordedDeadline> {
        let state = views.guarded_state::<A>(&Self::id_from(tag.value())?)?;
        // Whoever loads it will hear of the panic.
        let at = caught(|| state.deadline()).ok()?;
        Some(RecordedDeadline::new(at, A::DEADLINE_VERSION))
    }

    fn told(&self, tag: &Tag, at: Position, deadline: Option<RecordedDeadline>) {
        let Some(id) = Self::id_from(tag.value()) else {
            tracing::error!(aggregate = A::NAME, %tag, "the ID of an event cannot be read");
            return;
        };
        let in_memory = self.registry.get(&id).is_some_and(|cell| cell.overtaken(at));
        if !in_memory {
            // If it comes into memory just now it has an entry of its own as well. One too many finds
            // nothing due and goes; one too few would be a deadline lost.
            // One that nobody knows is due until somebody has looked.
            if let Some(at) = deadline.map_or(Some(Timestamp::EPOCH), RecordedDeadline::at) {
                self.deadlines.arm_stored(&id, at);
            }
        }
    }

    fn told_perhaps(&self, tag: &Tag) {
        let Some(id) = Self::id_from(tag.value()) else { return };
        if let Some(cell) = self.registry.get(&id) {
            cell.perhaps_overtaken();
        }
        // Whether or not it is in memory: it is to look by itself.
        self.deadlines.arm_stored(&id, Timestamp::EPOCH);
    }

    fn start(self: Arc<Self>) {
        self.deadlines.advance(self.shared.now());
        self.keep("deadlines", |kind| deadlines::run(kind.shared.clone(), kind));
        self.keep("time-outs", |kind| timeouts::run(kind.timeouts.clone(), kind.shared.clone()));
        self.keep("rest", |kind| passivation::run(kind.shared.clone(), kind));
        if let Some(whom) = self.judging.wanted() {
            judge_anew(self.clone(), whom);
        }
        compare_drawn(self);
    }

    fn deliver(
        self: Arc<Self>,
        payload: Box<dyn Any + Send>,
        options: Options,
    ) -> BoxFuture<Outcome> {
        reactions::send_command(self, payload, options)
    }

    fn sweep(&self, stage: Stage) {
        for cell in self.registry.all() {
            cell.meet(stage);
        }
        if stage == Stage::Closed {
            // Their tasks do the same, unless their executor is gone.
            self.rest.clear();
            self.timeouts.clear();
            self.tools.close(&self.shared);
        }
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
