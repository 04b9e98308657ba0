//! What was missed while nothing ran is caught up, however much it is.

use std::time::Duration;

use bailiwick::journal::{Query, Read};
use bailiwick::{
    Aggregate, Aggregates, Context, Decide, Event, LeaseSet, ManualClock, MemoryJournal, Runtime,
    Timestamp, View, id,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

id!(BillId: "bill");

const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

/// A bill that is written every month, and places that are let until some time.
struct Bills {
    next: Option<Timestamp>,
    written: u64,
    lets: LeaseSet<u64>,
    broken: bool,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum BillEvent {
    Begun { at: Timestamp },
    Written { number: u64 },
    Let { places: u64, until: Timestamp },
    LetEnded { place: u64 },
    Broken {},
    Sniffed {},
    Looked { written: u64 },
}

impl View for Bills {
    type Key = BillId;
    type Event = BillEvent;

    fn new(_: &BillId) -> Self {
        Bills { next: None, written: 0, lets: LeaseSet::new(0), broken: false }
    }

    fn apply(&mut self, event: &BillEvent, _: Timestamp) {
        match event {
            BillEvent::Begun { at } => self.next = Some(*at + MONTH),
            BillEvent::Written { number } => {
                self.written = *number;
                self.next = self.next.map(|next| next + MONTH);
            }
            BillEvent::Let { places, until } => {
                (0..*places).for_each(|place| self.lets.grant(place, *until));
            }
            BillEvent::LetEnded { place } => self.lets.end(place),
            BillEvent::Broken {} => self.broken = true,
            BillEvent::Sniffed {} | BillEvent::Looked { .. } => {}
        }
    }
}

/// From this bill on, a broken aggregate writes no more.
const BREAKS_AT: u64 = 100;

impl Aggregate for Bills {
    const NAME: &'static str = "Bills";

    fn deadline(&self) -> Option<Timestamp> {
        self.next.into_iter().chain(self.lets.next_expiry()).min()
    }

    /// One at a time.
    fn on_deadline(&self, ctx: &mut Context<BillEvent>) {
        if let Some((place, _)) = self.lets.expired(ctx.now()).next() {
            return ctx.emit(BillEvent::LetEnded { place: *place });
        }
        match self.broken && self.written >= BREAKS_AT {
            true => ctx.emit(BillEvent::Sniffed {}),
            false => ctx.emit(BillEvent::Written { number: self.written + 1 }),
        }
    }
}

struct Emit(fn(Timestamp) -> BillEvent);
struct Look;

impl Decide<Emit> for Bills {
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn decide(
        &self,
        Emit(event): &Emit,
        ctx: &mut Context<BillEvent>,
    ) -> Result<(), Self::Rejection> {
        ctx.emit(event(ctx.now()));
        Ok(())
    }
}

impl Decide<Look> for Bills {
    type Reply = u64;
    type Rejection = std::convert::Infallible;

    fn decide(&self, _: &Look, ctx: &mut Context<BillEvent>) -> Result<u64, Self::Rejection> {
        assert!(self.deadline().is_none_or(|deadline| deadline > ctx.now()), "expiry first");
        ctx.emit(BillEvent::Looked { written: self.written });
        Ok(self.written)
    }
}

const BEGUN: Emit = Emit(|at| BillEvent::Begun { at });
const BROKEN: Emit = Emit(|_| BillEvent::Broken {});

struct Office {
    _runtime: Runtime,
    bills: Aggregates<Bills>,
    clock: ManualClock,
    journal: FaultyJournal,
}

async fn office() -> Office {
    let journal = FaultyJournal::new(MemoryJournal::new());
    office_on(journal, ManualClock::at(1_000)).await
}

async fn office_on(journal: FaultyJournal, clock: ManualClock) -> Office {
    let runtime = Runtime::builder(journal.clone()).aggregate::<Bills>().clock(clock.clone());
    let runtime = runtime.entropy(7).start().await.unwrap();
    Office { bills: runtime.aggregates(), _runtime: runtime, clock, journal }
}

impl Office {
    async fn ask(&self, id: &'static str, emit: Emit) {
        self.bills.get(id).ask(emit).await.unwrap();
    }

    async fn written(&self, id: &'static str) -> u64 {
        self.bills.get(id).read(|bills, _| bills.written).await.unwrap().value
    }

    async fn types(&self) -> Vec<String> {
        let read = Read::new(Query::all()).limit(100_000.try_into().unwrap());
        let page = self.journal.inner().read(read).await.unwrap();
        page.events.iter().map(|event| event.event.event_type.to_string()).collect()
    }
}

#[tokio::test]
async fn however_many_periods_were_missed_all_are_caught_up() {
    let office = office().await;
    office.ask("a", BEGUN).await;
    office.clock.advance(1_000 * MONTH);
    settle().await;
    assert_eq!(office.written("a").await, 1_000);
    office.clock.advance(MONTH);
    settle().await;
    assert_eq!(office.written("a").await, 1_001, "and it goes on");
}

#[tokio::test]
async fn however_many_are_over_at_the_same_time_one_after_the_other_is_ended() {
    let office = office().await;
    office.ask("a", Emit(|at| BillEvent::Let { places: 500, until: at + MONTH })).await;
    office.clock.advance(MONTH);
    settle().await;
    let left = office.bills.get("a").read(|bills, _| bills.lets.in_use(0.into())).await;
    assert_eq!(left.unwrap().value, 0);
}

#[tokio::test]
async fn a_command_waits_until_all_of_it_is_caught_up() {
    let office = office().await;
    office.ask("a", BEGUN).await;
    office.clock.advance(1_000 * MONTH);
    // No task runs between the step of the clock and the commands.
    let bills = office.bills.get("a");
    let (first, second) = tokio::join!(bills.ask(Look), bills.ask(Look));
    assert_eq!((first.unwrap(), second.unwrap()), (1_000, 1_000));
}

#[tokio::test]
async fn catching_up_lets_others_have_their_turn_and_writes_what_it_has() {
    let office = office().await;
    office.ask("a", BEGUN).await;
    office.ask("b", BEGUN).await;
    office.journal.shut();
    office.clock.advance(1_000 * MONTH);
    settle().await;
    office.journal.waiting(2).await;
    let caller = tokio::spawn(office.bills.get("a").ask(Look));
    settle().await;
    // Each append is a part of it, and what has passed stands.
    office.journal.let_pass(1);
    settle().await;
    let written = office.types().await.len() - 2;
    assert!((1..=64).contains(&written), "{written} at once");
    drop(office.bills.get("b"));
    office.journal.open();
    assert_eq!(caller.await.unwrap().unwrap(), 1_000);
    settle().await;
    assert_eq!(office.written("b").await, 1_000);
}

/// The caller's time is up long before its turn comes: it is told that its command was not run.
#[tokio::test]
async fn a_command_that_waits_for_it_may_lapse() {
    let office = office().await;
    office.ask("a", BEGUN).await;
    office.journal.shut();
    office.clock.advance(1_000 * MONTH);
    let caller = office.bills.get("a").timeout(Duration::from_secs(1)).ask(Look);
    let caller = tokio::spawn(caller);
    settle().await;
    office.clock.advance(Duration::from_secs(1));
    let error = caller.await.unwrap().unwrap_err();
    assert!(matches!(error.not_run(), Some(bailiwick::Cause::TimedOut)), "{error:?}");
    office.journal.open();
    settle().await;
    assert!(!office.types().await.contains(&"Looked".to_owned()));
}

#[tokio::test]
async fn a_restart_in_the_middle_of_it_goes_on_where_it_was() {
    let office = office().await;
    office.ask("a", BEGUN).await;
    office.journal.shut();
    office.clock.advance(1_000 * MONTH);
    settle().await;
    for _ in 0..3 {
        office.journal.let_pass(1);
        settle().await;
    }
    let (journal, clock) = (office.journal.clone(), office.clock.clone());
    drop(office);
    settle().await;
    journal.open();
    let office = office_on(journal, clock).await;
    settle().await;
    assert_eq!(office.written("a").await, 1_000);
    let written = office.types().await.iter().filter(|name| *name == "Written").count();
    assert_eq!(written, 1_000, "each once");
}

/// A mistake in the middle of it: what was decided before it stands, and nothing after it.
#[tokio::test]
async fn a_deadline_that_does_not_move_is_endless_and_what_came_before_it_stands() {
    let office = office().await;
    office.ask("a", BEGUN).await;
    office.ask("a", BROKEN).await;
    office.clock.advance(1_000 * MONTH);
    settle().await;
    let types = office.types().await;
    assert_eq!(types.iter().filter(|name| *name == "Written").count(), 100);
    assert!(!types.contains(&"Sniffed".to_owned()), "rounds that lead nowhere are not written");
    assert_eq!(office.bills.counts().stuck_deadlines, 1);
    office.ask("b", BEGUN).await;
    // Commands go on while the deadline is left alone.
    office.ask("a", BROKEN).await;
}
