//! The scheduler: where decisions stand while they wait for their turn, and who lets them in.

use std::any::{TypeId, type_name};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bailiwick_core::journal::EncodedEvent;
use bailiwick_core::views::{Folded, ReadingItem};
use bailiwick_core::{Position, Tag};
use smallvec::SmallVec;

use super::lock_keys::{LockKeyHasher, LockKeys};
use super::order::{Left, Order, Ticket, Tickets};
use super::request::DecisionRequest;
use super::turn;
use crate::cell::{Hold, NotAdmitted};
use crate::context::counts::{Counts, ShardedCounters};
use crate::context::{Lock, RuntimeContext, Stage};
use crate::journal::port::or_closed;
use crate::options::Admission;
use crate::registry::aggregate_type::AnyAggregateType;
use crate::registry::news::{Concerned, Readers};
use crate::request::timeouts::{self, Timeouts};
use crate::telemetry::timings::Timings;
use crate::view::cache::ViewCache;

pub(crate) struct Scheduler {
    shared: Arc<RuntimeContext>,
    kinds: Vec<Arc<dyn AnyAggregateType>>,
    /// Which decisions were added, in order.
    known: Vec<TypeId>,
    readers: Arc<Readers>,
    pub(super) counters: ShardedCounters,
    pub(super) timings: Timings,
    numbers: LockKeyHasher,
    waiting: Lock<Waiting>,
    pub(super) kept: ViewCache,
    timeouts: Arc<Timeouts>,
    /// Whether somebody ends the wait of callers whose time is up.
    has_timeouts_task: AtomicBool,
}

/// Those of a turn: mostly one.
pub(super) type Gathered = SmallVec<[(Ticket, Arc<dyn DecisionRequest>); 1]>;

struct Waiting {
    order: Order<Arc<dyn DecisionRequest>>,
    /// Those whose callers wait for room, in order. As many as there are such callers.
    admission_queue: BTreeMap<Ticket, (Arc<dyn DecisionRequest>, LockKeys)>,
}

impl Scheduler {
    pub(crate) fn new(
        shared: Arc<RuntimeContext>,
        kinds: Vec<Arc<dyn AnyAggregateType>>,
        mut known: Vec<TypeId>,
        readers: Arc<Readers>,
    ) -> Arc<Self> {
        known.sort_unstable();
        let seed = shared.environment.entropy.next_u64();
        let waiting = Waiting { order: Order::new(seed), admission_queue: BTreeMap::new() };
        Arc::new(Scheduler {
            kinds,
            known,
            readers,
            counters: ShardedCounters::default(),
            timings: Timings::of(&shared, "decision", "all"),
            numbers: LockKeyHasher::new(seed),
            waiting: Lock::new(waiting),
            kept: ViewCache::of(&shared, seed),
            timeouts: Timeouts::new(),
            has_timeouts_task: AtomicBool::new(false),
            shared,
        })
    }

    pub(super) fn shared(&self) -> &Arc<RuntimeContext> {
        &self.shared
    }

    /// # Panics
    /// If the decision was not added when the runtime was built: then nobody has looked whether the
    /// journal holds what it would overlook.
    #[track_caller]
    pub(super) fn assert_knows<D: 'static>(&self) {
        assert!(
            self.known.binary_search(&TypeId::of::<D>()).is_ok(),
            "the runtime does not know the decision {name}: add `.decision::<{name}>()` where it is \
             built",
            name = type_name::<D>(),
        );
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// One that was not accepted.
    pub(super) fn not_admitted(&self) {
        self.counters.here().not_admitted.one();
    }

    pub(super) fn capacity(&self) -> usize {
        self.shared.config.waiting_decisions
    }

