//! Idempotency keys: asked twice, run once, whatever happened in between.

use std::time::Duration;

use bailiwick::{AskError, Cause, MemoryJournal, Position, Receipt, Unknown};
use bailiwick_tests::fixtures::counter::{Count, CounterEvent, LimitReached, Look};
use bailiwick_tests::journals::faulty::{Fault, FaultyJournal};
use bailiwick_tests::receipts::repetition_of;
use bailiwick_tests::stage::{BEGIN, Stage, settle, write_foreign};

type Answer = Result<Receipt<u64>, AskError<Count, LimitReached>>;

async fn count(stage: &Stage, key: &'static str) -> Answer {
    stage.counters.get("a").once(key).ask_with_receipt(Count::FREELY).await
}

async fn value(stage: &Stage) -> u64 {
    stage.counters.get("a").read(|counter, _| counter.value).await.unwrap().value
}

#[tokio::test]
async fn the_same_key_gets_the_same_reply_and_position() {
    let stage = Stage::new().await;
    let first = count(&stage, "k").await.unwrap();
    let other = count(&stage, "other").await.unwrap();
    assert_eq!((first.reply, other.reply), (1, 2));
    assert_eq!(count(&stage, "k").await.unwrap(), repetition_of(first));
    assert_eq!(value(&stage).await, 2);
}

#[tokio::test]
async fn a_key_answers_after_a_restart() {
    let stage = Stage::new().await;
    let first = count(&stage, "k").await.unwrap();
    count(&stage, "other").await.unwrap();
    let stage = stage.restart().await;
    assert_eq!(count(&stage, "k").await.unwrap(), repetition_of(first));
    assert_eq!(value(&stage).await, 2);
}

#[tokio::test]
async fn another_runtime_answers_what_this_one_was_asked() {
    let stage = Stage::new().await;
    let journal = FaultyJournal::new(MemoryJournal::new());
    let here = Stage::on(journal.clone(), stage.clock.clone(), |builder| builder).await;
    let there = Stage::on(journal, stage.clock.clone(), |builder| builder).await;
    // Both know the aggregate before either is asked.
    assert_eq!((value(&here).await, value(&there).await), (0, 0));
    let first = count(&here, "k").await.unwrap();
    assert_eq!(count(&there, "k").await.unwrap(), repetition_of(first));
    assert_eq!(value(&there).await, 1);
}

#[tokio::test]
async fn who_asks_again_meanwhile_waits_for_the_one_that_runs() {
    let stage = Stage::new().await;
    stage.journal.shut();
    let ask = || tokio::spawn(stage.counters.get("a").once("k").ask_with_receipt(Count::FREELY));
    let running = ask();
    stage.journal.waiting(1).await;
    // In the batch behind it, and twice, beside somebody else's.
    let (second, other, third) = (ask(), stage.counters.get("a").ask(Count::FREELY), ask());
    let other = tokio::spawn(other);
    settle().await;
    assert!(!second.is_finished(), "nothing leaves before it is durable");
    stage.journal.open();
    let first = running.await.unwrap().unwrap();
    assert_eq!(second.await.unwrap().unwrap(), repetition_of(first));
    assert_eq!(third.await.unwrap().unwrap(), repetition_of(first));
    assert_eq!((first.reply, other.await.unwrap().unwrap()), (1, 2));
}

#[tokio::test]
async fn two_in_one_batch_are_one() {
    let stage = Stage::new().await;
    stage.journal.shut();
    let ahead = tokio::spawn(stage.counters.get("a").ask(Count::FREELY));
    stage.journal.waiting(1).await;
    let ask = || tokio::spawn(stage.counters.get("a").once("k").ask_with_receipt(Count::FREELY));
    let twice = [ask(), ask()];
    settle().await;
    stage.journal.open();
    assert_eq!(ahead.await.unwrap().unwrap(), 1);
    let [first, second] = twice;
    let first = first.await.unwrap().unwrap();
    assert_eq!((first.reply, first.position), (2, Position::new(2)));
    assert_eq!(second.await.unwrap().unwrap(), repetition_of(first));
    assert_eq!(value(&stage).await, 2);
}

