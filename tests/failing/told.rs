//! What whoever is told that it failed can do: when to come again, and with what.

use std::time::Duration;

use bailiwick::{AskError, Cause, ErrorClass, ErrorReport, ReadError};
use bailiwick_tests::fixtures::counter::{Count, Look};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::{Stage, settle};

use crate::support::Log;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn an_aggregate_that_is_not_read_again_yet_says_when_it_is() {
    let stage =
        Stage::with(|builder| builder.config(|config| config.reload_backoff(5 * SECOND))).await;
    let counter = stage.counters.get("a");
    stage.journal.set_unreadable(true);
    for (passes, left) in [(Duration::ZERO, 5), (3 * SECOND, 2)] {
        stage.clock.advance(passes);
        let error = counter.ask(Look).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Unavailable);
        assert_eq!(error.retry_after(), Some(left * SECOND));
        let Some(Cause::Unread { again_in, .. }) = error.not_run() else { panic!("{error:?}") };
        assert_eq!(*again_in, left * SECOND);
        let error = counter.read(|_, _| ()).await.unwrap_err();
        assert!(matches!(error, ReadError::Unread { .. }), "{error:?}");
        assert_eq!(error.retry_after(), Some(left * SECOND));
    }
    stage.journal.set_unreadable(false);
    stage.clock.advance(2 * SECOND);
    assert_eq!(counter.ask(Count::FREELY).await.unwrap(), 1, "it was a promise");
}

/// Asks twice of a journal that is closed and not opened at the first try: what the second is told.
async fn told_while_closed(
    stage: &Stage,
) -> AskError<Count, bailiwick_tests::fixtures::counter::LimitReached> {
    stage.journal.fail_stop(1);
    stage.journal.plan([Fault::UnknownLost]);
    stage.counters.get("a").ask(Count::FREELY).await.unwrap_err();
    settle().await;
    stage.counters.get("b").ask(Count::FREELY).await.unwrap_err()
}

#[tokio::test]
async fn a_closed_journal_is_waited_for_if_somebody_opens_it() {
    let log = Log::begin();
    let opens = |builder: bailiwick::Builder| {
        builder.reopen_journal().config(|config| config.reopen_backoff(4 * SECOND))
    };
    let stage = Stage::with(opens).await;
    let error = told_while_closed(&stage).await;
    assert!(matches!(error.not_run(), Some(Cause::JournalClosed { .. })), "{error:?}");
    assert_eq!(error.retry_after(), Some(4 * SECOND));
    stage.clock.advance(3 * SECOND);
    settle().await;
    let error = stage.counters.get("b").ask(Count::FREELY).await.unwrap_err();
    assert_eq!((error.class(), error.retry_after()), (ErrorClass::Unavailable, Some(SECOND)));
    stage.clock.advance(SECOND);
    settle().await;
    assert_eq!(stage.counters.get("b").ask(Count::FREELY).await.unwrap(), 1);

    // The operator is told where it is, what to do, and why; the client nothing of that.
    for line in ["is closed for writing", "cannot be opened again yet"] {
        let said = |part: &str| log.lines().iter().any(|l| l.contains(line) && l.contains(part));
        for part in ["data/1.log", "make room", "it is full"] {
            assert!(said(part), "{part}: {:#?}", log.lines());
        }
    }
    let report = ErrorReport::of(&error).to_string();
    assert!(
        report.ends_with("data/1.log: there is no room left; make room: it is full"),
        "{report}"
    );
    assert!(!error.client_text().contains("data"), "{}", error.client_text());
}

#[tokio::test]
async fn nobody_waits_for_a_closed_journal_that_nobody_opens() {
    let stage = Stage::new().await;
    let error = told_while_closed(&stage).await;
    assert!(matches!(error.not_run(), Some(Cause::JournalClosed { .. })), "{error:?}");
    assert_eq!((error.class(), error.retry_after()), (ErrorClass::Unavailable, None));
}

#[tokio::test]
async fn an_unknown_outcome_knows_whether_it_had_a_key() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    stage.journal.plan([Fault::UnknownWritten, Fault::UnknownWritten]);
    let error = counter.ask(Count::FREELY).await.unwrap_err();
    assert!(matches!(error, AskError::Unknown { keyed: false, .. }), "{error:?}");
    assert_eq!((error.class(), error.retry_after()), (ErrorClass::Unknown, None));
    let error = counter.once("k").ask(Count::FREELY).await.unwrap_err();
    assert!(matches!(error, AskError::Unknown { keyed: true, .. }), "{error:?}");
    assert_eq!((error.class(), error.retry_after()), (ErrorClass::Unknown, Some(SECOND)));
    assert_eq!(counter.once("k").ask(Count::FREELY).await.unwrap(), 2, "it is run once");
}
