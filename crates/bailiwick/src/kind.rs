//! What all aggregates of one type in one runtime share.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Arc;

use crate::cell::{Cell, Hold, NotAdmitted};
use crate::counts::{Counts, Tally};
use crate::deadlines::{Deadlines, Due};
use crate::patience::Patience;
use crate::registry::Registry;
use crate::rest::RestQueue;
use crate::shared::{Shared, Stage};
use crate::watch::Watchers;
use bailiwick_core::views::Folded;
use bailiwick_core::{
    ANSWERED, Aggregate, BoxFuture, Event, EventType, Id, Position, Query, QueryItem,
    RecordedEvent, Tag, Tags, Timestamp, each_name,
};

/// What all aggregates of one type in one runtime share.
pub(crate) struct Kind<A: Aggregate> {
    pub(crate) shared: Arc<Shared>,
    types: Arc<[EventType]>,
    pub(crate) registry: Registry<A>,
    pub(crate) deadlines: Deadlines<A::Key>,
    pub(crate) rest: RestQueue<A>,
    pub(crate) patience: Patience<Arc<Cell<A>>>,
    pub(crate) watchers: Watchers<A::Key>,
    pub(crate) tally: Tally,
}

impl<A: Aggregate> Kind<A> {
    pub(crate) fn new(shared: Arc<Shared>) -> Arc<Self> {
        let seed = shared.seams.entropy.next_u64();
        Arc::new(Kind {
            types: Self::types().into_iter().map(EventType::literal).collect(),
            registry: Registry::new(seed),
            deadlines: Deadlines::new(seed, &shared.config),
            rest: RestQueue::new(&shared.config, seed),
            patience: Patience::new(),
            watchers: Watchers::new(seed),
            tally: Tally::default(),
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

    /// What the aggregate with the tag of `key` reads, and guards when it appends.
    pub(crate) fn boundary(&self, tags: &Tags) -> Query {
        QueryItem::shared(self.types.clone(), tags.clone()).expect("an aggregate has a tag").into()
    }

    /// The deadline index calls the aggregate with this ID.
    pub(crate) fn wake(self: &Arc<Self>, id: &A::Key, mut due: Option<Due>) {
        loop {
            match self.cell(id) {
                Ok(cell) => match cell.admit_deadline(&mut due) {
                    Err(NotAdmitted::Stored) => self.registry.remove(id, &cell),
                    _ => return,
                },
                Err(_) => return,
            }
        }
    }

    /// Sets the deadline of an aggregate that is not in memory, if its state is among these views.
    fn arm_from(&self, id: &A::Key, views: &Folded) -> bool {
        let deadline = views.settled_state::<A>(id).map(|state| {
            // Whoever loads it will hear of the panic.
            catch_unwind(AssertUnwindSafe(|| state.deadline()))
        });
        let Some(Ok(deadline)) = deadline else { return false };
        if let Some(at) = deadline {
            // If it comes into memory just now it has an entry of its own as well. One too many finds
            // nothing due, and is gone when the aggregate leaves; one too few would be a deadline lost.
            self.deadlines.arm_stored(id, at);
        }
        true
    }

    /// Of whom the tag is.
    fn id_of(&self, tag: &Tag) -> Option<A::Key> {
        catch_unwind(|| A::Key::from_str(tag.value())).ok()?.ok()
    }

    /// The aggregate with this ID, live in this runtime from now on.
    pub(crate) fn cell(
        self: &Arc<Self>,
        id: &A::Key,
    ) -> Result<Arc<Cell<A>>, bailiwick_core::InvalidTag> {
        self.registry.find(id, || Cell::new(self.clone(), id.clone()))
    }
}

/// A [`Kind`] whatever its aggregate.
pub(crate) trait AnyKind: Send + Sync + 'static {
    fn counts(&self) -> Counts;
    /// The `NAME` of the aggregate type.
    fn name(&self) -> &'static str;
    /// What it reads and guards, each once.
    fn event_types(&self) -> Vec<&'static str>;
    /// Learns from the journal's past which deadlines there are; called in order of position, with
    /// each event of the types that it reads.
    fn recover(&self, event: &RecordedEvent, deadlines: &mut Recovered);
    fn arm_recovered(&self, deadlines: Recovered);
    /// Whether an aggregate of this type with this tag reads events of that type.
    fn reads(&self, event_type: &EventType, tag: &Tag) -> bool;
    /// Holds the aggregate with this tag, if it is in memory: see [`Cell::hold`].
    fn hold(&self, tag: &Tag) -> Option<BoxFuture<Option<Hold>>>;
    /// A decision of this runtime wrote what the aggregate with this tag reads, the last of it at `at`:
    /// it is told. `views` are those it was decided on, with what was written.
    fn written(self: Arc<Self>, tag: &Tag, at: Position, views: &Folded);
    fn start(self: Arc<Self>);
    /// Meets every cell once, so that what was accepted before the stage changed is known.
    fn sweep(&self, stage: Stage);
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// The deadlines of one type as of the journal's end, by the value of the aggregate's tag.
/// Aggregates without one are not in it. Events that the aggregate did not decide itself leave its
/// deadline open until it was loaded, which is at once.
/// In order, so that the same journal gives the same start.
#[derive(Default)]
pub(crate) struct Recovered(BTreeMap<String, Timestamp>);

impl<A: Aggregate> AnyKind for Kind<A> {
    fn counts(&self) -> Counts {
        self.tally.read()
    }

    fn name(&self) -> &'static str {
        A::NAME
    }

    fn event_types(&self) -> Vec<&'static str> {
        Self::types()
    }

    fn recover(&self, recorded: &RecordedEvent, deadlines: &mut Recovered) {
        let event = &recorded.event;
        for tag in event.tags.iter().filter(|tag| tag.key() == <A::Key as Id>::KEY) {
            let origin = event.metadata.origin.as_ref();
            let deadline = match origin {
                Some(origin) if origin.aggregate == A::NAME && origin.tag == *tag => {
                    origin.deadline
                }
                // Bailiwick's own, and a namesake's: nobody folds it.
                _ if event.is_reserved() => continue,
                _ => Some(Timestamp::EPOCH),
            };
            match deadline {
                Some(at) => deadlines.0.insert(tag.value().to_owned(), at),
                None => deadlines.0.remove(tag.value()),
            };
        }
    }

    fn arm_recovered(&self, recovered: Recovered) {
        for (value, deadline) in recovered.0 {
            match A::Key::from_str(&value) {
                Ok(id) => self.deadlines.arm_stored(&id, deadline),
                Err(error) => {
                    tracing::error!(aggregate = A::NAME, id = value, %error, "an ID of the journal cannot be read; its deadline is not armed");
                }
            }
        }
    }

    fn hold(&self, tag: &Tag) -> Option<BoxFuture<Option<Hold>>> {
        let id = self.id_of(tag)?;
        let cell = self.registry.get(&id)?;
        Some(cell.hold())
    }

    fn reads(&self, event_type: &EventType, tag: &Tag) -> bool {
        tag.key() == <A::Key as Id>::KEY && self.types.contains(event_type)
    }

    fn written(self: Arc<Self>, tag: &Tag, at: Position, views: &Folded) {
        let Some(id) = self.id_of(tag) else {
            tracing::error!(aggregate = A::NAME, %tag, "an ID of a decision's event cannot be read");
            return;
        };
        let told = self.registry.get(&id).is_some_and(|cell| cell.overtaken(at));
        if !told && !self.arm_from(&id, views) {
            // It may have a deadline now, or another one: that is known when it was loaded.
            self.wake(&id, None);
        }
        self.watchers.notify(&id);
    }

    fn start(self: Arc<Self>) {
        let shared = self.shared.clone();
        shared.spawn(Box::pin(crate::deadlines::run(self.clone())));
        let kind = self.clone();
        shared.spawn(Box::pin(async move {
            let lapse = |cell: Arc<Cell<A>>, entry, now| cell.lapse(entry, now);
            crate::patience::run(&kind.patience, &kind.shared, lapse).await;
        }));
        shared.spawn(Box::pin(crate::rest::run(self)));
    }

    fn sweep(&self, stage: Stage) {
        for cell in self.registry.all() {
            cell.meet(stage);
        }
        if stage == Stage::Closed {
            // Their tasks do the same, unless their executor is gone.
            self.rest.clear();
            self.patience.clear();
        }
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
