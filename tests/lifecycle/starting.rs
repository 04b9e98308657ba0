//! An aggregate that is being started answers everybody who came before it was ready, in order.

use bailiwick::{AskError, Cause};
use bailiwick_tests::fixtures::counter::Panic;

use super::{ActorHarness, values, within_reason, yields};

const MANY: u64 = 50;

/// B3: kameo waits for ever for room in the mailbox that only it empties.
#[tokio::test]
async fn a_mailbox_that_is_full_before_the_actor_runs_is_served() {
    for capacity in [1, 2, 7] {
        let harness = crowded(capacity).await;
        // Each of these tasks runs before the actor that the first of them attaches.
        let counts: Vec<_> = (0..MANY).map(|_| harness.count()).collect();
        assert_eq!(values(counts).await, (1..=MANY).collect::<Vec<_>>(), "{capacity}");
    }
}

/// B3: as above, with the journal being slow.
#[tokio::test]
async fn a_mailbox_that_is_full_while_it_is_loaded_is_served() {
    for capacity in [1, 2, 7] {
        let harness = crowded(capacity).await;
        harness.loading.shut();
        let counts: Vec<_> = (0..MANY).map(|_| harness.count()).collect();
        harness.loading.somebody_waits().await;
        yields(8).await;
        assert_eq!(harness.stage.runtime.counts().accepted, capacity as u64);
        harness.loading.open();
        assert_eq!(values(counts).await, (1..=MANY).collect::<Vec<_>>(), "{capacity}");
    }
}

async fn crowded(capacity: usize) -> ActorHarness {
    ActorHarness::with(|builder| builder.config(|config| config.mailbox_commands(capacity))).await
}

/// B4: kameo drops what waited for the start behind a message that panics.
#[tokio::test]
async fn a_panic_among_those_who_waited_for_the_start_fails_alone() {
    let harness = ActorHarness::new().await;
    harness.loading.shut();
    let mut counts = Vec::new();
    let mut panics = Vec::new();
    for panic in [Panic::InDecide, Panic::InApply, Panic::InApply, Panic::InDecide] {
        counts.extend([harness.count(), harness.count()]);
        panics.push(tokio::spawn(harness.stage.counters.get("a").ask(panic)));
    }
    counts.push(harness.count());
    harness.loading.somebody_waits().await;
    harness.loading.open();
    assert_eq!(values(counts).await, (1..=9).collect::<Vec<_>>());
    for panic in panics {
        let error = within_reason(panic).await.expect("no panic here").expect_err("there");
        let AskError::NotRun(not_run) = error else { panic!("{error:?}") };
        assert!(matches!(not_run.cause, Cause::Panicked { .. }), "{not_run:?}");
    }
    let counts = harness.stage.runtime.counts();
    assert_eq!((counts.replied, counts.panicked, counts.open()), (9, 4, 0));
}
