//! What an aggregate does, and what it waits for, neither wears whoever runs it out nor keeps it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bailiwick::{AggregateRef, Context, Decide, Position, Timestamp};
use bailiwick_tests::fixtures::counter::{
    Bell, Count, Counter, CounterEvent, LimitReached, SetAlarm,
};
use bailiwick_tests::stage::BEGIN;
use tokio::runtime::Handle;

use super::{ActorHarness, Asked, values, within_reason, yields};

/// kameo stops an actor whose handler of a `tell` returns an error.
#[tokio::test]
async fn a_thousand_rejections_stop_nobody_and_cost_no_reload() {
    let harness = ActorHarness::new().await;
    assert_eq!(values([harness.count()]).await, [1]);
    let reads = harness.stage.journal.reads();
    let counter = harness.stage.counters.get("a");
    for _ in 0..1_000 {
        let rejected = within_reason(counter.ask(Count { limit: 1 })).await;
        assert_eq!(rejected.expect_err("1").rejection(), Some(&LimitReached { value: 1 }));
    }
    assert_eq!(values([harness.count()]).await, [2]);
    assert_eq!(harness.stage.journal.reads(), reads, "its state was kept");
    assert_eq!(harness.actors.so_far(), 0, "its callers ran it");
}

/// As above, for what an actor runs.
#[tokio::test]
async fn a_thousand_rejections_stop_no_actor() {
    let harness =
        ActorHarness::with(|builder| builder.config(|config| config.batch_commands(8))).await;
    let counts = harness.counts_of_an_actor().await;
    let reads = harness.stage.journal.reads();
    let counter = harness.stage.counters.get("a");
    let asked: Vec<_> = (0..1_000).map(|_| tokio::spawn(counter.ask(Count { limit: 1 }))).collect();
    yields(8).await;
    harness.stage.journal.open();
    assert_eq!(values(counts).await, [1, 2]);
    for asked in asked {
        let rejected = within_reason(asked).await.expect("no panic").expect_err("2");
        assert_eq!(rejected.rejection(), Some(&LimitReached { value: 2 }));
    }
    assert_eq!(values([harness.count()]).await, [3]);
    assert_eq!(harness.stage.journal.reads(), reads, "its state was kept");
    assert_eq!(harness.actors.so_far(), 1, "and its actor");
}

/// B12: whoever asks himself within a handler of kameo's waits for ever. A decision awaits nothing;
/// but it, or a read, may let somebody loose who does.
#[tokio::test]
async fn asking_oneself_from_a_task_is_no_deadlock() {
    let harness = ActorHarness::new().await;
    let counter = harness.stage.counters.get("a");
    let (me, tokio) = (counter.clone(), Handle::current());
    let read = counter.read(move |_, _| tokio.spawn(me.ask(Count::FREELY)));
    assert_eq!(values([within_reason(read).await.expect("it is read").value]).await, [1]);

    let asked = Arc::new(Mutex::new(None));
    let ask = AskMyself { me: counter.clone(), asked: asked.clone(), tokio: Handle::current() };
    let outer = within_reason(counter.ask(ask)).await;
    assert_eq!(outer.expect("a reply"), 1, "what it saw");
    let inner = asked.lock().expect("not poisoned").take().expect("it asked");
    assert_eq!(values([inner]).await, [2]);
}

/// Impure, as no command should be.
struct AskMyself {
    me: AggregateRef<Counter>,
    asked: Arc<Mutex<Option<Asked>>>,
    tokio: Handle,
}

impl Decide<AskMyself> for Counter {
    type Reply = u64;
    type Rejection = std::convert::Infallible;

    fn decide(
        &self,
        ask: &AskMyself,
        _: &mut Context<CounterEvent>,
    ) -> Result<u64, Self::Rejection> {
        let asked = ask.tokio.spawn(ask.me.ask(Count::FREELY));
        *ask.asked.lock().expect("not poisoned") = Some(asked);
        Ok(self.value)
    }
}

/// B13: kameo's pending `send_after` keeps its actor alive.
#[tokio::test]
async fn an_armed_deadline_keeps_nobody_in_memory_and_still_fires() {
    let harness = ActorHarness::new().await;
    let counter = harness.stage.counters.get("a");
    let at = Timestamp::from_millis(BEGIN + 3_600_000);
    within_reason(counter.ask(SetAlarm { at: Some(at), bell: Bell::Rings })).await.expect("set");
    harness.is_stored().await;
    assert_eq!(harness.stage.counters.deadlines_armed(), 1);
    let mut watch = counter.watch(Position::new(1)).await.expect("an ID");
    harness.stage.clock.advance_to(at.as_millis() - 1);
    yields(32).await;
    assert_eq!(harness.actors.so_far(), 0, "nobody comes early");
    harness.stage.clock.advance(Duration::from_millis(1));
    let rang = within_reason(watch.next()).await.expect("it is open").expect("it rings");
    assert_eq!((rang.at(), rang.event), (at, CounterEvent::Rang { due: at }));
    harness.is_stored().await;
    // The task that has called it.
    assert_eq!((harness.actors.so_far(), harness.stage.counters.deadlines_armed()), (1, 0));
}
