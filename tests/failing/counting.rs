//! What callers were told is counted beside what became of their commands.

use std::time::Duration;

use bailiwick::{AskError, Builder, Unknown};
use bailiwick_tests::fixtures::counter::Count;
use bailiwick_tests::stage::{Stage, settle};

use crate::fixture::WriteLine;

/// A slow disk: everything is written in the end, and most callers have not heard of it.
#[tokio::test]
async fn whoever_was_told_that_time_is_up_or_went_away_is_counted() {
    let stage = Stage::with(Builder::decision::<WriteLine>).await;
    stage.journal.shut();
    let counter = stage.counters.get("a");
    let short = Duration::from_millis(100);
    let patient = tokio::spawn(counter.ask(Count::FREELY));
    stage.journal.waiting(1).await;
    let hurried = tokio::spawn(counter.timeout(short).ask(Count::FREELY));
    let gone = tokio::spawn(counter.ask(Count::FREELY));
    let line = tokio::spawn(stage.runtime.decisions().timeout(short).decide(<WriteLine>::FREELY));
    stage.journal.waiting(2).await;
    settle().await;
    gone.abort();
    stage.clock.advance(short);
    let error = hurried.await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::Unknown { why: Unknown::TimedOut, .. }), "{error:?}");
    let error = line.await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::Unknown { why: Unknown::TimedOut, .. }), "{error:?}");
    settle().await;
    let counts = stage.runtime.counts();
    assert_eq!((counts.timed_out, counts.abandoned, counts.replied), (2, 1, 0), "{counts:?}");
    stage.journal.open();
    patient.await.unwrap().unwrap();
    settle().await;
    let counts = stage.runtime.counts();
    assert_eq!((counts.timed_out, counts.abandoned, counts.open()), (2, 1, 0), "{counts:?}");
    assert_eq!((counts.accepted, counts.replied), (4, 4), "they were run all the same");
}

/// Who heard the truth is not among them.
#[tokio::test]
async fn whoever_gave_up_before_its_turn_is_not() {
    let stage = Stage::new().await;
    stage.journal.hang_reads(1);
    let counter = stage.counters.get("a");
    let late = tokio::spawn(counter.timeout(Duration::from_millis(5)).ask(Count::FREELY));
    let gone = tokio::spawn(counter.ask(Count::FREELY));
    settle().await;
    gone.abort();
    stage.clock.advance(Duration::from_millis(5));
    assert!(late.await.unwrap().unwrap_err().not_run().is_some());
    settle().await;
    let counts = stage.runtime.counts();
    assert_eq!((counts.expired, counts.timed_out, counts.abandoned), (2, 0, 0), "{counts:?}");
}
