//! What all aggregates of one type in one runtime share.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use crate::cell::{Cell, Hold, NotAdmitted};
use crate::counts::{Counts, Tally};
use crate::deadlines::{Deadlines, Due};
use crate::news::{Concerned, Readers};
use crate::patience::Patience;
use crate::registry::Registry;
use crate::rest::RestQueue;
use crate::shared::{Shared, Stage};
use crate::watch::Watchers;
use bailiwick_core::views::Folded;
use bailiwick_core::{
    ANSWERED, Aggregate, BoxFuture, EncodedEvent, Event, EventType, Id, InvalidTag, Key, Position,
    Query, QueryItem, RecordedEvent, Tag, Tags, Timestamp, each_name,
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
    /// Set at the start if events of this type may concern aggregates of others.
    neighbours: OnceLock<Neighbours>,
}

/// Whom the events of one type concern besides it.
struct Neighbours {
    readers: Arc<Readers>,
    /// The place of the type itself among them.
    own: usize,
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
    pub(crate) fn boundary(&self, id: &A::Key) -> Result<(Tags, Query), InvalidTag> {
        let of =
            |tags| QueryItem::shared(self.types.clone(), tags).expect("an aggregate has a tag");
        let tags = id.tags()?;
        let mut boundary = Query::from(of(tags.clone()));
        if !<A::Key as Id>::WAS.is_empty() {
            let old = id.old_tags()?.into_iter().map(|tag| of(tag.into()));
            let all = std::iter::once(of(tags.clone())).chain(old);
            boundary = Query::any_of(all).expect("there is today's");
        }
        Ok((tags, boundary))
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

    /// Who else reads these events, which the aggregate with this tag emits.
    pub(crate) fn concerned_by(&self, events: &[EncodedEvent], own: &Tag) -> Concerned {
        match self.neighbours.get() {
            Some(of) => of.readers.concerned_by(events, Some((of.own, own))),
            None => Concerned::default(),
        }
    }

    /// Tells them, once the events are in the journal.
    pub(crate) fn tell(&self, concerned: &Concerned, first: Position) {
        if !concerned.is_empty()
            && let Some(of) = self.neighbours.get()
        {
            of.readers.tell(concerned, first);
        }
    }

    /// Of whom the tag is.
    fn id_of(&self, tag: &Tag) -> Option<A::Key> {
        Self::id_from(tag.value())
    }

    fn id_from(text: &str) -> Option<A::Key> {
        catch_unwind(|| A::Key::from_str(text)).ok()?.ok()
    }

    /// The aggregate with this ID, live in this runtime from now on.
    pub(crate) fn cell(self: &Arc<Self>, id: &A::Key) -> Result<Arc<Cell<A>>, InvalidTag> {
        self.registry.find(id, || Cell::new(self.clone(), id.clone()))
    }
}

/// A [`Kind`] whatever its aggregate.
pub(crate) trait AnyKind: Send + Sync + 'static {
    fn counts(&self) -> Counts;
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
    /// The key of the tags of these aggregates.
    fn key(&self) -> &'static str;
    /// What its aggregates fold: what they read without what is Bailiwick's own.
    fn folded_types(&self) -> Vec<&'static str>;
    /// Whom events concern, and which of those types this is. Before [`start`](AnyKind::start).
    fn meet(&self, readers: &Arc<Readers>, own: usize);
    /// The deadline of the aggregate with this tag, if its state is among these views.
    fn deadline_in(&self, views: &Folded, tag: &Tag) -> Option<Option<Timestamp>>;
    /// This runtime appended what the aggregate with this tag reads, the last of it at `at`. Its
    /// deadline is said if it is known.
    fn told(&self, tag: &Tag, at: Position, deadline: Option<Option<Timestamp>>);
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

    fn event_types(&self) -> Vec<&'static str> {
        Self::types()
    }

    fn recover(&self, recorded: &RecordedEvent, deadlines: &mut Recovered) {
        let event = &recorded.event;
        for tag in event.tags.iter().filter(|tag| A::Key::has_key(tag.key())) {
            let origin = event.metadata.origin.as_ref();
            let deadline = match origin {
                Some(origin) if A::is_named(origin.aggregate.as_str()) && origin.tag == *tag => {
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
            match Self::id_from(&value) {
                Some(id) => self.deadlines.arm_stored(&id, deadline),
                // Else the start would have been refused.
                None => {
                    tracing::warn!(
                        aggregate = A::NAME,
                        id = value,
                        "is ignored: its deadline is not armed"
                    );
                }
            }
        }
    }

    fn hold(&self, tag: &Tag) -> Option<BoxFuture<Option<Hold>>> {
        // Who guards an old key of the ID guards today's as well: each is held once.
        let id = self.id_of(tag).filter(|_| tag.key() == <A::Key as Id>::KEY)?;
        let cell = self.registry.get(&id)?;
        Some(cell.hold())
    }

    fn reads(&self, event_type: &EventType, tag: &Tag) -> bool {
        A::Key::has_key(tag.key()) && self.types.contains(event_type)
    }

    fn key(&self) -> &'static str {
        <A::Key as Id>::KEY
    }

    fn folded_types(&self) -> Vec<&'static str> {
        each_name(A::Event::TYPES)
    }

    fn meet(&self, readers: &Arc<Readers>, own: usize) {
        let emitted: Vec<_> = A::Event::TYPES.iter().map(|known| known.name).collect();
        if readers.any_beside(own, &emitted) {
            let readers = readers.clone();
            // Met once, at the start.
            let _ = self.neighbours.set(Neighbours { readers, own });
        }
    }

    fn deadline_in(&self, views: &Folded, tag: &Tag) -> Option<Option<Timestamp>> {
        let state = views.guarded_state::<A>(&self.id_of(tag)?)?;
        // Whoever loads it will hear of the panic.
        catch_unwind(AssertUnwindSafe(|| state.deadline())).ok()
    }

    fn told(&self, tag: &Tag, at: Position, deadline: Option<Option<Timestamp>>) {
        let Some(id) = self.id_of(tag) else {
            tracing::error!(aggregate = A::NAME, %tag, "the ID of an event cannot be read");
            return;
        };
        let in_memory = self.registry.get(&id).is_some_and(|cell| cell.overtaken(at));
        if !in_memory {
            // If it comes into memory just now it has an entry of its own as well. One too many finds
            // nothing due and goes; one too few would be a deadline lost.
            match deadline {
                Some(Some(at)) => self.deadlines.arm_stored(&id, at),
                Some(None) => {}
                // It is due until somebody has looked.
                None => self.deadlines.arm_stored(&id, Timestamp::EPOCH),
            }
        }
        self.watchers.notify(&id);
    }

    fn start(self: Arc<Self>) {
        let shared = self.shared.clone();
        let kind = self.clone();
        shared.keep(format!("deadlines of {}", A::NAME), move || {
            Box::pin(crate::deadlines::run(kind.clone()))
        });
        let kind = self.clone();
        shared.keep(format!("time-outs of {}", A::NAME), move || {
            let kind = kind.clone();
            Box::pin(async move {
                let lapse = |cell: Arc<Cell<A>>, entry, now| cell.lapse(entry, now);
                crate::patience::run(&kind.patience, &kind.shared, lapse).await;
            })
        });
        shared
            .keep(format!("rest of {}", A::NAME), move || Box::pin(crate::rest::run(self.clone())));
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