    /// Lets a decision in, or, if there is no room, to the admission queue. `stands` is told where it stands
    /// before anybody else knows of it.
    pub(super) fn admit(
        self: &Arc<Self>,
        case: Arc<dyn DecisionRequest>,
        until: Duration,
        admission: Admission,
        stands: impl FnOnce(Ticket),
    ) -> Result<(), NotAdmitted> {
        let lock_keys = self.numbers.lock_keys_of(case.boundary());
        let mut waiting = self.waiting.lock();
        // Under the lock: a shutdown that has met the scheduler has seen who came before.
        if self.shared.stage() != Stage::Open {
            return Err(NotAdmitted::ShutDown);
        }
        let room = waiting.order.len() < self.capacity() && waiting.admission_queue.is_empty();
        if !room && admission == Admission::Refuse {
            return Err(NotAdmitted::Full);
        }
        let ticket = waiting.order.ticket();
        stands(ticket);
        let mut begins = false;
        if room {
            self.counters.here().accepted.one();
            begins = waiting.order.enter(ticket, lock_keys, case.clone());
        } else {
            case.request().waits_for_room();
            waiting.admission_queue.insert(ticket, (case.clone(), lock_keys));
        }
        // Under the lock: it has no outcome yet, so it is not forgotten before it is known.
        self.timeouts.insert((until, ticket), case);
        drop(waiting);
        self.expect_timeout();
        if begins {
            self.begin(ticket);
        }
        Ok(())
    }

    fn expect_timeout(self: &Arc<Self>) {
        if !self.has_timeouts_task.load(Ordering::Relaxed)
            && !self.has_timeouts_task.swap(true, Ordering::Relaxed)
        {
            let (waiting, of) = (self.timeouts.clone(), self.shared.clone());
            self.shared
                .keep("time-outs of decisions", move || timeouts::run(waiting.clone(), of.clone()));
        }
    }

    fn begin(self: &Arc<Self>, leader: Ticket) {
        self.shared.spawn(turn::run(self.clone(), leader));
    }

    /// Its caller does not wait any more.
    pub(super) fn forget(&self, until: Duration, ticket: Ticket) {
        self.timeouts.remove((until, ticket));
    }

    /// Its caller has given it up: who waits behind it goes on.
    pub(super) fn withdraw(self: &Arc<Self>, ticket: Ticket) {
        let mut waiting = self.waiting.lock();
        let at_the_door = waiting.admission_queue.remove(&ticket);
        let left = waiting.order.withdraw(ticket);
        let mut turns = left.turns;
        let away = self.admit_waiting(&mut waiting, &mut turns);
        drop(waiting);
        turns.into_iter().for_each(|leader| self.begin(leader));
        drop((at_the_door, left.gone, away));
    }

    /// Those whose turn it is with `leader`.
    pub(super) fn gather(&self, leader: Ticket) -> Gathered {
        let most = self.shared.config.batch_commands;
        let mut waiting = self.waiting.lock();
        if waiting.order.get(leader).is_none() {
            return Gathered::new();
        }
        let tickets = waiting.order.gather(leader, most);
        let case = |ticket| waiting.order.get(ticket).map(|case| (ticket, case.clone()));
        tickets.into_iter().filter_map(case).collect()
    }

    /// A turn is over. Returns the next one that is to be run by whoever ran it, if any.
    pub(super) fn leave(self: &Arc<Self>, tickets: &mut Tickets) -> Option<Ticket> {
        let mut waiting = self.waiting.lock();
        let Left { gone, mut turns } = waiting.order.leave(tickets.drain(..));
        let away = self.admit_waiting(&mut waiting, &mut turns);
        drop(waiting);
        drop((gone, away));
        let mut turns = turns.into_iter();
        let next = turns.next();
        turns.for_each(|leader| self.begin(leader));
        next
    }

