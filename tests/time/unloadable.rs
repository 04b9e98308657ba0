//! What cannot be loaded is left alone for longer and longer.

use std::time::Duration;

use bailiwick::Timestamp;
use bailiwick_tests::fixtures::counter::{Bell, Count, SetAlarm};
use bailiwick_tests::stage::{BEGIN, Stage, settle, write_raw};

async fn pass(stage: &Stage, seconds: u64) {
    for _ in 0..seconds {
        stage.clock.advance(Duration::from_secs(1));
        settle().await;
    }
}

async fn with_alarm_and_nonsense() -> Stage {
    let stage = Stage::new().await;
    let at = Some(Timestamp::from_millis(BEGIN + 1_000));
    stage.counters.get("a").ask(SetAlarm { at, bell: Bell::Rings }).await.unwrap();
    write_raw(&stage.journal.inner(), "Counted", vec![0x80]).await;
    stage
}

/// Also after it has left memory, and whoever calls it.
#[tokio::test]
async fn an_aggregate_with_a_deadline_that_cannot_be_loaded_is_tried_later_and_later() {
    let stage = with_alarm_and_nonsense().await;
    let before = stage.journal.reads();
    pass(&stage, 600).await;
    let reads = stage.journal.reads() - before;
    assert!((8..=20).contains(&reads), "{reads} loads in 600 s: 1, 2, 4.. 60, 60");
}

#[tokio::test]
async fn who_asks_what_cannot_be_loaded_does_not_have_it_folded_each_time() {
    let stage = Stage::new().await;
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    write_raw(&stage.journal.inner(), "Counted", vec![0x80]).await;
    let before = stage.journal.reads();
    for _ in 0..600 {
        stage.counters.get("a").ask(Count::FREELY).await.unwrap_err();
        pass(&stage, 1).await;
    }
    let reads = stage.journal.reads() - before;
    assert!((8..=20).contains(&reads), "{reads} loads in 600 s");
}

/// A journal that cannot be read is no fault of the aggregate: it is tried again soon.
#[tokio::test]
async fn a_journal_that_cannot_be_read_is_asked_again_soon() {
    let stage = Stage::new().await;
    stage.journal.set_unreadable(true);
    for _ in 0..100 {
        stage.counters.get("a").ask(Count::FREELY).await.unwrap_err();
        pass(&stage, 1).await;
    }
    stage.journal.set_unreadable(false);
    pass(&stage, 1).await;
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
}
