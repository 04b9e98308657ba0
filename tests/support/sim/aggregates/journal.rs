//! The journal of a run: a real one in memory, behind delays and failures.
//!
//! - An append is submitted by its call and takes effect whatever becomes of its caller, at once or
//!   later; its answer takes time as well.
//! - It may fail without having been written, fail so that nobody can tell (written, not written,
//!   or written only after that), and panic, in the call or in a poll.
//! - What takes effect is written into the ledger at that instant.

use std::collections::BTreeSet;
use std::sync::Arc;

use bailiwick::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, Head, Health,
    Journal, JournalId, JournalReadError, LastMatch, Page, Query, Read, ReadValues, ReopenError,
    ValuesPage,
};
use bailiwick::{MemoryJournal, Position, Tag};
use tokio::sync::oneshot;

use super::ask::keyed_call;
use super::coverage::Sight;
use super::history::Writer;
use super::ledger::{counter_of_tag, counters_of};
use super::node::{Appender, Appending, Seat, UnderWay};
use super::world::World;
use crate::invariant::Invariant::{Bounds, Readable, Rules};
use crate::sim::faults::Fate;
use crate::sim::panics;
use crate::sim::trace::Step;

/// The journal as one runtime has it.
pub(super) struct SimJournal {
    pub(super) world: Arc<World>,
    pub(super) seat: Arc<Seat>,
}

/// How a call to the journal ends.
enum End<T> {
    Returns(T),
    Panics,
}

impl SimJournal {
    pub(super) fn new(world: &Arc<World>, seat: &Arc<Seat>) -> Self {
        SimJournal { world: world.clone(), seat: seat.clone() }
    }
}

impl SimJournal {
    fn check_size(&self, events: &[EncodedEvent], by: Appender) {
        let commanded = |event: &&EncodedEvent| event.metadata.extra().correlation.is_some();
        let of_commands = events.iter().filter(commanded).filter(|event| !event.is_reserved());
        let config = &self.world.plan.config;
        let (commands, most) = match by {
            Appender::Aggregate => (of_commands.count(), config.get_batch_commands()),
            Appender::Decisions => (of_commands.count(), config.get_waiting_decisions()),
        };
        if commands > most {
            let what = format!("{commands} by {by:?} in one append; {most} are the bound");
            self.world.violated(Bounds.broken(what));
        }
    }

    /// The counters that a query is about: by their tags, or by the key of a call.
    fn counters_in(&self, query: &Query) -> Vec<usize> {
        let items = query.items().unwrap_or_default();
        let tags = items.iter().flat_map(|item| item.tags().iter());
        let of_tag = |tag: &Tag| match (counter_of_tag(tag), keyed_call(tag.value())) {
            (Some(counter), _) => vec![counter],
            (None, Some(call)) => {
                let ledger = self.world.ledger.lock();
                ledger.trails.get(call).map_or(vec![], |trail| trail.call.about().collect())
            }
            (None, None) => vec![],
        };
        let mut counters: Vec<_> = tags.flat_map(of_tag).collect();
        counters.sort_unstable();
        counters.dedup();
        counters
    }

    /// Asks the store when it is polled.
    fn later<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&MemoryJournal) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let store = self.world.store.clone();
        Answer::later(async move { ask(&store).await })
    }

    /// Reads something about these counters, as slowly as the journal is.
    fn slowly<T: Send + 'static>(
        &self,
        counters: Vec<usize>,
        read: Answer<Result<T, JournalReadError>>,
    ) -> Answer<Result<T, JournalReadError>> {
        let (before, after) = (self.delay(), self.delay());
        let under_way = UnderWay::new(&self.seat, counters.clone());
        let journal = SimJournal::new(&self.world, &self.seat);
        Answer::later(async move {
            let _under_way = under_way;
            let world = &journal.world;
            world.sleep(before).await;
            let found = read.await;
            world.sleep(after).await;
            match journal.read_fails(&counters) {
                None => found,
                Some(true) => panic!("{}", panics::JOURNAL),
                Some(false) => Err(unavailable()),
            }
        })
    }
}

