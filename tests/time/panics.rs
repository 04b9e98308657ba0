//! Background tasks that panic, by code of a journal or a domain: reported, and going on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bailiwick::{
    Aggregate, AppendCondition, AppendError, AppendLimits, Appended, BoxFuture, Builder, Clock,
    Context, Decide, EncodedEvent, Event, Head, Health, Journal, JournalReadError, LastMatch,
    ManualClock, MemoryJournal, Page, Query, Read, ReopenError, Runtime, Timestamp, View, id,
};
use bailiwick_tests::counter::{Bell, Count, Counter, SetAlarm};
use bailiwick_tests::faulty::{Fault, FaultyJournal};
use bailiwick_tests::stage::{BEGIN, Stage, settle};
use serde::{Deserialize, Serialize};

async fn pass(clock: &ManualClock, seconds: u64) {
    for _ in 0..10 * seconds {
        clock.advance(Duration::from_millis(100));
        settle().await;
    }
}

/// A journal whose `reopen` panics for the first so many times.
#[derive(Clone)]
struct Clumsy {
    inner: FaultyJournal,
    panics: Arc<AtomicUsize>,
}

impl Journal for Clumsy {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> BoxFuture<Result<Appended, AppendError>> {
        self.inner.append(events, condition)
    }

    fn read(&self, read: Read) -> BoxFuture<Result<Page, JournalReadError>> {
        self.inner.read(read)
    }

    fn last(&self, query: Query) -> BoxFuture<Result<LastMatch, JournalReadError>> {
        self.inner.last(query)
    }

    fn head(&self) -> BoxFuture<Result<Head, JournalReadError>> {
        self.inner.head()
    }

    fn health(&self) -> Health {
        self.inner.health()
    }

    fn limits(&self) -> AppendLimits {
        self.inner.limits()
    }

    fn reopen(&self) -> BoxFuture<Result<(), ReopenError>> {
        let one_less = |n: usize| n.checked_sub(1);
        assert!(self.panics.fetch_update(SeqCst, SeqCst, one_less).is_err(), "no hands");
        self.inner.reopen()
    }
}

#[tokio::test]
async fn a_journal_that_panics_while_it_is_opened_again_is_tried_again_and_reported() {
    let (clock, inner) = (ManualClock::at(BEGIN), FaultyJournal::new(MemoryJournal::new()));
    let journal = Clumsy { inner, panics: Arc::new(AtomicUsize::new(3)) };
    let runtime = Runtime::builder(journal.clone()).aggregate::<Counter>().clock(clock.clone());
    let runtime = runtime.reopen_journal().start().await.unwrap();
    let counters = runtime.aggregates::<Counter>();
    journal.inner.fail_stop(0);
    journal.inner.plan([Fault::UnknownLost]);
    counters.get("a").ask(Count::FREELY).await.unwrap_err();
    settle().await;
    let health = runtime.health();
    assert!(!health.is_open());
    assert_eq!(health.tasks.len(), 1);
    assert_eq!(
        (&*health.tasks[0].task, &*health.tasks[0].message),
        ("reopening of the journal", "no hands")
    );
    pass(&clock, 5).await;
    let health = runtime.health();
    assert!(health.is_open() && !health.is_well(), "{health}");
    assert_eq!((health.tasks[0].panics, health.tasks[0].ended), (3, false));
    counters.get("a").ask(Count::FREELY).await.unwrap();
    pass(&clock, 60).await;
    assert!(runtime.health().is_well(), "{}", runtime.health());
}

id!(VaseId: "vase");

/// An aggregate that cannot be let go of without a panic, while it is told so.
struct Vase {
    fragile: bool,
}

static FRAGILE: AtomicBool = AtomicBool::new(false);

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum VaseEvent {
    Made {},
}

impl View for Vase {
    type Key = VaseId;
    type Event = VaseEvent;
    fn new(_: &VaseId) -> Self {
        Vase { fragile: false }
    }
    fn apply(&mut self, _: &VaseEvent, _: Timestamp) {
        self.fragile = true;
    }
}

impl Drop for Vase {
    fn drop(&mut self) {
        assert!(!self.fragile || !FRAGILE.load(SeqCst) || std::thread::panicking(), "broken");
    }
}

impl Aggregate for Vase {
    const NAME: &'static str = "Vase";
}

impl Decide<VaseEvent> for Vase {
    type Reply = ();
    type Rejection = std::convert::Infallible;
    fn decide(
        &self,
        made: &VaseEvent,
        ctx: &mut Context<VaseEvent>,
    ) -> Result<(), Self::Rejection> {
        ctx.emit(made.clone());
        Ok(())
    }
}

#[tokio::test]
async fn a_state_that_panics_when_it_is_dropped_does_not_end_the_eviction_of_others() {
    let clock = ManualClock::at(BEGIN);
    let runtime = Runtime::builder(MemoryJournal::new()).aggregate::<Vase>().clock(clock.clone());
    let runtime = runtime.start().await.unwrap();
    let vases = runtime.aggregates::<Vase>();
    for id in ["a", "b", "c"] {
        vases.get(id).ask(VaseEvent::Made {}).await.unwrap();
    }
    FRAGILE.store(true, SeqCst);
    pass(&clock, 70).await;
    FRAGILE.store(false, SeqCst);
    let health = runtime.health();
    assert_eq!((&*health.tasks[0].task, &*health.tasks[0].message), ("rest of Vase", "broken"));
    assert_eq!(vases.in_memory(), []);
}

/// A clock that panics for once in each way that a background task calls it.
#[derive(Clone)]
struct Shaky {
    inner: ManualClock,
    shakes: Arc<AtomicBool>,
}

impl Clock for Shaky {
    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<()> {
        assert!(!self.shakes.swap(false, SeqCst), "the clock shakes");
        self.inner.sleep_until(at)
    }
}

#[tokio::test]
async fn the_tasks_of_deadlines_and_time_outs_begin_again_where_they_were() {
    let shakes = Arc::new(AtomicBool::new(false));
    let journal = FaultyJournal::new(MemoryJournal::new());
    let stage = Stage::on(journal, ManualClock::at(BEGIN), |builder| builder).await;
    let clock = Shaky { inner: stage.clock.clone(), shakes: shakes.clone() };
    let stage = Stage::on(stage.journal.clone(), stage.clock.clone(), |builder: Builder| {
        builder.clock(clock)
    })
    .await;
    shakes.store(true, SeqCst);
    let at = Some((BEGIN + 1_000).into());
    stage.counters.get("a").ask(SetAlarm { at, bell: Bell::Rings }).await.unwrap();
    settle().await;
    assert!(!shakes.load(SeqCst));
    pass(&stage.clock, 2).await;
    let rings = stage.counters.get("a").read(|a: &Counter, _| a.rings).await.unwrap();
    assert_eq!(rings, 1);
    // Somebody waits for a journal that hangs, and is told when his time is up.
    stage.journal.shut();
    shakes.store(true, SeqCst);
    let waits = stage.counters.get("a").timeout(Duration::from_secs(1)).ask(Count::FREELY);
    let waits = tokio::spawn(waits);
    pass(&stage.clock, 2).await;
    assert!(waits.is_finished());
    assert!(!shakes.load(SeqCst) && !stage.runtime.health().tasks.is_empty());
}
