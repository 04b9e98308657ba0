//! An aggregate whose actor leaves, or which leaves memory, takes every command that comes at any
//! moment of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bailiwick::{Admission, AggregateRef};
use bailiwick_tests::fixtures::counter::{Count, Counter, Panic};

use super::{ActorHarness, LINGER, values, within_reason, yields};

/// B1, B2: kameo loses what is told, and bounces what is asked, between its last look into the
/// mailbox and its end.
#[tokio::test]
async fn commands_at_every_step_of_an_actors_leaving_are_run() {
    let mut gone = Vec::new();
    for step in 0..16 {
        let harness = ActorHarness::new().await;
        let mut counts = Vec::from(harness.counts_of_an_actor().await);
        harness.stage.journal.open();
        yields(step).await;
        gone.push(harness.actors.gone());
        counts.extend([harness.count(), harness.count(), harness.count()]);
        assert_eq!(values(counts).await, [1, 2, 3, 4, 5], "step {step}");
    }
    // The steps reach from before to after it.
    assert_eq!((gone[0], gone[15]), (0, 1));
}

/// B1, B2: as above, for the place in memory.
#[tokio::test]
async fn commands_at_every_step_of_leaving_memory_are_run() {
    let mut stored = Vec::new();
    for step in 0..16 {
        let harness = ActorHarness::new().await;
        assert_eq!(values([harness.count()]).await, [1]);
        harness.stage.clock.advance(LINGER);
        yields(step).await;
        stored.push(harness.stage.counters.in_memory().is_empty());
        let counts = [harness.count(), harness.count(), harness.count()];
        assert_eq!(values(counts).await, [2, 3, 4], "step {step}");
    }
    assert_eq!((stored[0], stored[15]), (false, true));
}

/// B1, B2: on two threads, with time flying.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_on_aggregates_that_leave_all_the_time_loses_nothing() {
    let harness = ActorHarness::new().await;
    let over = Arc::new(AtomicBool::new(false));
    let (clock, flying) = (harness.stage.clock.clone(), over.clone());
    let time = tokio::spawn(async move {
        while !flying.load(Relaxed) {
            clock.advance(LINGER);
            yields(1).await;
        }
    });
    let callers: Vec<_> = (0..8)
        .map(|n| tokio::spawn(count_often(harness.stage.counters.get(["a", "b", "c"][n % 3]))))
        .collect();
    let mut told = Vec::new();
    for caller in callers {
        told.extend(within_reason(caller).await.expect("a reply each time"));
    }
    over.store(true, Relaxed);
    time.await.expect("no panic");
    told.sort_unstable();
    // Three of them count a, three b, two c.
    let mut expected: Vec<u64> = [3, 3, 2].into_iter().flat_map(|n| 1..=n * OFTEN).collect();
    expected.sort_unstable();
    assert_eq!(told, expected);
    let loads = harness.stage.journal.reads();
    assert!(loads > 100, "they stayed in memory: {loads} loads");
    assert_eq!(harness.stage.runtime.counts().open(), 0);
}

const OFTEN: u64 = 1_000;

async fn count_often(counter: AggregateRef<Counter>) -> Vec<u64> {
    let mut told = Vec::new();
    for n in 0..OFTEN {
        told.push(counter.ask(Count::FREELY).await.expect("a reply"));
        // Now and then all of them rest.
        yields(usize::try_from(n % 32).expect("small")).await;
    }
    told
}

/// B7: kameo's stopped child comes back with its door shut.
#[tokio::test]
async fn whatever_has_ended_takes_commands_again() {
    let harness = ActorHarness::new().await;
    let counter = harness.stage.counters.get("a").admission(Admission::Refuse);
    for round in 0..10 {
        let next = |n: u64| round * 8 + n;
        let count = || within_reason(counter.ask(Count::FREELY));
        assert_eq!(count().await.expect("at first"), next(1));
        harness.is_stored().await;
        assert_eq!(count().await.expect("stored"), next(2));
        let counts = harness.counts_of_an_actor().await;
        harness.stage.journal.open();
        assert_eq!(values(counts).await, [next(3), next(4)]);
        harness.actors.all_end().await;
        assert_eq!(count().await.expect("left"), next(5));
        let counts = harness.counts_of_an_actor().await;
        assert!(harness.stage.counters.kill_actor("a"));
        harness.stage.journal.open();
        assert_eq!(values(counts).await, [next(6), next(7)]);
        within_reason(counter.ask(Panic::InApply)).await.expect_err("it panics");
        assert_eq!(count().await.expect("rebuilt"), next(8));
    }
}
