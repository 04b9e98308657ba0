//! Background tasks that panic, by code of a domain or a clock: reported, and going on.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use bailiwick::{
    Aggregate, BoxFuture, Builder, Clock, Context, Decide, Event, ManualClock, MemoryJournal,
    Runtime, Timestamp, View, id,
};
use bailiwick_tests::fixtures::counter::{Bell, Count, Counter, SetAlarm};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::{BEGIN, Stage, settle};
use serde::{Deserialize, Serialize};

async fn pass(clock: &ManualClock, seconds: u64) {
    for _ in 0..10 * seconds {
        clock.advance(Duration::from_millis(100));
        settle().await;
    }
}

id!(VaseId: "vase");

/// An aggregate that cannot be let go of without a panic, while it is told so.
struct Vase {
    fragile: bool,
    holds: usize,
}

/// What the documentation of `resting_bytes` says that one weighs empty.
const EMPTY: usize = 256 + size_of::<Vase>();

thread_local! {
    static FRAGILE: Cell<bool> = const { Cell::new(false) };
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum VaseEvent {
    Made {},
    Filled { bytes: usize },
}

impl View for Vase {
    type Key = VaseId;
    type Event = VaseEvent;
    fn new(_: &VaseId) -> Self {
        Vase { fragile: false, holds: 0 }
    }
    fn apply(&mut self, event: &VaseEvent, _: Timestamp) {
        self.fragile = true;
        if let VaseEvent::Filled { bytes } = event {
            self.holds = *bytes;
        }
    }
    fn heap_bytes(&self) -> usize {
        self.holds
    }
}

impl Drop for Vase {
    fn drop(&mut self) {
        assert!(!self.fragile || !FRAGILE.get() || std::thread::panicking(), "broken");
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
    FRAGILE.set(true);
    pass(&clock, 70).await;
    FRAGILE.set(false);
    let health = runtime.health();
    assert_eq!((&*health.tasks[0].task, &*health.tasks[0].message), ("rest of Vase", "broken"));
    assert_eq!(vases.in_memory(), []);
    assert!(health.is_open() && !health.is_well() && !health.tasks[0].ended, "{health}");
    assert!(health.to_string().contains("`rest of Vase` panicked"), "{health}");
    pass(&clock, 60).await;
    assert!(runtime.health().is_well(), "{}", runtime.health());
}

/// Nor is one lost that cools down just then, and drives it out by what it holds.
#[tokio::test]
async fn nor_of_one_that_makes_room_for_itself_by_it() {
    let clock = ManualClock::at(BEGIN);
    let runtime = Runtime::builder(MemoryJournal::new()).aggregate::<Vase>().clock(clock.clone());
    let runtime = runtime.config(|config| config.resting_bytes(10 * EMPTY)).start().await.unwrap();
    let vases = runtime.aggregates::<Vase>();
    vases.get("y").ask(VaseEvent::Made {}).await.unwrap();
    pass(&clock, 2).await;
    vases.get("x").ask(VaseEvent::Made {}).await.unwrap();
    pass(&clock, 2).await;
    // Asked several times it stays warm for a while, and is weighed after that.
    for _ in 0..2 {
        vases.get("x").ask(VaseEvent::Made {}).await.unwrap();
    }
    vases.get("x").ask(VaseEvent::Filled { bytes: 19 * EMPTY / 2 }).await.unwrap();
    FRAGILE.set(true);
    pass(&clock, 2).await;
    FRAGILE.set(false);
    assert_eq!(runtime.health().tasks.len(), 1, "it panicked on the way");
    let asked = tokio::spawn(async move { vases.get("x").ask(VaseEvent::Made {}).await });
    pass(&clock, 10).await;
    asked.await.unwrap().unwrap();
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
    let rings = stage.counters.get("a").read(|a: &Counter, _| a.rings).await.unwrap().value;
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