    /// Holds the aggregates of this runtime that read what these decisions guard, so that each side
    /// waits for its turn. Those that are not in memory are not held, and not even made; nor are
    /// all those of a type that is guarded whatever the tags.
    pub(super) async fn hold_aggregates(
        &self,
        of: &[(Ticket, Arc<dyn DecisionRequest>)],
    ) -> Vec<Hold> {
        let mut held = Vec::new();
        // One after the other, in an order that is the same for everybody.
        for (nth, tag) in self.concerned(of) {
            if let Some(hold) = self.kinds[nth].hold(&tag) {
                held.extend(or_closed(&self.shared, hold).await.flatten());
            }
        }
        held
    }

    /// By their type and tag, the aggregates that read what these guard.
    fn concerned(&self, of: &[(Ticket, Arc<dyn DecisionRequest>)]) -> BTreeSet<(usize, Tag)> {
        let mut concerned = BTreeSet::new();
        if self.kinds.is_empty() {
            return concerned;
        }
        let items = of.iter().flat_map(|(_, case)| case.boundary().reading());
        let items = items.filter(|reading| reading.guards()).map(ReadingItem::item);
        for (tag, types) in items.flat_map(|item| item.tags().iter().map(|tag| (tag, item.types())))
        {
            let kinds = self.kinds.iter().enumerate();
            let reading = kinds.filter(|(_, kind)| types.iter().any(|name| kind.reads(name, tag)));
            concerned.extend(reading.map(|(nth, _)| (nth, tag.clone())));
        }
        concerned
    }

    /// The aggregates of this runtime that read these events, which the views are ahead with. Of
    /// those that are among the views the deadline is known, and recorded.
    pub(super) fn concerned_by(&self, events: &mut [EncodedEvent], views: &Folded) -> Concerned {
        let mut concerned = self.readers.concerned_by(events, None);
        if !concerned.is_empty() {
            concerned.know(|nth, tag| self.kinds[nth].deadline_in(views, tag));
            concerned.record(events, self.shared.limits.bytes, |nth| self.kinds[nth].name());
        }
        concerned
    }

    /// The keys of the tags of the aggregates that read this type.
    pub(super) fn keys(&self, event_type: &str) -> &[&'static str] {
        self.readers.keys(event_type)
    }

    /// They are told, each once, before they decide anything else; the events stand from `first` on.
    pub(super) fn tell(&self, concerned: &Concerned, first: Position) {
        #[cfg(feature = "fault-injection")]
        if self.shared.sabotaged(crate::sabotage::Sabotage::AggregatesNotTold) {
            return;
        }
        self.readers.tell(concerned, first);
    }

    /// They may have to know, once it can be told.
    pub(super) fn tell_perhaps(&self, concerned: &Concerned) {
        self.readers.tell_perhaps(concerned);
    }

    /// Meets a change of the runtime's stage: nobody is let in any more; once it is closed,
    /// everybody has an outcome.
    pub(crate) fn meet(&self, stage: Stage) {
        let mut waiting = self.waiting.lock();
        let admission_queue = std::mem::take(&mut waiting.admission_queue);
        let cases = if stage == Stage::Closed { waiting.order.clear() } else { Vec::new() };
        drop(waiting);
        admission_queue.into_values().for_each(|(case, _)| case.close());
        cases.into_iter().for_each(|case| case.close());
        if stage == Stage::Closed {
            // The task does the same, unless its executor is gone.
            self.timeouts.clear();
            self.kept.clear();
        }
    }

    /// Lets those in the admission queue in for whom there is room. Returns those who have gone.
    fn admit_waiting(
        &self,
        waiting: &mut Waiting,
        turns: &mut Vec<Ticket>,
    ) -> Vec<Arc<dyn DecisionRequest>> {
        let mut away = Vec::new();
        while waiting.order.len() < self.capacity()
            && let Some((ticket, (case, lock_keys))) = waiting.admission_queue.pop_first()
        {
            if !case.request().gets_room() {
                away.push(case);
                continue;
            }
            self.counters.here().accepted.one();
            if waiting.order.enter(ticket, lock_keys, case) {
                turns.push(ticket);
            }
        }
        away
    }
}
