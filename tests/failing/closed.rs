//! A journal that is closed for writing: commands come back without having been decided, so nothing
//! has to be undone; and the log says it once.

use std::future::{Future, IntoFuture, poll_fn};
use std::task::Poll;
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{AskError, Builder, Cause, Unknown};
use bailiwick_tests::fixtures::counter::{Bell, Count, SetAlarm};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::{BEGIN, Stage, settle};

use crate::fixture::WriteLine;
use crate::support::{Log, with_history};

async fn close(stage: &Stage) {
    stage.journal.fail_stop(0);
    stage.journal.plan([Fault::UnknownLost]);
    let error = stage.counters.get("z").ask(Count::FREELY).await.unwrap_err();
    assert!(matches!(error, AskError::Unknown { why: Unknown::JournalFailed(_), .. }), "{error:?}");
}

async fn refused(stage: &Stage, id: String) {
    let counter =
        stage.counters.get(id.parse::<bailiwick_tests::fixtures::counter::CounterId>().unwrap());
    let error = counter.ask(Count::FREELY).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::JournalClosed { .. })), "{error:?}");
}

#[tokio::test]
async fn commands_come_back_without_a_reload_each() {
    let stage = with_history(200, |builder| builder).await;
    close(&stage).await;
    let before = stage.journal.reads();
    for _ in 0..20 {
        refused(&stage, "a".to_owned()).await;
    }
    assert_eq!(stage.journal.reads() - before, 0, "nothing was undone");
    // What needs no append is answered.
    let limit = stage.counters.get("a").ask(Count { limit: 1 }).await.unwrap_err();
    assert_eq!(limit.rejection().unwrap().value, 200);
    assert_eq!(stage.counters.get("a").read(|a, _| a.value).await.unwrap().value, 200);
    assert_eq!(stage.journal.reads() - before, 0);
    // Whoever opened it again.
    stage.journal.reopen().await.unwrap();
    assert_eq!(stage.counters.get("a").ask(Count::FREELY).await.unwrap(), 201);
}

/// What was being appended when the journal closed may be there when it opens. An aggregate whose loading began before
/// is read on, and the deadline that was in it is not forgotten.
#[tokio::test]
async fn what_is_loaded_while_it_opens_is_looked_at_again() {
    let stage = Stage::with(|builder| builder.config(|config| config.page_events(10_000))).await;
    let counter = stage.counters.get("b");
    for _ in 0..4_000 {
        counter.ask(Count::FREELY).await.unwrap();
    }
    stage.journal.fail_stop(0);
    stage.journal.plan([Fault::UnknownWritten]);
    stage.journal.hide(true).await;
    let alarm = SetAlarm { at: Some((BEGIN + 500).into()), bell: Bell::Rings };
    counter.ask(alarm).await.unwrap_err();
    settle().await;
    let mut read = Box::pin(counter.read(|counter, _| counter.alarm).into_future());
    // Its page is read, and it gives way while that is folded.
    let waits = poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx).is_pending())).await;
    assert!(waits, "it has to be loaded");
    stage.journal.reopen().await.unwrap();
    stage.journal.hide(false).await;
    read.await.unwrap();
    assert_eq!(stage.counters.deadlines_armed(), 1);
    for _ in 0..70 {
        stage.clock.advance(Duration::from_secs(1));
        settle().await;
    }
    assert_eq!(counter.read(|counter, _| counter.rings).await.unwrap().value, 1);
}

/// Nothing is judged on a state on which the deadline should have been first.
#[tokio::test]
async fn a_command_behind_a_deadline_that_cannot_be_written_comes_back() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    let alarm = SetAlarm { at: Some((BEGIN + 50).into()), bell: Bell::Rings };
    counter.ask(alarm).await.unwrap();
    close(&stage).await;
    stage.clock.advance(Duration::from_millis(60));
    let error = counter.ask(Count { limit: 0 }).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::JournalClosed { .. })), "{error:?}");
    stage.journal.reopen().await.unwrap();
    let error = counter.ask(Count { limit: 0 }).await.unwrap_err();
    assert!(error.rejection().is_some(), "{error:?}");
    assert_eq!(counter.read(|a, _| a.rings).await.unwrap().value, 1);
}

