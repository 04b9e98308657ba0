//! The floor: where decisions stand while they wait for their turn, and who lets them in.

use std::any::{TypeId, type_name};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bailiwick_core::journal::EncodedEvent;
use bailiwick_core::views::{Folded, ReadingItem};
use bailiwick_core::{Position, Tag};
use smallvec::SmallVec;

use super::case::Case;
use super::lines::{Lines, Numbers};
use super::order::{Left, Order, Ticket, Tickets};
use super::turn;
use crate::aggregates::ask::Admission;
use crate::cell::{Hold, NotAdmitted};
use crate::context::counts::{Counts, Tally};
use crate::context::{Lock, Shared, Stage};
use crate::journal::port::or_closed;
use crate::registry::aggregate_type::AnyKind;
use crate::registry::news::{Concerned, Readers};
use crate::request::timeouts::{self, Patience};
use crate::telemetry::timings::Timings;
use crate::view::cache::Kept;

pub(crate) struct Floor {
    shared: Arc<Shared>,
    kinds: Vec<Arc<dyn AnyKind>>,
    /// Which decisions were added, in order.
    known: Vec<TypeId>,
    readers: Arc<Readers>,
    tally: Tally,
    pub(super) timings: Timings,
    numbers: Numbers,
    standing: Lock<Standing>,
    pub(super) kept: Kept,
    patience: Arc<Patience>,
    /// Whether somebody ends the wait of callers whose time is up.
    is_patient: AtomicBool,
}

/// Those of a turn: mostly one.
pub(super) type Gathered = SmallVec<[(Ticket, Arc<dyn Case>); 1]>;

struct Standing {
    order: Order<Arc<dyn Case>>,
    /// Those whose callers wait for room, in order. As many as there are such callers.
    door: BTreeMap<Ticket, (Arc<dyn Case>, Lines)>,
}

