//! What all aggregates of one type in one runtime share.

use std::any::Any;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use crate::cell::{Cell, NotAdmitted};
use crate::counts::{Counts, Tally};
use crate::deadlines::{Deadlines, Due};
use crate::patience::Patience;
use crate::registry::Registry;
use crate::rest::RestQueue;
use crate::shared::{Shared, Stage};
use crate::watch::Watchers;
use bailiwick_core::{
    Aggregate, Event, EventType, Id, Query, QueryItem, RecordedEvent, Tags, Timestamp,
};

/// What all aggregates of one type in one runtime share.
pub(crate) struct Kind<A: Aggregate> {
    pub(crate) shared: Arc<Shared>,
    types: Arc<[EventType]>,
    pub(crate) registry: Registry<A>,
    pub(crate) deadlines: Deadlines<A::Key>,
    pub(crate) rest: RestQueue<A>,
    pub(crate) patience: Patience<A>,
    pub(crate) watchers: Watchers<A::Key>,
    pub(crate) tally: Tally,
}

impl<A: Aggregate> Kind<A> {
    pub(crate) fn new(shared: Arc<Shared>) -> Arc<Self> {
        let seed = shared.seams.entropy.next_u64();
        Arc::new(Kind {
            types: Self::types().map(EventType::literal).collect(),
            registry: Registry::new(seed),
            deadlines: Deadlines::new(seed, &shared.config),
            rest: RestQueue::new(&shared.config),
            patience: Patience::new(),
            watchers: Watchers::new(seed),
            tally: Tally::default(),
            shared,
        })
    }

    /// The event types of the set, each once.
    fn types() -> impl Iterator<Item = &'static str> {
        A::Event::TYPES.iter().map(|descriptor| descriptor.name)
    }

    /// What the aggregate with the tag of `key` reads, and guards when it appends.
    pub(crate) fn boundary(&self, tags: &Tags) -> Query {
        QueryItem::shared(self.types.clone(), tags.clone()).expect("an aggregate has a tag").into()
    }

    /// The deadline index calls the aggregate with this ID.
    pub(crate) fn wake(self: &Arc<Self>, id: &A::Key, due: Due) {
        let mut due = Some(due);
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
    fn event_types(&self) -> Vec<EventType>;
    /// Learns from the journal's past which deadlines there are; called in order of position.
    fn recover(&self, event: &RecordedEvent, deadlines: &mut Recovered);
    fn arm_recovered(&self, deadlines: Recovered);
    fn start(self: Arc<Self>);
    /// Meets every cell once, so that what was accepted before the stage changed is known.
    fn sweep(&self, stage: Stage);
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// The deadlines of one type as of the journal's end, by the value of the aggregate's tag.
/// Events that the aggregate did not decide itself leave its deadline open until it was loaded.
/// In order, so that the same journal gives the same start.
#[derive(Default)]
pub(crate) struct Recovered(BTreeMap<String, Option<Timestamp>>);

impl<A: Aggregate> AnyKind for Kind<A> {
    fn counts(&self) -> Counts {
        self.tally.read()
    }

    fn event_types(&self) -> Vec<EventType> {
        Self::types().map(EventType::literal).collect()
    }

    fn recover(&self, recorded: &RecordedEvent, deadlines: &mut Recovered) {
        let event = &recorded.event;
        if !Self::types().any(|name| event.event_type == name) {
            return;
        }
        for tag in event.tags.iter().filter(|tag| tag.key() == <A::Key as Id>::KEY) {
            let origin = event.metadata.origin.as_ref();
            let deadline = match origin {
                Some(origin) if origin.aggregate == A::NAME && origin.tag == *tag => {
                    origin.deadline
                }
                _ => Some(Timestamp::EPOCH),
            };
            deadlines.0.insert(tag.value().to_owned(), deadline);
        }
    }

    fn arm_recovered(&self, recovered: Recovered) {
        for (value, deadline) in recovered.0 {
            match (A::Key::from_str(&value), deadline) {
                (Ok(id), Some(at)) => self.deadlines.arm_stored(&id, at),
                (Ok(_), None) => {}
                (Err(error), _) => {
                    tracing::error!(aggregate = A::NAME, id = value, %error, "an ID of the journal cannot be read; its deadline is not armed");
                }
            }
        }
    }

    fn start(self: Arc<Self>) {
        let spawner = self.shared.seams.spawner.clone();
        spawner.spawn(Box::pin(crate::deadlines::run(self.clone())));
        spawner.spawn(Box::pin(crate::patience::run(self.clone())));
        spawner.spawn(Box::pin(crate::rest::run(self)));
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
