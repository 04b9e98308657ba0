//! A journal that fails while writing: fail-stop, and open again.

use std::time::Duration;

use bailiwick::journal::FaultKind;
use bailiwick::{AskError, Builder, Cause, Unknown};
use bailiwick_tests::fixtures::counter::{Bell, Counter};
use bailiwick_tests::fixtures::counter::{Count, SetAlarm};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::{BEGIN, Stage, settle};

async fn count(
    stage: &Stage,
    id: &'static str,
) -> Result<u64, AskError<Count, impl std::fmt::Debug + use<>>> {
    stage.counters.get(id).ask(Count::FREELY).await
}

async fn closed(fault: Fault, refusals: usize) -> Stage {
    let stage = Stage::with(Builder::reopen_journal).await;
    stage.journal.fail_stop(refusals);
    stage.journal.plan([fault]);
    let error = count(&stage, "a").await.unwrap_err();
    assert!(matches!(error, AskError::Unknown { why: Unknown::JournalFailed(_), .. }), "{error:?}");
    stage
}

#[tokio::test]
async fn while_it_is_closed_commands_come_back_and_say_why() {
    let stage = Stage::new().await;
    stage.journal.fail_stop(0);
    stage.journal.plan([Fault::UnknownLost]);
    count(&stage, "a").await.unwrap_err();
    for id in ["a", "b"] {
        let error = count(&stage, id).await.unwrap_err();
        let Some(Cause::JournalClosed { fault, .. }) = error.not_run() else { panic!("{error:?}") };
        assert_eq!((fault.kind(), fault.place()), (FaultKind::Full, "data/1.log"));
    }
    // Nobody told the runtime to open it again, and looking is still possible.
    settle().await;
    assert_eq!(stage.journal.reopenings(), 0);
    assert!(!stage.runtime.health().is_open());
    assert_eq!(stage.counters.get("a").read(|a, _| a.value).await.unwrap().value, 0);
}

#[tokio::test]
async fn it_is_opened_again_at_once_and_what_was_unknown_is_found_or_not() {
    for (fault, value) in [(Fault::UnknownLost, 0), (Fault::UnknownWritten, 1)] {
        let stage = closed(fault, 0).await;
        settle().await;
        assert!(stage.runtime.health().is_open());
        assert_eq!(stage.counters.get("a").read(|a, _| a.value).await.unwrap().value, value);
        assert_eq!(count(&stage, "a").await.unwrap(), value + 1);
    }
}

#[tokio::test]
async fn it_is_tried_again_later_and_later() {
    let stage = closed(Fault::UnknownLost, 3).await;
    for (after, tried) in [(0, 1), (99, 1), (1, 2), (199, 2), (1, 3), (399, 3), (1, 4)] {
        stage.clock.advance(Duration::from_millis(after));
        settle().await;
        assert_eq!(stage.journal.reopenings(), tried);
        assert_eq!(stage.runtime.health().is_open(), tried == 4);
    }
    assert_eq!(count(&stage, "a").await.unwrap(), 1);
}

#[tokio::test]
async fn a_deadline_that_fell_due_meanwhile_is_not_forgotten() {
    let stage = Stage::with(Builder::reopen_journal).await;
    let alarm = SetAlarm { at: Some((BEGIN + 50).into()), bell: Bell::Rings };
    stage.counters.get("b").ask(alarm).await.unwrap();
    stage.journal.fail_stop(4);
    stage.journal.plan([Fault::UnknownLost]);
    count(&stage, "a").await.unwrap_err();
    stage.clock.advance(Duration::from_millis(60));
    settle().await;
    assert!(!stage.runtime.health().is_open());
    for _ in 0..100 {
        stage.clock.advance(Duration::from_millis(100));
        settle().await;
    }
    assert!(stage.runtime.health().is_open());
    let rings = stage.counters.get("b").read(|b: &Counter, _| b.rings).await.unwrap().value;
    assert_eq!(rings, 1);
}