impl Floor {
    pub(crate) fn new(
        shared: Arc<Shared>,
        kinds: Vec<Arc<dyn AnyKind>>,
        mut known: Vec<TypeId>,
        readers: Arc<Readers>,
    ) -> Arc<Self> {
        known.sort_unstable();
        let seed = shared.seams.entropy.next_u64();
        let standing = Standing { order: Order::new(seed), door: BTreeMap::new() };
        Arc::new(Floor {
            kinds,
            known,
            readers,
            tally: Tally::default(),
            timings: Timings::of(&shared, "decision", "all"),
            numbers: Numbers::new(seed),
            standing: Lock::new(standing),
            kept: Kept::of(&shared, seed),
            patience: Patience::new(),
            is_patient: AtomicBool::new(false),
            shared,
        })
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
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

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(crate) fn counts(&self) -> Counts {
        self.tally.read()
    }

    /// One that was not accepted.
    pub(super) fn turned_away(&self) {
        self.tally.here().turned_away.one();
    }

    pub(super) fn capacity(&self) -> usize {
        self.shared.config.waiting_decisions
    }

    /// Lets a decision in, or, if there is no room, to the door. `stands` is told where it stands
    /// before anybody else knows of it.
    pub(super) fn admit(
        self: &Arc<Self>,
        case: Arc<dyn Case>,
        until: Duration,
        admission: Admission,
        stands: impl FnOnce(Ticket),
    ) -> Result<(), NotAdmitted> {
        let lines = self.numbers.lines_of(case.boundary());
        let mut standing = self.standing.lock();
        // Under the lock: a shutdown that has met the floor has seen who came before.
        if self.shared.stage() != Stage::Open {
            return Err(NotAdmitted::ShutDown);
        }
        let room = standing.order.len() < self.capacity() && standing.door.is_empty();
        if !room && admission == Admission::Refuse {
            return Err(NotAdmitted::Full);
        }
        let ticket = standing.order.ticket();
        stands(ticket);
        let mut begins = false;
        if room {
            self.tally.here().accepted.one();
            begins = standing.order.enter(ticket, lines, case.clone());
        } else {
            case.wait_at_the_door();
            standing.door.insert(ticket, (case.clone(), lines));
        }
        // Under the lock: it has no outcome yet, so it is not forgotten before it is known.
        self.patience.insert((until, ticket), case);
        drop(standing);
        self.be_patient();
        if begins {
            self.begin(ticket);
        }
        Ok(())
    }

    fn be_patient(self: &Arc<Self>) {
        if !self.is_patient.load(Ordering::Relaxed)
            && !self.is_patient.swap(true, Ordering::Relaxed)
        {
            let (waiting, of) = (self.patience.clone(), self.shared.clone());
            self.shared
                .keep("time-outs of decisions", move || timeouts::run(waiting.clone(), of.clone()));
        }
    }

    fn begin(self: &Arc<Self>, leader: Ticket) {
        self.shared.spawn(turn::run(self.clone(), leader));
    }

    /// Its caller does not wait any more.
    pub(super) fn forget(&self, until: Duration, ticket: Ticket) {
        self.patience.remove((until, ticket));
    }

    /// Its caller has given it up: who waits behind it goes on.
    pub(super) fn withdraw(self: &Arc<Self>, ticket: Ticket) {
        let mut standing = self.standing.lock();
        let at_the_door = standing.door.remove(&ticket);
        let left = standing.order.withdraw(ticket);
        let mut turns = left.turns;
        let away = standing.let_in(self.capacity(), &mut turns);
        drop(standing);
        turns.into_iter().for_each(|leader| self.begin(leader));
        drop((at_the_door, left.gone, away));
    }

    /// Those whose turn it is with `leader`.
    pub(super) fn gather(&self, leader: Ticket) -> Gathered {
        let most = self.shared.config.batch_commands;
        let mut standing = self.standing.lock();
        if standing.order.get(leader).is_none() {
            return Gathered::new();
        }
        let tickets = standing.order.gather(leader, most);
        let case = |ticket| standing.order.get(ticket).map(|case| (ticket, case.clone()));
        tickets.into_iter().filter_map(case).collect()
    }

    /// A turn is over. Returns the next one that is to be run by whoever ran it, if any.
    pub(super) fn leave(self: &Arc<Self>, tickets: &mut Tickets) -> Option<Ticket> {
        let mut standing = self.standing.lock();
        let Left { gone, mut turns } = standing.order.leave(tickets.drain(..));
        let away = standing.let_in(self.capacity(), &mut turns);
        drop(standing);
        drop((gone, away));
        let mut turns = turns.into_iter();
        let next = turns.next();
        turns.for_each(|leader| self.begin(leader));
        next
    }

    /// Holds the aggregates of this runtime that read what these decisions guard, so that each side
    /// waits for its turn. Those that are not in memory are not held, and not even made; nor are
    /// all those of a type that is guarded whatever the tags.
    pub(super) async fn hold_aggregates(&self, of: &[(Ticket, Arc<dyn Case>)]) -> Vec<Hold> {
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
    fn concerned(&self, of: &[(Ticket, Arc<dyn Case>)]) -> BTreeSet<(usize, Tag)> {
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
        let mut standing = self.standing.lock();
        let door = std::mem::take(&mut standing.door);
        let cases = if stage == Stage::Closed { standing.order.clear() } else { Vec::new() };
        drop(standing);
        door.into_values().for_each(|(case, _)| case.close());
        cases.into_iter().for_each(|case| case.close());
        if stage == Stage::Closed {
            // The task does the same, unless its executor is gone.
            self.patience.clear();
            self.kept.clear();
        }
    }

    /// The executor is gone: nothing will ever run here again.
    pub(super) fn forsake(&self) {
        self.meet(Stage::Closed);
    }
}

impl Standing {
    /// Lets those at the door in for whom there is room. Returns those who have gone.
    fn let_in(&mut self, capacity: usize, turns: &mut Vec<Ticket>) -> Vec<Arc<dyn Case>> {
        let mut away = Vec::new();
        while self.order.len() < capacity
            && let Some((ticket, (case, lines))) = self.door.pop_first()
        {
            if !case.come_in() {
                away.push(case);
            } else if self.order.enter(ticket, lines, case) {
                turns.push(ticket);
            }
        }
        away
    }
}
