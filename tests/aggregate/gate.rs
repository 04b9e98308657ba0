//! Nothing leaves before what it rests on is durable.

use bailiwick::journal::Journal;
use bailiwick::{AskError, Cause, ErrorReport, Position, Sabotage, Unknown};
use bailiwick_tests::fixtures::counter::{Count, LimitReached, Look};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::{Stage, settle};
use tokio::task::JoinHandle;

/// A count that is being appended while the gate is shut.
async fn in_flight(stage: &Stage) -> JoinHandle<Result<u64, AskError<Count, LimitReached>>> {
    stage.journal.shut();
    let count = tokio::spawn(stage.counters.get("a").ask(Count { limit: 1 }));
    stage.journal.waiting(1).await;
    count
}

#[tokio::test]
async fn a_reply_waits_for_the_journal() {
    let stage = Stage::new().await;
    let count = in_flight(&stage).await;
    settle().await;
    assert!(!count.is_finished());
    assert_eq!(stage.journal.head().await.unwrap().position, Position::START);
    stage.journal.open();
    assert_eq!(count.await.unwrap().unwrap(), 1);
}

/// The test above finds the bug it is there for.
#[tokio::test]
async fn a_reply_before_the_append_would_be_seen() {
    let stage = Stage::with(|builder| builder.sabotage(Some(Sabotage::ReplyBeforeAppend))).await;
    let count = in_flight(&stage).await;
    settle().await;
    assert!(count.is_finished());
}

#[tokio::test]
async fn a_rejection_waits_for_what_it_rests_on() {
    let stage = Stage::new().await;
    let count = in_flight(&stage).await;
    let rejected = tokio::spawn(stage.counters.get("a").ask(Count { limit: 1 }));
    settle().await;
    assert!(!rejected.is_finished());
    stage.journal.open();
    assert_eq!(count.await.unwrap().unwrap(), 1);
    assert_eq!(rejected.await.unwrap().unwrap_err().rejection().unwrap().value, 1);
}

#[tokio::test]
async fn a_read_waits_for_what_it_saw() {
    let stage = Stage::new().await;
    let count = in_flight(&stage).await;
    let read = tokio::spawn(stage.counters.get("a").read(|state, _| state.value));
    settle().await;
    assert!(!read.is_finished());
    stage.journal.open();
    assert_eq!((count.await.unwrap().unwrap(), read.await.unwrap().unwrap().value), (1, 1));
}

#[tokio::test]
async fn a_failing_journal_makes_what_was_submitted_unknown_and_gives_the_rest_back() {
    for (fault, value) in [(Fault::UnknownLost, 0), (Fault::UnknownWritten, 1), (Fault::Panic, 0)] {
        let stage = Stage::new().await;
        let submitted = in_flight(&stage).await;
        let rejected = tokio::spawn(stage.counters.get("a").ask(Count { limit: 1 }));
        let formed = tokio::spawn(stage.counters.get("a").ask(Count { limit: 2 }));
        let read = tokio::spawn(stage.counters.get("a").read(|state, _| state.value));
        settle().await;
        stage.journal.plan([fault]);
        stage.journal.open();
        let error = submitted.await.unwrap().unwrap_err();
        assert!(
            matches!(error, AskError::Unknown { why: Unknown::JournalFailed(_), .. }),
            "{fault:?}"
        );
        for returned in [rejected, formed] {
            let error = returned.await.unwrap().unwrap_err();
            assert!(
                matches!(error.not_run(), Some(Cause::JournalFailed(_))),
                "{fault:?} {error:?}"
            );
        }
        assert_eq!(
            read.await.unwrap().unwrap().value,
            value,
            "{fault:?}: it runs again on the journal"
        );
        let counts = stage.runtime.counts();
        assert_eq!((counts.unknown, counts.returned, counts.open()), (1, 2, 0));
        assert_eq!(stage.counters.get("a").ask(Count::FREELY).await.unwrap(), value + 1);
    }
}

#[tokio::test]
async fn what_was_certainly_not_written_is_given_back() {
    let stage = Stage::new().await;
    stage.journal.plan([Fault::NotWritten]);
    let error = stage.counters.get("a").ask(Count { limit: 5 }).await.unwrap_err();
    let AskError::NotRun(not_run) = error else { panic!("{error:?}") };
    assert!(matches!(not_run.cause, Cause::JournalFailed(_)));
    assert_eq!(not_run.command.limit, 5);
    let report = ErrorReport::of(&not_run.cause).to_string();
    assert!(report.contains("nothing was written"), "{report}");
    assert_eq!(stage.counters.get("a").ask(Count::FREELY).await.unwrap(), 1);
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_gives_everything_back_and_is_tried_again() {
    let stage = Stage::new().await;
    stage.journal.set_unreadable(true);
    let error = stage.counters.get("a").ask(Look).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Unread { .. })), "{error:?}");
    assert!(stage.counters.get("a").read(|_, _| ()).await.is_err());
    stage.journal.set_unreadable(false);
    let error = stage.counters.get("a").ask(Look).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Unread { .. })), "left alone for a while");
    stage.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(stage.counters.get("a").ask(Look).await.unwrap(), 0);
}
