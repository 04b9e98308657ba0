//! Background tasks that panic, by code of a domain or a clock: reported, and going on.

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
    assert!(health.is_open() && !health.is_well() && !health.tasks[0].ended, "{health}");
    assert!(health.to_string().contains("`rest of Vase` panicked"), "{health}");
    pass(&clock, 60).await;
    assert!(runtime.health().is_well(), "{}", runtime.health());
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
