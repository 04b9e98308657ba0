//! Shutdown: new work is refused, accepted work finishes and is durable, and what exceeds the limit
//! is unknown or given back, and reported.

use std::time::Duration;

use bailiwick::{AskError, Cause, ReadError, Unknown};
use bailiwick_tests::fixtures::counter::Count;
use bailiwick_tests::stage::{Stage, settle};

#[tokio::test]
async fn accepted_work_finishes_within_the_limit() {
    let stage = Stage::new().await;
    stage.journal.shut();
    let counts: Vec<_> =
        (0..10).map(|_| tokio::spawn(stage.counters.get("a").ask(Count::FREELY))).collect();
    stage.journal.waiting(1).await;
    let shutdown = tokio::spawn(stage.runtime.shutdown(Duration::from_secs(1)));
    settle().await;
    let refused = stage.counters.get("a").ask(Count::FREELY).await.unwrap_err();
    assert!(matches!(refused.not_run(), Some(Cause::ShutDown)));
    stage.journal.open();
    let shutdown = shutdown.await.unwrap();
    assert!(shutdown.in_time, "{shutdown:?}");
    for (n, count) in counts.into_iter().enumerate() {
        assert_eq!(count.await.unwrap().unwrap(), n as u64 + 1);
    }
    assert_eq!(stage.counters.counts().open(), 0);
}

#[tokio::test]
async fn what_exceeds_the_limit_is_unknown_or_given_back_and_reported() {
    let stage = Stage::with(|builder| builder.config(|config| config.batch_commands(2))).await;
    stage.journal.shut();
    let submitted = tokio::spawn(stage.counters.get("a").ask(Count::FREELY));
    stage.journal.waiting(1).await;
    // Two are formed on top, three wait in the mailbox.
    let others: Vec<_> =
        (0..5).map(|_| tokio::spawn(stage.counters.get("a").ask(Count::FREELY))).collect();
    let read = tokio::spawn(stage.counters.get("a").read(|_, _| ()));
    settle().await;
    let shutdown = tokio::spawn(stage.runtime.shutdown(Duration::from_secs(1)));
    settle().await;
    stage.clock.advance(Duration::from_secs(1));
    let shutdown = shutdown.await.unwrap();
    assert_eq!((shutdown.in_time, shutdown.unknown, shutdown.returned), (false, 1, 5));
    let error = submitted.await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::Unknown { why: Unknown::ShutDown, .. }), "{error:?}");
    for other in others {
        let error = other.await.unwrap().unwrap_err();
        assert!(matches!(error.not_run(), Some(Cause::ShutDown)), "{error:?}");
    }
    assert!(matches!(read.await.unwrap(), Err(ReadError::ShutDown)));
    let counts = stage.counters.counts();
    assert_eq!((counts.accepted, counts.unknown, counts.returned), (6, 1, 5));
}

#[tokio::test]
async fn a_watch_ends_with_the_runtime() {
    let stage = Stage::new().await;
    let mut watch = stage.counters.get("a").watch(bailiwick::Position::START).await.unwrap();
    let next = tokio::spawn(async move { watch.next().await });
    settle().await;
    stage.runtime.shutdown(Duration::from_secs(1)).await;
    assert!(next.await.unwrap().is_none(), "it ends");
}
