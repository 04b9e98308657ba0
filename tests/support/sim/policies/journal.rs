//! The journal of a run: a real one in memory, behind delays and failures, as one runtime has it. What takes
//! effect is compared with what is expected at that instant; what an operator has dropped is not begun by
//! a runtime that has read of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bailiwick::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, Head, Health,
    Journal, JournalId, JournalReadError, LANE_FREED, LANE_PARKED, LastMatch, Outline, Page, Query,
    Read, ReadValues, ReopenError, ValuesPage,
};
use bailiwick::{MemoryJournal, Position, codec};
use tokio::sync::oneshot;

use super::run::PolicyCase;
use super::world::World;
use crate::invariant::Checked;
use crate::invariant::Invariant::Once;
use crate::journals::outlined::{outline_of, some_of};
use crate::sim::faults::AppendFault;
use crate::sim::panics;
use crate::sim::trace::Step;

type Outcome = Result<Appended, AppendError>;

pub(super) struct SimJournal {
    pub(super) world: Arc<World>,
    pub(super) node: usize,
}

impl SimJournal {
    fn delay(&self) -> u64 {
        let slow = self.world.is_faulty() && !self.world.random.lock().one_in(3);
        if slow { self.world.random.lock().between(0, self.world.plan.slow) } else { 0 }
    }

    fn append_fault(&self) -> AppendFault {
        let world = &self.world;
        if !world.is_faulty() {
            return AppendFault::None;
        }
        if world.now() < world.unwritable_until.load(Relaxed) {
            return AppendFault::NotWritten;
        }
        let mut random = world.random.lock();
        match random.one_in(world.plan.append_faults) {
            true => random.pick(&[
                AppendFault::NotWritten,
                AppendFault::UnknownLost,
                AppendFault::UnknownWritten,
                AppendFault::UnknownLate,
                AppendFault::PanicsUnwritten,
                AppendFault::PanicsWritten,
            ]),
            false => AppendFault::None,
        }
    }

    fn slowly<T: Send + 'static>(
        &self,
        read: impl FnOnce(&MemoryJournal) -> Answer<Result<T, JournalReadError>> + Send + 'static,
    ) -> Answer<Result<T, JournalReadError>> {
        let (world, before, after) = (self.world.clone(), self.delay(), self.delay());
        Answer::later(async move {
            world.sleep(before).await;
            let found = read(&world.store).await;
            world.sleep(after).await;
            let fails = world.is_faulty() && world.random.lock().one_in(world.plan.read_faults);
            if fails {
                let error: bailiwick::BoxError = "the disk is gone".into();
                return Err(JournalReadError::Unavailable(error.into()));
            }
            found
        })
    }
}

impl Journal for SimJournal {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Outcome> {
        let (fault, before, after) = (self.append_fault(), self.delay(), self.delay());
        let (world, node) = (self.world.clone(), self.node);
        let since = world.head();
        let then = world.now();
        let append = Append { world, node, since, then, events, condition };
        if fault == AppendFault::None && before + after == 0 && self.world.random.lock().one_in(2) {
            return Answer::ready(append.takes_effect(true));
        }
        let (tell, told) = oneshot::channel();
        self.world.spawn("append", append.run(fault, before, after, tell));
        Answer::later(async move {
            match told.await {
                Ok(Some(outcome)) => outcome,
                Ok(None) => panic!("{}", panics::JOURNAL),
                Err(_) => Err(AppendError::Unknown("the run is over".into())),
            }
        })
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        let world = &self.world;
        if read.limit.get() == world.plan.config.get_lane_news() {
            world.covered(PolicyCase::ReadOn);
        }
        let (world, node) = (world.clone(), self.node);
        let page = self.slowly(move |store| store.read(read));
        Answer::later(async move {
            let page = page.await;
            page.iter().for_each(|page| world.has_read(node, page));
            page
        })
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        self.slowly(move |store| store.last(query))
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        self.world.store.head()
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>> {
        self.world.store.changed(query, after)
    }

    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        self.world.store.values(read)
    }

    fn outline(&self) -> Answer<Result<Outline, JournalReadError>> {
        let events = self.world.store.head().now().ok().and_then(Result::ok);
        let events = events.map_or(0, |head| some_of(head.position.get()));
        Answer::ready(Ok(outline_of(&self.world.store, events)))
    }

    fn id(&self) -> JournalId {
        self.world.store.id()
    }

    fn limits(&self) -> AppendLimits {
        self.world.store.limits()
    }

    fn health(&self) -> Health {
        self.world.store.health()
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        self.world.store.reopen()
    }
}

fn shown(at: u64, event: &EncodedEvent) -> String {
    let (what, payload) = (event.event_type.as_str(), codec::show(&event.payload));
    match &event.metadata.extra().delivery {
        Some(delivery) => format!("{at} {what} {payload} because of {}", delivery.source),
        None => format!("{at} {what} {payload} {:?}", event.tags),
    }
}