/// Its outcome is not known before the journal is open again, whoever looks meanwhile.
#[tokio::test]
async fn a_deadline_in_an_append_of_unknown_outcome_is_found_when_it_opens_again() {
    for (id, looks) in [("a", true), ("a", false), ("b", true), ("b", false)] {
        let stage = Stage::new().await;
        let counter = stage.counters.get(id);
        counter.ask(Count::FREELY).await.unwrap();
        stage.journal.fail_stop(0);
        stage.journal.plan([Fault::UnknownWritten]);
        stage.journal.hide(true).await;
        let alarm = SetAlarm { at: Some((BEGIN + 500).into()), bell: Bell::Rings };
        let error = counter.ask(alarm).await.unwrap_err();
        assert!(
            matches!(error, AskError::Unknown { why: Unknown::JournalFailed(_), .. }),
            "{error:?}"
        );
        if looks {
            assert_eq!(counter.read(|a, _| a.alarm).await.unwrap().value, None);
        }
        stage.clock.advance(Duration::from_millis(2_000));
        settle().await;
        stage.journal.reopen().await.unwrap();
        stage.journal.hide(false).await;
        for _ in 0..70 {
            stage.clock.advance(Duration::from_millis(1_000));
            settle().await;
        }
        let rings = counter.read(|a, _| a.rings).await.unwrap().value;
        assert_eq!(rings, 1, "of {id:?}, looked at: {looks}");
    }
}

#[tokio::test]
async fn decisions_come_back_without_reading_all_again() {
    let stage = with_history(0, Builder::decision::<WriteLine>).await;
    for line in 1..=200 {
        assert_eq!(stage.runtime.decide(<WriteLine>::FREELY).await.unwrap(), line);
    }
    close(&stage).await;
    let before = stage.journal.reads();
    for _ in 0..20 {
        let error = stage.runtime.decide(<WriteLine>::FREELY).await.unwrap_err();
        assert!(matches!(error.not_run(), Some(Cause::JournalClosed { .. })), "{error:?}");
        let full = stage.runtime.decide(<WriteLine>::upto(1)).await.unwrap_err();
        assert!(full.rejection().is_some(), "{full:?}");
    }
    assert_eq!(stage.journal.reads() - before, 40, "each looks for what is new, once");
    stage.journal.reopen().await.unwrap();
    assert_eq!(stage.runtime.decide(<WriteLine>::FREELY).await.unwrap(), 201);
}

#[tokio::test]
async fn the_log_has_a_line_when_it_closes_and_one_when_it_opens() {
    let stage = Stage::new().await;
    let log = Log::begin();
    stage.journal.fail_stop(0);
    // Many are at it when it fails.
    stage.journal.shut();
    let asked: Vec<_> = (0..100)
        .map(|n| {
            let id: bailiwick_tests::fixtures::counter::CounterId =
                format!("c{n}").parse().unwrap();
            tokio::spawn(stage.counters.get(id).ask(Count::FREELY))
        })
        .collect();
    stage.journal.waiting(100).await;
    stage.journal.plan([Fault::UnknownLost]);
    stage.journal.open();
    for asked in asked {
        asked.await.unwrap().unwrap_err();
    }
    for n in 0..1_000 {
        refused(&stage, format!("d{n}")).await;
    }
    assert_eq!(log.count("closed for writing"), 1, "{:#?}", log.lines());
    assert!(log.lines().len() <= 3, "{:#?}", log.lines());
    stage.journal.reopen().await.unwrap();
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    assert_eq!(log.count("open for writing again"), 1, "{:#?}", log.lines());
    settle().await;
}
