//! Aggregates at work: as many wait for the journal as may, the others in order, and nobody for ever.

use std::time::Duration;

use bailiwick::{Admission, AggregateRef, AskError, Cause, ReadError};
use bailiwick_tests::fixtures::counter::{Bell, Count, Counter, CounterId, LimitReached, SetAlarm};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::{Stage, settle};

use crate::now;

const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(20);

/// A stage on which so many aggregates may wait for the journal.
async fn with_permits(most: usize) -> Stage {
    Stage::with(|builder| builder.config(|config| config.waiting_aggregates(most))).await
}

fn counter(stage: &Stage, name: &str) -> AggregateRef<Counter> {
    stage.counters.get(name.parse::<CounterId>().unwrap())
}

type Counting = tokio::task::JoinHandle<Result<u64, AskError<Count, LimitReached>>>;

fn count(stage: &Stage, name: &str, patience: Duration) -> Counting {
    tokio::spawn(counter(stage, name).timeout(patience).ask(Count::FREELY))
}

#[track_caller]
fn is_overloaded(told: &Result<u64, AskError<Count, LimitReached>>) -> usize {
    match told.as_ref().err().and_then(AskError::not_run) {
        Some(Cause::Overloaded { most }) => *most,
        _ => panic!("{told:?}"),
    }
}

#[tokio::test]
async fn loads_that_nobody_waits_for_are_dropped_with_their_aggregates() {
    let stage = Stage::new().await;
    stage.journal.hang_reads(usize::MAX);
    for round in 0..5 {
        let asks: Vec<_> =
            (0..400).map(|n| count(&stage, &format!("c{round}-{n}"), SHORT)).collect();
        let reads: Vec<_> = (0..100)
            .map(|n| {
                let counter = counter(&stage, &format!("r{round}-{n}")).timeout(SHORT);
                tokio::spawn(counter.read(|counter, _| counter.value))
            })
            .collect();
        settle().await;
        stage.clock.advance(SHORT);
        for ask in asks {
            let told = ask.await.unwrap();
            assert!(matches!(told.unwrap_err().not_run(), Some(Cause::TimedOut)));
        }
        for read in reads {
            assert!(matches!(read.await.unwrap(), Err(ReadError::TimedOut)));
        }
        settle().await;
        assert_eq!(stage.counters.in_memory().len(), 0, "round {round}");
    }
    // Callers that go away are not waited for either.
    let asks: Vec<_> = (0..100).map(|n| count(&stage, &format!("c{n}"), LONG)).collect();
    let read = tokio::spawn(counter(&stage, "r").read(|counter, _| counter.value));
    settle().await;
    assert_eq!(stage.counters.in_memory().len(), 101);
    asks.iter().for_each(Counting::abort);
    read.abort();
    settle().await;
    assert_eq!(stage.counters.in_memory().len(), 0);
}

#[tokio::test]
async fn a_load_goes_on_for_as_long_as_one_of_many_waits_for_it() {
    let stage = Stage::new().await;
    stage.journal.hang_reads(1);
    let hasty = count(&stage, "a", SHORT);
    let patient = count(&stage, "a", LONG);
    settle().await;
    stage.clock.advance(SHORT);
    assert!(hasty.await.unwrap().is_err());
    settle().await;
    assert_eq!(stage.counters.in_memory().len(), 1);
    stage.clock.advance(LONG);
    assert!(patient.await.unwrap().is_err());
    settle().await;
    assert_eq!(stage.counters.in_memory().len(), 0);
    assert_eq!(count(&stage, "a", LONG).await.unwrap().unwrap(), 1, "it is read anew");
}

#[tokio::test]
async fn a_due_deadline_waits_for_its_load() {
    let stage = Stage::new().await;
    let alarm = SetAlarm { at: Some(2_000.into()), bell: Bell::Rings };
    counter(&stage, "a").ask(alarm).await.unwrap();
    let stage = stage.restart().await;
    stage.journal.hang_reads(1);
    let hasty = count(&stage, "a", SHORT);
    settle().await;
    // The deadline comes while it is loaded, and then the caller goes.
    stage.clock.advance(Duration::from_secs(1));
    settle().await;
    assert!(hasty.await.unwrap().is_err());
    settle().await;
    assert_eq!(stage.counters.in_memory().len(), 1);
}

#[tokio::test]
async fn no_more_are_loaded_at_a_time_than_may_and_the_others_wait_in_order() {
    let stage = with_permits(3).await;
    stage.journal.hang_reads(3);
    let reads = stage.journal.reads();
    let hanging: Vec<_> =
        (0..3).map(|n| count(&stage, &format!("h{n}"), Duration::from_secs(1))).collect();
    settle().await;
    let mut waiting = Vec::new();
    for n in 0..50 {
        waiting.push(count(&stage, &format!("w{n}"), LONG));
        settle().await;
    }
    assert_eq!(stage.journal.reads() - reads, 3, "the others hold nothing of the journal");
    // One who does not want to wait is told so.
    let hasty = counter(&stage, "x").admission(Admission::Refuse).ask(Count::FREELY).await;
    assert_eq!(is_overloaded(&hasty), 3);
    assert!(!stage.counters.in_memory().contains(&"x".into()), "nothing is left of it");
    // Who waits too long, too; others go on.
    let impatient = count(&stage, "y", SHORT);
    settle().await;
    stage.clock.advance(SHORT);
    assert_eq!(is_overloaded(&impatient.await.unwrap()), 3);
    // Nobody waits for the first ones any more: what they had goes to the others.
    stage.clock.advance(Duration::from_secs(1));
    for hanging in hanging {
        assert!(hanging.await.unwrap().is_err());
    }
    for (nth, waiting) in waiting.into_iter().enumerate() {
        assert_eq!(now(waiting).await.unwrap(), 1, "{nth}");
    }
    let counts = stage.runtime.counts();
    assert_eq!((counts.open(), counts.not_admitted), (0, 1));
}