/// An append that was submitted: it takes effect whatever becomes of its caller.
struct Append {
    world: Arc<World>,
    node: usize,
    /// The end of the journal when it was, and the time.
    since: u64,
    then: u64,
    events: Vec<EncodedEvent>,
    condition: Option<AppendCondition>,
}

impl Append {
    async fn run(
        self,
        fault: AppendFault,
        before: u64,
        after: u64,
        tell: oneshot::Sender<Option<Outcome>>,
    ) {
        let world = self.world.clone();
        let unknown = || Err(AppendError::Unknown("the connection broke".into()));
        world.sleep(before).await;
        let told = match fault {
            AppendFault::None => Some(self.takes_effect(true)),
            AppendFault::NotWritten => {
                Some(Err(AppendError::NotWritten("the disk is full".into())))
            }
            AppendFault::UnknownLost => Some(unknown()),
            AppendFault::UnknownWritten => Some(self.takes_effect(false).and_then(|_| unknown())),
            AppendFault::UnknownLate => {
                let _ = tell.send(Some(unknown()));
                let late = world.random.lock().between(0, 20);
                world.sleep(after + late).await;
                let _ = self.takes_effect(false);
                return;
            }
            AppendFault::PanicsInCall | AppendFault::PanicsUnwritten => None,
            AppendFault::PanicsWritten => {
                let _ = self.takes_effect(false);
                None
            }
        };
        world.sleep(after).await;
        let _ = tell.send(told);
    }

    fn takes_effect(&self, told: bool) -> Outcome {
        let Append { world, node, since, then, events, condition } = self;
        let outcome = world.store.append(events.clone(), condition.clone()).now();
        let outcome = outcome.expect("a journal in memory answers at once");
        let is_delivery = |event: &EncodedEvent| event.metadata.extra().delivery.is_some();
        match &outcome {
            Ok(appended) => {
                let alone = world.is_alone();
                let is_lane = |event: &EncodedEvent| {
                    [LANE_PARKED, LANE_FREED].contains(&event.event_type.as_str())
                };
                if !alone && events.iter().any(is_lane) {
                    world.covered(PolicyCase::ParkedBeside);
                }
                let first = appended.first.get();
                let events_there = events.len();
                let step =
                    Step::Appended { by: Some(*node), counter: 0, first, events: events_there };
                world.note(&step);
                for (at, event) in (first..).zip(events) {
                    world.trace.lock().tell(|| shown(at, event));
                    let mut models = world.models.lock();
                    let policy = models.policy.record(at, event, *since, (told, alone));
                    // Who begins to call may have looked before this, if its writer is gone.
                    let alone = alone && world.is_alive(*node);
                    let effect = models.effect.record(at, event, *since, (told, alone));
                    drop(models);
                    world.expect(policy.and(effect));
                    world.expect(world.is_not_dropped(*node, event, *then));
                }
            }
            Err(AppendError::Conflict { at }) => {
                if events.iter().any(is_delivery) {
                    world.covered(PolicyCase::Overtaken);
                }
                world.note(&Step::Conflict { node: Some(*node), counter: 0, at: at.get() });
            }
            Err(_) => {}
        }
        outcome
    }
}

/// When a runtime has read a fact first.
pub(super) type KnownDrops = BTreeMap<(usize, u64), u64>;

impl World {
    /// A runtime has read these.
    pub(super) fn has_read(&self, node: usize, page: &Page) {
        let facts = page.events.iter().filter(|of| of.event.event_type.as_str() == LANE_FREED);
        for fact in facts {
            self.known_drops.lock().entry((node, fact.position.get())).or_insert(self.now());
        }
    }

    /// What a runtime has appended, once it was submitted then, is of nothing that it had known to be dropped
    /// when it began.
    pub(super) fn is_not_dropped(&self, node: usize, event: &EncodedEvent, then: u64) -> Checked {
        let Some(delivery) = &event.metadata.extra().delivery else { return Ok(()) };
        let mut models = self.models.lock();
        let fact = models.of(delivery.policy.as_str()).dropped(delivery.source);
        let known = fact.and_then(|fact| self.known_drops.lock().get(&(node, fact)).copied());
        let late = known.is_some_and(|known| then > known + self.longest_attempt());
        Once.require(!late, || {
            format!("{event:?}: it was dropped at {fact:?}, and that was read at {known:?} ms")
        })
    }

    /// How long an attempt takes at most: two deliveries one after the other, with what is read before.
    fn longest_attempt(&self) -> u64 {
        let config = &self.plan.config;
        let timeout = config.get_timeout().max(config.get_effect_timeout());
        2 * u64::try_from(timeout.as_millis()).expect("short") + 12 * self.plan.slow + 30
    }
}
