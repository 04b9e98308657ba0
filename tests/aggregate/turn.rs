//! One aggregate, one turn after the other.

use std::time::Duration;

use bailiwick::{AskError, Cause, ManualClock, MemoryJournal, Position, Runtime, Timestamp};
use bailiwick_tests::fixtures::counter::{
    Bell, Count, Counter, LimitReached, Look, Panic, SetAlarm,
};

async fn runtime() -> (Runtime, ManualClock, MemoryJournal) {
    let clock = ManualClock::at(1_000);
    let journal = MemoryJournal::new();
    let runtime = Runtime::builder(journal.clone())
        .aggregate::<Counter>()
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    (runtime, clock, journal)
}

#[tokio::test]
async fn commands_are_replied_rejected_and_counted() {
    let (runtime, _, _) = runtime().await;
    let counters = runtime.aggregates::<Counter>();
    let counter = counters.get("a");
    assert_eq!(counter.ask(Count { limit: 2 }).await.unwrap(), 1);
    let committed = counter.ask_with_receipt(Count { limit: 2 }).await.unwrap();
    assert_eq!((committed.reply, committed.position), (2, Position::new(2)));
    let error = counter.ask(Count { limit: 2 }).await.unwrap_err();
    assert_eq!(error.rejection(), Some(&LimitReached { value: 2 }));
    assert_eq!(counter.ask_with_receipt(Look).await.unwrap().position, Position::new(2));
    assert_eq!(counter.read(|state, _| state.value).await.unwrap().value, 2);
    let counts = runtime.counts();
    assert_eq!((counts.accepted, counts.replied, counts.rejected, counts.open()), (4, 3, 1, 0));
}

#[tokio::test]
async fn panics_fail_their_command_only() {
    let (runtime, _, journal) = runtime().await;
    let counter = runtime.aggregates::<Counter>().get("a");
    counter.ask(Count::FREELY).await.unwrap();
    for panic in [Panic::InDecide, Panic::InApply] {
        let error = counter.ask(panic).await.unwrap_err();
        assert!(matches!(error.not_run(), Some(Cause::Panicked { .. })), "{error:?}");
        assert_eq!(counter.ask(Look).await.unwrap(), 1);
    }
    assert_eq!(counter.ask(Count::FREELY).await.unwrap(), 2);
    assert_eq!(
        bailiwick::journal::Journal::head(&journal).await.unwrap().position,
        Position::new(2)
    );
    assert_eq!(runtime.counts().panicked, 2);
}

#[tokio::test]
async fn a_deadline_fires_by_itself_and_not_early() {
    let (runtime, clock, _) = runtime().await;
    let counters = runtime.aggregates::<Counter>();
    let counter = counters.get("a");
    let at = Timestamp::from_millis(1_500);
    counter.ask(SetAlarm { at: Some(at), bell: Bell::Rings }).await.unwrap();
    let mut watch = counter.watch(Position::START).await.unwrap();
    watch.next().await.unwrap().unwrap();
    clock.advance(Duration::from_millis(499));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(counter.read(|state, _| state.rings).await.unwrap().value, 0);
    clock.advance(Duration::from_millis(1));
    let rang = watch.next().await.unwrap().unwrap();
    assert_eq!(rang.at(), at);
    assert_eq!(counter.read(|state, _| state.rings).await.unwrap().value, 1);
    assert_eq!(counters.deadlines_armed(), 0);
}

#[tokio::test]
async fn an_unknown_id_leaves_nothing_in_memory() {
    let (runtime, _, _) = runtime().await;
    let counters = runtime.aggregates::<Counter>();
    assert_eq!(counters.get("nobody").read(|state, _| state.value).await.unwrap().value, 0);
    assert!(counters.get("nobody").ask(Count { limit: 0 }).await.is_err());
    tokio::task::yield_now().await;
    assert_eq!(counters.in_memory(), []);
}

#[tokio::test]
async fn a_shutdown_refuses_new_work() {
    let (runtime, _, _) = runtime().await;
    let counter = runtime.aggregates::<Counter>().get("a");
    counter.ask(Count::FREELY).await.unwrap();
    assert!(runtime.shutdown(Duration::from_secs(1)).await.in_time);
    let error = counter.ask(Count::FREELY).await.unwrap_err();
    assert!(matches!(error, AskError::NotRun(not_run) if matches!(not_run.cause, Cause::ShutDown)));
}