#[tokio::test]
async fn no_more_appends_are_in_flight_than_may_and_reads_are_answered_meanwhile() {
    let stage = with_permits(2).await;
    for name in ["a", "b", "c", "d"] {
        assert_eq!(count(&stage, name, LONG).await.unwrap().unwrap(), 1);
    }
    stage.journal.shut();
    let mut counting = Vec::new();
    for name in ["a", "b", "c", "d", "a", "b", "c", "d"] {
        counting.push(count(&stage, name, LONG));
        settle().await;
    }
    assert_eq!(stage.journal.at_the_gate(), 2);
    for name in ["c", "d"] {
        let read = counter(&stage, name).read(|counter, _| counter.value).await;
        assert_eq!(read.unwrap().value, 1);
    }
    let read = tokio::spawn(counter(&stage, "new").timeout(SHORT).read(|counter, _| counter.value));
    settle().await;
    stage.clock.advance(SHORT);
    let told = read.await.unwrap();
    assert!(matches!(told, Err(ReadError::Overloaded { most: 2 })), "{told:?}");
    stage.journal.open();
    for (nth, counting) in counting.into_iter().enumerate() {
        assert_eq!(counting.await.unwrap().unwrap(), 2 + nth as u64 / 4, "{nth}");
    }
}

/// One that is asked all the time has a turn like everybody else, and no more.
#[tokio::test]
async fn a_busy_aggregate_lets_those_in_the_queue_have_their_turn() {
    let stage = with_permits(1).await;
    stage.journal.shut();
    let first = count(&stage, "busy", LONG);
    stage.journal.waiting(1).await;
    let waiting = count(&stage, "quiet", LONG);
    settle().await;
    let mut busy = Vec::new();
    for _ in 0..20 {
        busy.push(count(&stage, "busy", LONG));
        settle().await;
    }
    stage.journal.let_pass(1);
    assert_eq!(now(first).await.unwrap(), 1);
    assert_eq!(stage.journal.at_the_gate(), 1);
    stage.journal.let_pass(1);
    assert_eq!(now(waiting).await.unwrap(), 1, "it was next");
    stage.journal.open();
    for (nth, busy) in busy.into_iter().enumerate() {
        assert_eq!(busy.await.unwrap().unwrap(), nth as u64 + 2);
    }
}

#[tokio::test]
async fn deadlines_queue_with_the_others_and_none_is_lost() {
    let stage = with_permits(1).await;
    for n in 0..20 {
        let alarm = SetAlarm { at: Some(2_000.into()), bell: Bell::Rings };
        counter(&stage, &format!("c{n}")).ask(alarm).await.unwrap();
    }
    stage.journal.shut();
    let hanging = count(&stage, "busy", LONG);
    stage.journal.waiting(1).await;
    stage.clock.advance(Duration::from_secs(1));
    settle().await;
    assert_eq!(stage.journal.at_the_gate(), 1);
    stage.journal.open();
    settle().await;
    assert_eq!(hanging.await.unwrap().unwrap(), 1);
    for n in 0..20 {
        let rings = counter(&stage, &format!("c{n}")).read(|counter, _| counter.rings).await;
        assert_eq!(rings.unwrap().value, 1, "{n}");
    }
    assert_eq!(stage.counters.deadlines_armed(), 0);
}

#[tokio::test]
async fn a_shutdown_ends_those_that_queue() {
    let stage = with_permits(1).await;
    stage.journal.shut();
    let hanging = count(&stage, "busy", LONG);
    stage.journal.waiting(1).await;
    let waiting: Vec<_> = (0..10).map(|n| count(&stage, &format!("c{n}"), LONG)).collect();
    settle().await;
    let Stage { runtime, clock, .. } = stage;
    let shutdown = tokio::spawn(runtime.shutdown(Duration::from_secs(1)));
    settle().await;
    clock.advance(Duration::from_secs(1));
    let shutdown = shutdown.await.unwrap();
    assert_eq!((shutdown.returned, shutdown.unknown), (10, 1));
    assert!(matches!(hanging.await.unwrap(), Err(AskError::Unknown { .. })));
    for waiting in waiting {
        let told = waiting.await.unwrap().unwrap_err();
        assert!(matches!(told.not_run(), Some(Cause::ShutDown)), "{told:?}");
    }
}

/// What the deadline decided met a conflict: nobody waits for what is read then but the deadline.
#[tokio::test]
async fn a_deadline_that_met_a_conflict_waits_for_what_is_read_again() {
    let stage = Stage::new().await;
    let alarm = SetAlarm { at: Some(2_000.into()), bell: Bell::Rings };
    counter(&stage, "a").ask(alarm).await.unwrap();
    stage.journal.plan([Fault::Conflict]);
    stage.journal.hang_reads(1);
    stage.clock.advance(Duration::from_secs(1));
    settle().await;
    assert_eq!(stage.counters.in_memory().len(), 1, "it is read again");
}
