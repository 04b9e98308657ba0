//! Loading: once for all who wait, whole, and with a clear answer when it cannot be done.

use std::time::Duration;

use bailiwick::{Cause, ErrorReport, Position, ReadError};
use bailiwick_tests::fixtures::counter::{Bell, Count, CounterEvent, Look, SetAlarm};
use bailiwick_tests::stage::{Stage, settle, write_foreign, write_raw};

/// An event without fields.
const EMPTY: &[u8] = &[0x80];

#[tokio::test]
async fn many_callers_load_a_stored_aggregate_once() {
    let stage = Stage::new().await;
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    let stage = stage.restart().await;
    let before = stage.journal.reads();
    let callers: Vec<_> =
        (0..50).map(|_| tokio::spawn(stage.counters.get("a").ask(Look))).collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap(), 1);
    }
    assert_eq!(stage.journal.reads() - before, 1);
}

#[tokio::test]
async fn an_aggregate_of_many_pages_is_loaded_whole() {
    let stage = Stage::with(|builder| builder.config(|config| config.page_events(7))).await;
    for n in 1..=50 {
        write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: n }).await;
    }
    assert_eq!(stage.counters.get("a").ask(Count::FREELY).await.unwrap(), 51);
}

#[tokio::test]
async fn types_it_does_not_declare_are_not_its_business() {
    let stage = Stage::new().await;
    write_raw(&stage.journal.inner(), "SomebodyElses", b"nonsense".to_vec()).await;
    assert_eq!(stage.counters.get("a").ask(Count::FREELY).await.unwrap(), 1);
}

#[tokio::test]
async fn what_cannot_be_folded_says_where_and_is_left_alone_for_a_while() {
    for (event_type, payload, problem) in [
        ("Counted", EMPTY, "missing field `value`"),
        ("Poisoned", EMPTY, "makes `apply` panic: poisoned"),
    ] {
        let stage = Stage::new().await;
        stage.counters.get("a").ask(Count::FREELY).await.unwrap();
        write_raw(&stage.journal.inner(), event_type, payload.to_vec()).await;
        let Stage { runtime, clock, journal, .. } = stage;
        drop(runtime);
        // Else the start finds it.
        let allowed = [Position::new(2)];
        let stage = Stage::on(journal, clock, |builder| builder.allow_unreadable(allowed)).await;
        let counter = stage.counters.get("a");
        let error = counter.ask(Look).await.unwrap_err();
        let Some(Cause::Unloadable(unloadable)) = error.not_run() else { panic!("{error:?}") };
        assert_eq!(unloadable.position, Position::new(2));
        let report = ErrorReport::of(&error).to_string();
        assert!(report.contains(problem), "{report}");
        let reads = stage.journal.reads();
        assert!(matches!(counter.read(|_, _| ()).await, Err(ReadError::Unloadable(_))));
        assert_eq!(stage.journal.reads(), reads, "answered at once");
        stage.clock.advance(Duration::from_secs(1));
        assert!(counter.ask(Look).await.is_err());
        assert_eq!(stage.journal.reads(), reads + 1, "tried again after the back-off");
        assert_eq!(stage.counters.get("b").ask(Count::FREELY).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn an_aggregate_that_cannot_be_loaded_does_not_busy_its_deadline() {
    let stage = Stage::new().await;
    let alarm = SetAlarm { at: Some(2_000.into()), bell: Bell::Rings };
    stage.counters.get("a").ask(alarm).await.unwrap();
    write_raw(&stage.journal.inner(), "Poisoned", EMPTY.to_vec()).await;
    let stage = stage.restart().await;
    let reads = stage.journal.reads();
    for _ in 0..100 {
        stage.clock.advance(Duration::from_millis(100));
        settle().await;
    }
    let tries = stage.journal.reads() - reads;
    assert!((3..=5).contains(&tries), "after 1, 2 and 4 seconds: {tries}");
}
