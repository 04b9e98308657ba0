//! Decisions that wait: queued together and appended together, given up, timed out, shut down.

use std::time::Duration;

use bailiwick::{Admission, AskError, Cause, ManualClock, MemoryJournal, Runtime, Unknown};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::settle;

use super::fixture::{Write, desk, texts, write};

const SHORT: Duration = Duration::from_millis(100);

async fn with_clock() -> (Runtime, FaultyJournal, ManualClock) {
    let (journal, clock) = (FaultyJournal::new(MemoryJournal::new()), ManualClock::at(1_000));
    let builder =
        Runtime::builder(journal.clone()).decision::<Write>().entropy(7).clock(clock.clone());
    (builder.start().await.unwrap(), journal, clock)
}

#[tokio::test]
async fn those_who_queue_are_appended_together() {
    let (runtime, journal) = desk().await;
    journal.shut();
    let first = tokio::spawn(runtime.decide(write("1", "a")));
    journal.waiting(1).await;
    let queued: Vec<_> = (0..5).map(|_| tokio::spawn(runtime.decide(write("1", "b")))).collect();
    let other = tokio::spawn(runtime.decide(write("2", "c")));
    journal.waiting(2).await;
    settle().await;
    journal.open();
    first.await.unwrap().unwrap();
    assert_eq!(other.await.unwrap().unwrap(), 1, "it waits for nobody");
    for (n, one) in (2..).zip(queued) {
        assert_eq!(one.await.unwrap().unwrap(), n, "in the order of arrival");
    }
    assert_eq!(runtime.counts().conflicts, 0);
    // Each turn reads the journal once or twice; were each a turn of its own, it would be 14 times.
    assert!(journal.reads() <= 8, "{} reads", journal.reads());
}

#[tokio::test]
async fn a_time_out_before_the_turn_is_certainly_not_run() {
    let (runtime, journal, clock) = with_clock().await;
    journal.shut();
    let first = tokio::spawn(runtime.decide(write("1", "first")));
    journal.waiting(1).await;
    let second = runtime.decisions().timeout(SHORT).decide(write("1", "second"));
    let second = tokio::spawn(second);
    settle().await;
    clock.advance(SHORT);
    let error = second.await.unwrap().unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::TimedOut)), "{error:?}");
    journal.open();
    first.await.unwrap().unwrap();
    assert_eq!(runtime.decide(write("1", "third")).await.unwrap(), 2);
    assert_eq!(texts(&journal).await, ["first", "third"]);
    assert_eq!(runtime.counts().expired, 1);
}

#[tokio::test]
async fn a_time_out_during_the_turn_is_unknown_and_has_its_outcome() {
    let (runtime, journal, clock) = with_clock().await;
    journal.shut();
    let asked = tokio::spawn(runtime.decisions().timeout(SHORT).decide(write("1", "a")));
    journal.waiting(1).await;
    clock.advance(SHORT);
    let error = asked.await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::Unknown { why: Unknown::TimedOut, .. }), "{error:?}");
    journal.open();
    settle().await;
    assert_eq!(texts(&journal).await, ["a"]);
    assert_eq!((runtime.counts().replied, runtime.counts().open()), (1, 0));
}

#[tokio::test]
async fn a_caller_that_goes_away_loses_its_answer_or_its_turn() {
    let (runtime, journal) = desk().await;
    journal.shut();
    let submitted = tokio::spawn(runtime.decide(write("1", "submitted")));
    journal.waiting(1).await;
    let queued = tokio::spawn(runtime.decide(write("1", "queued")));
    let behind = tokio::spawn(runtime.decide(write("1", "behind")));
    settle().await;
    submitted.abort();
    queued.abort();
    settle().await;
    journal.open();
    assert_eq!(behind.await.unwrap().unwrap(), 2);
    assert_eq!(texts(&journal).await, ["submitted", "behind"]);
    let counts = runtime.counts();
    assert_eq!((counts.accepted, counts.replied, counts.expired, counts.open()), (3, 2, 1, 0));
}

#[tokio::test]
async fn who_finds_no_room_waits_or_is_refused() {
    let journal = FaultyJournal::new(MemoryJournal::new());
    let runtime = Runtime::builder(journal.clone())
        .decision::<Write>()
        .config(|config| config.waiting_decisions(1))
        .start()
        .await
        .unwrap();
    journal.shut();
    let first = tokio::spawn(runtime.decide(write("1", "first")));
    journal.waiting(1).await;
    let refuse = runtime.decisions().admission(Admission::Refuse);
    let error = refuse.decide(write("2", "refused")).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::MailboxFull { capacity: 1 })), "{error:?}");
    let waits = tokio::spawn(runtime.decide(write("2", "waits")));
    let leaves = tokio::spawn(runtime.decide(write("2", "leaves")));
    settle().await;
    leaves.abort();
    assert_eq!(runtime.counts().accepted, 1);
    journal.open();
    first.await.unwrap().unwrap();
    assert_eq!(waits.await.unwrap().unwrap(), 1);
    settle().await;
    let counts = runtime.counts();
    assert_eq!((counts.accepted, counts.not_admitted, counts.open()), (2, 1, 0));
    assert_eq!(texts(&journal).await, ["first", "waits"]);
}

#[tokio::test]
async fn a_shutdown_lets_accepted_decisions_finish() {
    let (runtime, journal) = desk().await;
    journal.shut();
    let decisions = runtime.decisions();
    let asked = [(); 3].map(|()| tokio::spawn(decisions.decide(write("1", "a"))));
    journal.waiting(1).await;
    settle().await;
    let shutdown = tokio::spawn(runtime.shutdown(Duration::from_secs(60)));
    settle().await;
    let error = decisions.decide(write("1", "late")).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::ShutDown)), "{error:?}");
    journal.open();
    for one in asked {
        one.await.unwrap().unwrap();
    }
    assert!(shutdown.await.unwrap().in_time);
}

#[tokio::test]
async fn what_exceeds_the_limit_of_a_shutdown_is_given_back_or_unknown() {
    let (runtime, journal) = desk().await;
    journal.shut();
    let decisions = runtime.decisions();
    let submitted = tokio::spawn(decisions.decide(write("1", "submitted")));
    journal.waiting(1).await;
    let queued = tokio::spawn(decisions.decide(write("1", "queued")));
    settle().await;
    let shutdown = runtime.shutdown(Duration::ZERO).await;
    assert_eq!((shutdown.in_time, shutdown.unknown, shutdown.returned), (false, 1, 1));
    let error = submitted.await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::Unknown { why: Unknown::ShutDown, .. }), "{error:?}");
    let error = queued.await.unwrap().unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::ShutDown)), "{error:?}");
    journal.open();
    settle().await;
    let written = texts(&journal).await;
    assert!(!written.contains(&"queued".to_owned()), "what is given back is never run");
}

#[tokio::test]
async fn a_dropped_runtime_gives_an_outcome_to_everybody() {
    let (runtime, journal) = desk().await;
    journal.shut();
    let submitted = tokio::spawn(runtime.decide(write("1", "submitted")));
    journal.waiting(1).await;
    let queued = tokio::spawn(runtime.decide(write("1", "queued")));
    settle().await;
    drop(runtime);
    let error = submitted.await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::Unknown { why: Unknown::ShutDown, .. }), "{error:?}");
    assert!(queued.await.unwrap().unwrap_err().not_run().is_some());
}
