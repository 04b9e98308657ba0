//! An aggregate's life on holes: it is decided, watched, stored, rebuilt, expired, and started again.

use std::time::Duration;

use bailiwick::{ManualClock, Position, Timestamp};
use bailiwick_tests::fixtures::counter::{Bell, Count, CounterEvent, SetAlarm};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::journals::sparse::Sparse;
use bailiwick_tests::stage::{BEGIN, Stage, settle, write_foreign};

async fn stage() -> Stage {
    let journal = FaultyJournal::new(Sparse::default());
    Stage::on(journal, ManualClock::at(BEGIN), |builder| builder).await
}

async fn count(stage: &Stage, id: &'static str) -> (u64, Position) {
    let receipt = stage.counters.get(id).ask_with_receipt(Count::FREELY).await.unwrap();
    (receipt.reply, receipt.position)
}

#[tokio::test]
async fn it_goes_on_after_others_wrote_and_after_a_restart() {
    let stage = stage().await;
    let mut last = Position::START;
    for n in 1..=120 {
        let (value, position) = count(&stage, "a").await;
        assert!(value == n && position > last.plus(1), "{value} at {position} after {last}");
        last = position;
        count(&stage, "b").await;
    }
    // Expected by its position, and refused by one within the hole before it.
    let a = stage.counters.get("a");
    a.expecting(Position::new(last.get() - 1)).ask(Count::FREELY).await.unwrap_err();
    a.expecting(last).ask(Count::FREELY).await.unwrap();
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 122 }).await;
    assert_eq!(count(&stage, "a").await.0, 123);
    let stage = stage.restart().await;
    assert_eq!(count(&stage, "a").await.0, 124);
    assert_eq!(count(&stage, "b").await.0, 121);
}

#[tokio::test]
async fn a_key_has_its_answer_at_its_position() {
    let stage = stage().await;
    let ask = async |stage: &Stage| {
        let keyed = stage.counters.get("a").once("k");
        let receipt = keyed.ask_with_receipt(Count::FREELY).await.unwrap();
        (receipt.reply, receipt.position)
    };
    count(&stage, "a").await;
    let first = ask(&stage).await;
    count(&stage, "a").await;
    assert_eq!(ask(&stage).await, first);
    let stage = stage.restart().await;
    assert_eq!(ask(&stage).await, first);
}

#[tokio::test]
async fn a_watch_misses_nothing_from_wherever_it_begins() {
    let stage = stage().await;
    let mut positions = Vec::new();
    for _ in 0..60 {
        positions.push(count(&stage, "a").await.1);
        count(&stage, "b").await;
    }
    for (after, from) in [
        (Position::START, 0),
        (positions[9], 10),
        (positions[9].plus(1), 10),
        (Position::new(positions[9].get() - 1), 9),
    ] {
        let mut watch = stage.counters.get("a").watch(after).await.unwrap();
        for expected in &positions[from..] {
            let change = watch.next().await.unwrap().unwrap();
            assert_eq!(change.position(), *expected, "watched after {after}");
        }
        // What is still to come.
        let next = tokio::spawn(async move { watch.next().await.unwrap().unwrap().position() });
        positions.push(count(&stage, "a").await.1);
        assert_eq!(Some(&next.await.unwrap()), positions.last());
    }
}

#[tokio::test]
async fn deadlines_fire_now_and_after_a_restart() {
    let stage = stage().await;
    let alarm = |after: u64| SetAlarm {
        at: Some(Timestamp::from_millis(BEGIN + after)),
        bell: Bell::Rings,
    };
    for id in ["a", "b", "c"] {
        count(&stage, id).await;
    }
    stage.counters.get("a").ask(alarm(1_000)).await.unwrap();
    stage.counters.get("b").ask(alarm(3_000)).await.unwrap();
    let rings = async |stage: &Stage| {
        let events = stage.events().await;
        events.iter().filter(|event| matches!(event, CounterEvent::Rang { .. })).count()
    };
    stage.clock.advance(Duration::from_millis(1_000));
    settle().await;
    assert_eq!(rings(&stage).await, 1);
    let stage = stage.restart().await;
    assert_eq!((stage.counters.deadlines_armed(), rings(&stage).await), (1, 1));
    stage.clock.advance(Duration::from_millis(2_000));
    settle().await;
    assert_eq!(rings(&stage).await, 2);
}
