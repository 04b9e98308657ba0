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
    Answer, AppendCondition, AppendError, AppendLimits, EncodedEvent, Head, Health, Journal,
    JournalId, JournalReadError, LastMatch, Outline, Page, Query, Read, ReadValues, ReopenError,
    ValuesPage,
};
use bailiwick::{MemoryJournal, Position, Tag};
use tokio::sync::oneshot;

use super::ask::keyed_call;
use super::coverage::Case;
use super::history::Writer;
use super::ledger::{Outcome, counter_of_tag, counters_of};
use super::node::{Appender, Appending, Node, UnderWay};
use super::world::World;
use crate::invariant::Invariant::{Bounds, Rules};
use crate::journals::outlined::{outline_of, some_of};
use crate::sim::faults::AppendFault;
use crate::sim::panics;

/// The journal as one runtime has it.
pub(super) struct SimJournal {
    pub(super) world: Arc<World>,
    pub(super) node: Arc<Node>,
}

/// How a call to the journal ends.
enum End<T> {
    Returns(T),
    Panics,
}

impl SimJournal {
    pub(super) fn new(world: &Arc<World>, node: &Arc<Node>) -> Self {
        SimJournal { world: world.clone(), node: node.clone() }
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
                ledger.calls.get(call).map_or(vec![], |record| record.call.about().collect())
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
        let under_way = UnderWay::new(&self.node, counters.clone());
        let journal = SimJournal::new(&self.world, &self.node);
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
        let fault = self.append_fault();
        if fault == AppendFault::PanicsInCall {
            self.failed(&counters, fault);
            panic!("{}", panics::JOURNAL);
        }
        let (before, after) = (self.delay(), self.delay());
        let (appending, alone) = Appending::new(&self.node, counters.clone(), alone, by);
        self.world.expect(alone);
        let journal = SimJournal::new(&self.world, &self.node);
        let append = Append { journal, counters, events, condition };
        if fault == AppendFault::None && before + after == 0 && self.world.random.lock().one_in(2) {
            let by = Writer::Node(self.node.number);
            return Answer::ready(append.take_effect(by));
        }
        let (tell, told) = oneshot::channel();
        self.world.spawn("append", append.run(fault, before, after, tell));
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
    async fn run(
        self,
        fault: AppendFault,
        before: u64,
        after: u64,
        tell: oneshot::Sender<End<Outcome>>,
    ) {
        let world = self.journal.world.clone();
        let by = Writer::Node(self.journal.node.number);
        let unknown = || AppendError::Unknown("the connection broke".into());
        world.sleep(before).await;
        let end = match fault {
            AppendFault::None => End::Returns(self.take_effect(by)),
            AppendFault::NotWritten => {
                End::Returns(Err(AppendError::NotWritten("the disk is full".into())))
            }
            AppendFault::UnknownLost => End::Returns(Err(unknown())),
            AppendFault::UnknownWritten => {
                End::Returns(self.take_effect(by).and_then(|_| Err(unknown())))
            }
            AppendFault::UnknownLate => {
                self.journal.failed(&self.counters, fault);
                let _ = tell.send(End::Returns(Err(unknown())));
                world.sleep(after).await;
                world.covered(Case::LateAppend);
                let _ = self.take_effect(Writer::Late(self.journal.node.number));
                return;
            }
            AppendFault::PanicsInCall | AppendFault::PanicsUnwritten => End::Panics,
            AppendFault::PanicsWritten => {
                let _ = self.take_effect(by);
                End::Panics
            }
        };
        world.sleep(after).await;
        self.journal.failed(&self.counters, fault);
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
