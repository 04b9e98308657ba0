//! A watch shows the durable events of one aggregate: all, in order, and none that is not durable.

use std::time::Duration;

use bailiwick::{Change, Position, Watch};
use bailiwick_tests::counter::{Bell, Count, Counter, CounterEvent, SetAlarm};
use bailiwick_tests::stage::{Stage, settle, write_foreign};

async fn value(watch: &mut Watch<Counter>) -> (u64, u64) {
    let Change { position, event, .. } = watch.next().await.unwrap();
    let CounterEvent::Counted { value } = event else { panic!("{event:?}") };
    (position.get(), value)
}

#[tokio::test]
async fn it_misses_nothing_however_slow() {
    let stage = Stage::new().await;
    let mut all = stage.counters.get("a").watch(Position::START).unwrap();
    for _ in 0..20 {
        stage.counters.get("a").ask(Count::FREELY).await.unwrap();
        stage.counters.get("b").ask(Count::FREELY).await.unwrap();
    }
    for n in 1..=20 {
        assert_eq!(value(&mut all).await, (2 * n - 1, n));
    }
    let mut tail = stage.counters.get("a").watch(Position::new(37)).unwrap();
    assert_eq!(value(&mut tail).await, (39, 20));
}

#[tokio::test]
async fn it_waits_for_the_next_and_does_not_see_what_is_not_durable() {
    let stage = Stage::new().await;
    let mut watch = stage.counters.get("a").watch(Position::START).unwrap();
    let next = tokio::spawn(async move { value(&mut watch).await });
    stage.journal.shut();
    let count = tokio::spawn(stage.counters.get("a").ask(Count::FREELY));
    stage.journal.waiting(1).await;
    settle().await;
    assert!(!next.is_finished());
    stage.journal.open();
    assert_eq!(next.await.unwrap(), (1, 1));
    count.await.unwrap().unwrap();
}

#[tokio::test]
async fn dropping_a_pending_next_loses_nothing() {
    let stage = Stage::new().await;
    let mut watch = stage.counters.get("a").watch(Position::START).unwrap();
    for n in 1..=10 {
        {
            let mut next = std::pin::pin!(watch.next());
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(next.as_mut().poll(&mut cx).is_pending());
        }
        stage.counters.get("a").ask(Count::FREELY).await.unwrap();
        assert_eq!(value(&mut watch).await, (n, n));
    }
}

#[tokio::test]
async fn it_sees_others_when_the_aggregate_does_and_deadlines_of_the_stored() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    let mut watch = counter.watch(Position::START).unwrap();
    counter.ask(SetAlarm { at: Some(200_000.into()), bell: Bell::Rings }).await.unwrap();
    watch.next().await.unwrap();
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 1 }).await;
    for _ in 0..2_000 {
        stage.clock.advance(Duration::from_millis(100));
        settle().await;
    }
    assert_eq!(value(&mut watch).await, (2, 1));
    let rang = watch.next().await.unwrap();
    assert!(matches!(rang.event, CounterEvent::Rang { .. }));
    assert_eq!(rang.recorded_at, 200_000.into());
}