impl Journal for SimJournal {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Outcome> {
        let mut counters: Vec<_> = events.iter().flat_map(counters_of).collect();
        counters.sort_unstable();
        counters.dedup();
        if counters.is_empty() {
            self.world.violated(Rules.broken("an append concerns no counter of this run"));
            return self.world.store.append(events, condition);
        }
        let by = match events.iter().any(|event| event.metadata.origin.is_some()) {
            true => Appender::Aggregate,
            false => Appender::Decisions,
        };
        self.check_size(&events, by);
        let alone = match (by, &condition) {
            (Appender::Aggregate, _) => counters.clone(),
            // Who only emits an event of a counter is in the queue of another one.
            (Appender::Decisions, Some(guarded)) => tagged_in(&guarded.query).collect(),
            (Appender::Decisions, None) => vec![],
        };
        let fate = self.fate();
        if fate == Fate::PanicsInCall {
            self.failed(&counters, fate);
            panic!("{}", panics::JOURNAL);
        }
        let (before, after) = (self.delay(), self.delay());
        let (appending, alone) = Appending::new(&self.seat, counters.clone(), alone, by);
        self.world.expect(alone);
        let journal = SimJournal::new(&self.world, &self.seat);
        let append = Append { journal, counters, events, condition };
        if fate == Fate::Done && before + after == 0 && self.world.random.lock().one_in(2) {
            let by = Writer::Seat(self.seat.number);
            return Answer::ready(append.take_effect(by));
        }
        let (tell, told) = oneshot::channel();
        self.world.spawn("append", append.run(fate, before, after, tell));
        Answer::later(answer(told, appending))
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        let counters = self.counters_in(&read.query);
        match counters.is_empty() {
            true => self.world.store.read(read),
            // What is there when it is read, not when it is asked for.
            false => self.slowly(counters, self.later(move |store| store.read(read))),
        }
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        let counters = self.counters_in(&query);
        match counters.is_empty() {
            true => self.world.store.last(query),
            false => self.slowly(counters, self.later(move |store| store.last(query))),
        }
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

/// The counters whose tags a query names.
fn tagged_in(query: &Query) -> impl Iterator<Item = usize> {
    let tags = query.items().unwrap_or_default().iter().flat_map(|item| item.tags().iter());
    tags.filter_map(counter_of_tag).collect::<BTreeSet<_>>().into_iter()
}

/// Waits for the end of an append; dropping it changes nothing about the append.
async fn answer(told: oneshot::Receiver<End<Outcome>>, _appending: Appending) -> Outcome {
    match told.await {
        Ok(End::Returns(outcome)) => outcome,
        Ok(End::Panics) => panic!("{}", panics::JOURNAL),
        Err(_) => Err(AppendError::Unknown("the run is over".into())),
    }
}

/// An append that was submitted.
struct Append {
    journal: SimJournal,
    counters: Vec<usize>,
    events: Vec<EncodedEvent>,
    condition: Option<AppendCondition>,
}

impl Append {
    async fn run(self, fate: Fate, before: u64, after: u64, tell: oneshot::Sender<End<Outcome>>) {
        let world = self.journal.world.clone();
        let by = Writer::Seat(self.journal.seat.number);
        let unknown = || AppendError::Unknown("the connection broke".into());
        world.sleep(before).await;
        let end = match fate {
            Fate::Done => End::Returns(self.take_effect(by)),
            Fate::NotWritten => {
                End::Returns(Err(AppendError::NotWritten("the disk is full".into())))
            }
            Fate::Lost => End::Returns(Err(unknown())),
            Fate::Hidden => End::Returns(self.take_effect(by).and_then(|_| Err(unknown()))),
            Fate::Late => {
                self.journal.failed(&self.counters, fate);
                let _ = tell.send(End::Returns(Err(unknown())));
                world.sleep(after).await;
                world.saw(Sight::LateAppend);
                let _ = self.take_effect(Writer::Late(self.journal.seat.number));
                return;
            }
            Fate::PanicsInCall | Fate::PanicsUnwritten => End::Panics,
            Fate::PanicsWritten => {
                let _ = self.take_effect(by);
                End::Panics
            }
        };
        world.sleep(after).await;
        self.journal.failed(&self.counters, fate);
        let _ = tell.send(end);
    }

    fn take_effect(&self, by: Writer) -> Outcome {
        let (events, condition) = (self.events.clone(), self.condition.clone());
        self.journal.world.take_effect(by, self.counters[0], events, condition)
    }
}

fn unavailable() -> JournalReadError {
    let error: bailiwick::BoxError = "the disk is gone".into();
    JournalReadError::Unavailable(error.into())
}

/// What comes of an append.
pub(super) type Outcome = Result<Appended, AppendError>;

impl World {
    /// An append takes effect, unless its condition does not hold.
    pub(super) fn take_effect(
        &self,
        by: Writer,
        counter: usize,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Outcome {
        let outcome = self.store.append(events.clone(), condition).now();
        let outcome = outcome.expect("a journal in memory answers at once");
        let seat = match by {
            Writer::Seat(seat) | Writer::Late(seat) => Some(seat),
            Writer::Foreign => None,
        };
        match &outcome {
            Ok(appended) => {
                let latest = self.latest();
                let first = appended.first.get();
                self.note(&Step::Appended { by: seat, counter, first, events: events.len() });
                let checked = self.ledger.lock().record(by, appended.first, &events, latest);
                self.expect(checked);
            }
            Err(AppendError::Conflict { at }) => {
                self.saw(Sight::Conflict);
                let at = at.get();
                self.note(&Step::Conflict { seat, counter, at });
            }
            Err(error) => {
                self.violated(Readable.broken(format!("the journal in memory failed: {error}")));
            }
        }
        outcome
    }
}
