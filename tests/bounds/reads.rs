//! Reads of one aggregate wait within their time-out, have a bound wherever they are held, and are let
//! go of as soon as nobody waits for them.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::{Position, ReadError, Seen};
use bailiwick_tests::fixtures::counter::{Count, Counter};
use bailiwick_tests::stage::{Stage, settle};

use crate::now;

type Read = tokio::task::JoinHandle<Result<Seen<usize>, ReadError>>;

/// Reads that hold on to something for as long as the runtime holds on to them.
fn read(stage: &Stage, held: &Arc<()>, patience: Duration) -> Read {
    let held = held.clone();
    let counter = stage.counters.get("a").timeout(patience);
    tokio::spawn(counter.read(move |counter: &Counter, _| {
        let _held = &held;
        usize::try_from(counter.value).unwrap()
    }))
}

async fn with_waiting_reads(most: usize) -> Stage {
    Stage::with(|builder| builder.config(|config| config.waiting_reads(most))).await
}

const LONG: Duration = Duration::from_secs(5);

#[tokio::test]
async fn thousands_of_reads_of_one_cold_aggregate_are_all_answered() {
    let stage = Stage::new().await;
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    let stage = stage.restart().await;
    let held = Arc::new(());
    let reads: Vec<_> = (0..5_000).map(|_| read(&stage, &held, LONG)).collect();
    for read in reads {
        assert_eq!(read.await.unwrap().unwrap().value, 1);
    }
}

#[tokio::test]
async fn reads_beyond_the_bound_are_refused_at_once_wherever_the_others_are_held() {
    let stage = with_waiting_reads(10).await;
    let held = Arc::new(());
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    stage.journal.shut();
    let running = tokio::spawn(stage.counters.get("a").ask(Count::FREELY));
    stage.journal.waiting(1).await;
    let forming = tokio::spawn(stage.counters.get("a").ask(Count::FREELY));
    settle().await;
    let mut reads = Vec::new();
    for _ in 0..10 {
        reads.push(read(&stage, &held, LONG));
        // Each has its turn, and waits for what it saw.
        settle().await;
    }
    for _ in 0..100 {
        let refused = now(read(&stage, &held, LONG)).await;
        assert!(matches!(refused, Err(ReadError::Full { capacity: 10 })), "{refused:?}");
    }
    assert_eq!(Arc::strong_count(&held), 11);
    // Whoever goes away makes room.
    reads.truncate(4);
    settle().await;
    stage.journal.open();
    for read in reads {
        assert_eq!(read.await.unwrap().unwrap().value, 3);
    }
    assert_eq!((running.await.unwrap().unwrap(), forming.await.unwrap().unwrap()), (2, 3));
}

#[tokio::test]
async fn a_read_that_nobody_waits_for_is_held_nowhere() {
    let stage = Stage::new().await;
    let held = Arc::new(());
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    stage.journal.shut();
    let hanging = tokio::spawn(stage.counters.get("a").ask(Count::FREELY));
    stage.journal.waiting(1).await;
    for _ in 0..50 {
        let patience = Duration::from_millis(10);
        let reads: Vec<_> = (0..100).map(|_| read(&stage, &held, patience)).collect();
        settle().await;
        stage.clock.advance(patience);
        for read in reads {
            let told = now(read).await;
            assert!(matches!(told, Err(ReadError::TimedOut)), "{told:?}");
        }
        assert_eq!(Arc::strong_count(&held), 1, "their time was up");
        let reads: Vec<_> = (0..100).map(|_| read(&stage, &held, LONG)).collect();
        settle().await;
        reads.iter().for_each(Read::abort);
        settle().await;
        assert_eq!(Arc::strong_count(&held), 1, "their callers went away");
    }
    stage.journal.open();
    assert_eq!(hanging.await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn reads_that_are_to_be_run_again_count_as_well() {
    let stage = with_waiting_reads(10).await;
    let held = Arc::new(());
    let counter = stage.counters.get("a");
    counter.ask(Count::FREELY).await.unwrap();
    // The aggregate is read again first, which hangs: what waits meanwhile waits for that.
    stage.journal.hang_reads(1);
    let ahead = tokio::spawn(counter.expecting(Position::new(5)).ask(Count::FREELY));
    settle().await;
    let reads: Vec<_> = (0..10).map(|_| read(&stage, &held, LONG)).collect();
    settle().await;
    let refused = now(read(&stage, &held, LONG)).await;
    assert!(matches!(refused, Err(ReadError::Full { .. })), "{refused:?}");
    stage.clock.advance(LONG);
    for read in reads {
        assert!(matches!(read.await.unwrap(), Err(ReadError::TimedOut)));
    }
    assert!(ahead.await.unwrap().is_err());
    assert_eq!(Arc::strong_count(&held), 1);
}