#[tokio::test]
async fn another_command_with_the_same_key_is_refused() {
    let stage = Stage::new().await;
    count(&stage, "k").await.unwrap();
    let error = stage.counters.get("a").once("k").ask(Count { limit: 7 }).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::KeyReused { .. })), "{error:?}");
    let error = stage.counters.get("a").once("k").ask(Look).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::KeyReused { .. })), "{error:?}");
    // Another aggregate has keys of its own.
    assert_eq!(stage.counters.get("b").once("k").ask(Count { limit: 7 }).await.unwrap(), 1);
}

#[tokio::test]
async fn a_command_without_events_is_remembered_too() {
    let stage = Stage::new().await;
    let look = |stage: &Stage| stage.counters.get("a").once("look").ask_with_receipt(Look);
    let first = look(&stage).await.unwrap();
    count(&stage, "k").await.unwrap();
    assert_eq!(look(&stage).await.unwrap(), repetition_of(first));
    let stage = stage.restart().await;
    assert_eq!((look(&stage).await.unwrap(), first.reply), (repetition_of(first), 0));
    assert_eq!(value(&stage).await, 1);
}

#[tokio::test]
async fn a_rejection_is_judged_again() {
    let stage = Stage::new().await;
    let ask = || stage.counters.get("a").once("k").ask(Count { limit: 0 });
    assert!(matches!(ask().await, Err(AskError::Rejected(_))));
    assert!(matches!(ask().await, Err(AskError::Rejected(_))));
    // Nor does it use up the key.
    assert_eq!(count(&stage, "k").await.unwrap().reply, 1);
}

#[tokio::test]
async fn after_an_unknown_outcome_the_key_tells() {
    for (fault, appended) in [(Fault::UnknownLost, false), (Fault::UnknownWritten, true)] {
        let stage = Stage::new().await;
        stage.journal.plan([fault]);
        let error = count(&stage, "k").await.unwrap_err();
        assert!(
            matches!(error, AskError::Unknown { why: Unknown::JournalFailed(_), .. }),
            "{error:?}"
        );
        let value_before = value(&stage).await;
        assert_eq!(value_before, u64::from(appended));
        let told = count(&stage, "k").await.unwrap();
        assert_eq!((told.reply, told.repeated), (1, appended));
        assert_eq!(value(&stage).await, 1);
    }
}

#[tokio::test]
async fn a_conflict_forgets_what_was_speculative() {
    let stage = Stage::new().await;
    stage.journal.shut();
    let first = tokio::spawn(stage.counters.get("a").once("k").ask_with_receipt(Count::FREELY));
    stage.journal.waiting(1).await;
    let second = tokio::spawn(stage.counters.get("a").once("k").ask_with_receipt(Count::FREELY));
    settle().await;
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 1 }).await;
    stage.journal.open();
    let first = first.await.unwrap().unwrap();
    assert_eq!((first.reply, first.position), (2, Position::new(2)));
    assert_eq!(second.await.unwrap().unwrap(), repetition_of(first));
    assert_eq!(value(&stage).await, 2);
}

#[tokio::test]
async fn a_key_is_forgotten_when_its_time_is_over() {
    let window = Duration::from_secs(60);
    let stage = Stage::with(|builder| builder.config(|config| config.answers_for(window))).await;
    count(&stage, "k").await.unwrap();
    stage.clock.advance_to(BEGIN + 59_999);
    assert_eq!(count(&stage, "k").await.unwrap().reply, 1);
    stage.clock.advance_to(BEGIN + 60_000);
    assert_eq!(count(&stage, "k").await.unwrap().reply, 2);
}

#[tokio::test]
async fn a_key_has_a_length() {
    let stage = Stage::new().await;
    for bytes in [0, 257] {
        let key = "k".repeat(bytes);
        let error = stage.counters.get("a").once(key).ask(Count::FREELY).await.unwrap_err();
        assert!(matches!(error.not_run(), Some(Cause::InvalidKey { .. })), "{error:?}");
    }
    assert_eq!(stage.runtime.counts().not_admitted, 2);
    let longest = "k".repeat(256);
    assert_eq!(stage.counters.get("a").once(longest).ask(Count::FREELY).await.unwrap(), 1);
}
