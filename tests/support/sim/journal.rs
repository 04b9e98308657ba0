//! The journal of a run: a real one in memory, behind delays and failures.
//!
//! - An append is submitted by its call and takes effect whatever becomes of its caller, at once or
//!   later; its answer takes time as well.
//! - It may fail without having been written, fail so that nobody can tell (written, not written,
//!   or written only after that), and panic, in the call or in a poll.
//! - What takes effect is written into the ledger at that instant.

use std::sync::Arc;

use bailiwick::{
    AppendCondition, AppendError, AppendLimits, BoxFuture, EncodedEvent, Head, Health, Journal,
    JournalReadError, LastMatch, Page, Query, Read, ReopenError,
};
use tokio::sync::oneshot;

use super::effect::Outcome;
use super::fate::Fate;
use super::history::Writer;
use super::ledger::{counter_of, counter_of_tag};
use super::panics;
use super::seat::{Appending, Seat, UnderWay};
use super::sights::Sight;
use super::world::World;
use crate::invariant::Invariant::{Bounds, Rules};

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
    fn check_size(&self, events: &[EncodedEvent]) {
        let commanded = |event: &&EncodedEvent| event.metadata.extra().correlation.is_some();
        let of_commands = events.iter().filter(commanded);
        let (commands, most) = (of_commands.count(), self.world.plan.config.batch_commands.get());
        if commands > most {
            self.world.violated(
                Bounds.broken(format!("{commands} commands in one append; {most} are the bound")),
            );
        }
    }
}

impl Journal for SimJournal {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> BoxFuture<Outcome> {
        let Some(counter) = events.first().and_then(counter_of) else {
            self.world.violated(Rules.broken("an append concerns no counter of this run"));
            return self.world.store.append(events, condition);
        };
        self.check_size(&events);
        let fate = self.fate();
        if fate == Fate::PanicsInCall {
            self.failed(counter, fate);
            panic!("{}", panics::JOURNAL);
        }
        let (before, after) = (self.delay(), self.delay());
        let (appending, alone) = Appending::new(&self.seat, counter);
        self.world.expect(alone);
        let journal = SimJournal::new(&self.world, &self.seat);
        let append = Append { journal, counter, events, condition };
        if fate == Fate::Done && before + after == 0 && self.world.random.lock().one_in(2) {
            let by = Writer::Seat(self.seat.number);
            return Box::pin(std::future::ready(append.take_effect(by)));
        }
        let (tell, told) = oneshot::channel();
        self.world.spawn("append", append.run(fate, before, after, tell));
        Box::pin(answer(told, appending))
    }

    fn read(&self, read: Read) -> BoxFuture<Result<Page, JournalReadError>> {
        let items = read.query.items().unwrap_or_default();
        let tag = items.iter().flat_map(|item| item.tags().iter()).next();
        let Some(counter) = tag.and_then(counter_of_tag) else {
            return self.world.store.read(read);
        };
        let (before, after) = (self.delay(), self.delay());
        let under_way = UnderWay::new(&self.seat, counter);
        let journal = SimJournal::new(&self.world, &self.seat);
        Box::pin(async move {
            let _under_way = under_way;
            let world = &journal.world;
            world.sleep(before).await;
            let page = world.store.read(read).await;
            world.sleep(after).await;
            match journal.read_fails(counter) {
                None => page,
                Some(true) => panic!("{}", panics::JOURNAL),
                Some(false) => Err(unavailable()),
            }
        })
    }

    fn last(&self, query: Query) -> BoxFuture<Result<LastMatch, JournalReadError>> {
        self.world.store.last(query)
    }

    fn head(&self) -> BoxFuture<Result<Head, JournalReadError>> {
        self.world.store.head()
    }

    fn limits(&self) -> AppendLimits {
        self.world.store.limits()
    }

    fn health(&self) -> Health {
        self.world.store.health()
    }

    fn reopen(&self) -> BoxFuture<Result<(), ReopenError>> {
        self.world.store.reopen()
    }
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
    counter: usize,
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
                self.journal.failed(self.counter, fate);
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
        self.journal.failed(self.counter, fate);
        let _ = tell.send(end);
    }

    fn take_effect(&self, by: Writer) -> Outcome {
        let (events, condition) = (self.events.clone(), self.condition.clone());
        self.journal.world.take_effect(by, self.counter, events, condition)
    }
}

fn unavailable() -> JournalReadError {
    let error: bailiwick::BoxError = "the disk is gone".into();
    JournalReadError::Unavailable(error.into())
}
