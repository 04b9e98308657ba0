//! An aggregate that is being started answers everybody who came before it was ready, in order.

use bailiwick::{AskError, Cause};
use bailiwick_tests::counter::Panic;

use super::{Theatre, values, within_reason, yields};

const MANY: u64 = 50;

/// B3: kameo waits for ever for room in the mailbox that only it empties.
#[tokio::test]
async fn a_mailbox_that_is_full_before_the_actor_runs_is_served() {
    for capacity in [1, 2, 7] {
        let theatre = crowded(capacity).await;
        // Each of these tasks runs before the actor that the first of them attaches.
        let counts: Vec<_> = (0..MANY).map(|_| theatre.count()).collect();
        assert_eq!(values(counts).await, (1..=MANY).collect::<Vec<_>>(), "{capacity}");
    }
}

/// B3: as above, with the journal being slow.
#[tokio::test]
async fn a_mailbox_that_is_full_while_it_is_loaded_is_served() {
    for capacity in [1, 2, 7] {
        let theatre = crowded(capacity).await;
        theatre.loading.shut();
        let counts: Vec<_> = (0..MANY).map(|_| theatre.count()).collect();
        theatre.loading.somebody_waits().await;
        yields(8).await;
        assert_eq!(theatre.stage.runtime.counts().accepted, capacity as u64);
        theatre.loading.open();
        assert_eq!(values(counts).await, (1..=MANY).collect::<Vec<_>>(), "{capacity}");
    }
}

async fn crowded(capacity: usize) -> Theatre {
    Theatre::with(|builder| builder.config(|config| config.mailbox_commands(capacity))).await
}

/// B4: kameo drops what waited for the start behind a message that panics.
#[tokio::test]
async fn a_panic_among_those_who_waited_for_the_start_fails_alone() {
    let theatre = Theatre::new().await;
    theatre.loading.shut();
    let mut counts = Vec::new();
    let mut panics = Vec::new();
    for panic in [Panic::InDecide, Panic::InApply, Panic::InApply, Panic::InDecide] {
        counts.extend([theatre.count(), theatre.count()]);
        panics.push(tokio::spawn(theatre.stage.counters.get("a").ask(panic)));
    }
    counts.push(theatre.count());
    theatre.loading.somebody_waits().await;
    theatre.loading.open();
    assert_eq!(values(counts).await, (1..=9).collect::<Vec<_>>());
    for panic in panics {
        let error = within_reason(panic).await.expect("no panic here").expect_err("there");
        let AskError::NotRun(not_run) = error else { panic!("{error:?}") };
        assert!(matches!(not_run.cause, Cause::Panicked { .. }), "{not_run:?}");
    }
    let counts = theatre.stage.runtime.counts();
    assert_eq!((counts.replied, counts.panicked, counts.open()), (9, 4, 0));
}
