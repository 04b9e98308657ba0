//! Panics where nobody expects one: in what surrounds the runtime, in the midst of its own code.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bailiwick::journal::{Answer, AppendError, FaultKind, Health, JournalFault};
use bailiwick::{
    Aggregate, Context, Decide, Event, ManualClock, MemoryJournal, Runtime, Timestamp, View, id,
};
use bailiwick_tests::fixtures::counter::{Count, Counter};
use bailiwick_tests::journals::altered::Altered;
use bailiwick_tests::journals::faulty::{Fault, FaultyJournal};
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

use crate::support::Log;

id!(VaseId: "vase");

#[derive(Event, Debug, Serialize, Deserialize)]
enum VaseEvent {
    Placed { until: Timestamp },
    Touched,
    Removed,
}

/// Its `Drop` panics, once it is told so: that is run where nobody expects the domain's code.
#[derive(Clone)]
struct Vase {
    until: Option<Timestamp>,
    removed: u64,
}

static BREAKS: AtomicBool = AtomicBool::new(false);

impl Drop for Vase {
    fn drop(&mut self) {
        assert!(!BREAKS.swap(false, Ordering::SeqCst), "it breaks");
    }
}

impl View for Vase {
    type Key = VaseId;
    type Event = VaseEvent;

    fn new(_: &VaseId) -> Vase {
        Vase { until: None, removed: 0 }
    }

    fn apply(&mut self, event: &VaseEvent, _: Timestamp) {
        match event {
            VaseEvent::Placed { until } => self.until = Some(*until),
            VaseEvent::Touched => {}
            VaseEvent::Removed => {
                self.until = None;
                self.removed += 1;
            }
        }
    }

    fn try_clone(&self) -> Option<Vase> {
        Some(self.clone())
    }
}

impl Aggregate for Vase {
    const NAME: &'static str = "Vase";

    fn deadline(&self) -> Option<Timestamp> {
        self.until
    }

    fn on_deadline(&self, ctx: &mut Context<VaseEvent>) {
        ctx.emit(VaseEvent::Removed);
    }
}

struct Place(u64);
struct Touch;

impl Decide<Place> for Vase {
    type Reply = ();
    type Rejection = Infallible;

    fn decide(&self, place: &Place, ctx: &mut Context<VaseEvent>) -> Result<(), Infallible> {
        ctx.emit(VaseEvent::Placed { until: place.0.into() });
        Ok(())
    }
}

impl Decide<Touch> for Vase {
    type Reply = ();
    type Rejection = Infallible;

    fn decide(&self, _: &Touch, ctx: &mut Context<VaseEvent>) -> Result<(), Infallible> {
        ctx.emit(VaseEvent::Touched);
        Ok(())
    }
}

/// The turn had the state, and with it the entry of the deadline index.
#[tokio::test]
async fn a_turn_that_panics_leaves_no_entry_behind_and_loses_none() {
    let (clock, journal) = (ManualClock::at(1_000), FaultyJournal::new(MemoryJournal::new()));
    let builder = Runtime::builder(journal.clone()).aggregate::<Vase>();
    let runtime = builder.clock(clock.clone()).start().await.unwrap();
    let vases = runtime.aggregates::<Vase>();
    let vase = vases.get("a");
    vase.ask(Place(50_000)).await.unwrap();
    for _ in 0..3 {
        // What was decided is undone, and the state that goes breaks.
        journal.plan([Fault::NotWritten]);
        BREAKS.store(true, Ordering::SeqCst);
        vase.ask(Touch).await.unwrap_err();
        settle().await;
        assert!(!BREAKS.load(Ordering::SeqCst), "it broke in the turn");
        assert_eq!(vases.deadlines_armed(), 1);
        vase.ask(Touch).await.unwrap();
        settle().await;
        assert_eq!(vases.deadlines_armed(), 1);
    }
    journal.plan([Fault::NotWritten]);
    BREAKS.store(true, Ordering::SeqCst);
    vase.ask(Touch).await.unwrap_err();
    for _ in 0..50 {
        settle().await;
        clock.advance(Duration::from_secs(1));
    }
    settle().await;
    assert_eq!(vase.read(|vase, _| vase.removed).await.unwrap().value, 1, "it is not lost");
    assert_eq!(vases.deadlines_armed(), 0);
}

fn takes_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn fault() -> JournalFault {
    JournalFault::new(FaultKind::Storage, "data", "look at the disk", "it is gone")
}

/// A journal with bugs in what is asked of it when it has failed.
fn buggy(closed: Arc<AtomicBool>, health_panics: usize, reopen_panics: usize) -> Altered {
    let (closes, opens) = (closed.clone(), closed.clone());
    let (health_panics, reopen_panics) =
        (AtomicUsize::new(health_panics), AtomicUsize::new(reopen_panics));
    Altered::new(MemoryJournal::new())
        .append(move |inner, events, condition| match closes.load(Ordering::SeqCst) {
            true => Answer::ready(Err(AppendError::Closed(fault()))),
            false => inner.append(events, condition),
        })
        .health(move |_| {
            let is_closed = closed.load(Ordering::SeqCst);
            assert!(!(is_closed && takes_one(&health_panics)), "a bug in `health`");
            match is_closed {
                true => Health::ClosedForWriting { why: fault() },
                false => Health::Open,
            }
        })
        .reopen(move |_| {
            assert!(!takes_one(&reopen_panics), "a bug in `reopen`");
            opens.store(false, Ordering::SeqCst);
            Answer::ready(Ok(()))
        })
}

#[tokio::test]
async fn a_journal_that_panics_when_it_is_asked_is_asked_again() {
    let log = Log::begin();
    let closed = Arc::new(AtomicBool::new(false));
    let journal = buggy(closed.clone(), 3, 2);
    let clock = ManualClock::at(1_000);
    let builder = Runtime::builder(journal).aggregate::<Counter>().reopen_journal();
    let runtime = builder.clock(clock.clone()).start().await.unwrap();
    let counter = runtime.aggregates::<Counter>().get("a");
    counter.ask(Count::FREELY).await.unwrap();
    closed.store(true, Ordering::SeqCst);
    let Health::ClosedForWriting { why } = runtime.health().journal else { panic!("it is closed") };
    assert_eq!(why.kind(), FaultKind::Died, "what it says of itself is a panic");
    counter.ask(Count::FREELY).await.unwrap_err();
    for _ in 0..100 {
        clock.advance(Duration::from_millis(100));
        settle().await;
    }
    assert!(runtime.health().is_open(), "it was opened again: {:#?}", log.lines());
    assert_eq!(counter.ask(Count::FREELY).await.unwrap(), 2);
    assert!(log.count("cannot be opened again yet") >= 2, "{:#?}", log.lines());
}
