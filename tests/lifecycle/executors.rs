//! The executor on which the actors run goes away, while callers on another wait: each is told the
//! truth, nobody hangs, and the counts add up. What needs no actor is done by its caller as before.

use std::time::Duration;

use bailiwick::{AskError, Cause, ReadError, Unknown};
use bailiwick_tests::fixtures::counter::Count;
use bailiwick_tests::stage::Stage;
use tokio::runtime::Runtime as Executor;

use super::ending::{assert_add_up, full_stage};
use super::{poll_once, within_reason};

fn executor() -> Executor {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("threads")
}

fn here() -> Executor {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a thread")
}

#[test]
fn callers_elsewhere_are_told_when_the_executor_is_gone() {
    let (elsewhere, here) = (executor(), here());
    let (stage, audience) = here.block_on(full_stage(elsewhere.handle().clone()));
    drop(elsewhere);
    here.block_on(async {
        audience.assert_told_the_truth().await;
        assert_add_up(&stage.counters);
        assert_ends(stage).await;
    });
}

#[test]
fn so_are_those_who_come_later_and_need_an_actor() {
    let (elsewhere, here) = (executor(), here());
    let stage = here.block_on(async {
        let stage = Stage::with(|builder| builder.spawner(elsewhere.handle().clone())).await;
        stage.counters.get("a").ask(Count::FREELY).await.expect("a reply");
        stage
    });
    drop(elsewhere);
    here.block_on(async {
        let counter = stage.counters.get("a");
        assert_eq!(within_reason(counter.ask(Count::FREELY)).await.expect("alone"), 2);
        let unseen = within_reason(stage.counters.get("never seen").read(|state, _| state.value));
        assert_eq!(unseen.await.expect("alone").value, 0);
        stage.journal.shut();
        let mut first = Box::pin(counter.ask(Count::FREELY));
        assert!(poll_once(&mut first).await.is_pending());
        let second = within_reason(counter.ask(Count::FREELY)).await.expect_err("no actor");
        assert!(matches!(second.not_run(), Some(Cause::ShutDown)), "{second:?}");
        let first = within_reason(first).await.expect_err("it was being appended");
        assert!(matches!(first, AskError::Unknown { why: Unknown::ShutDown, .. }), "{first:?}");
        assert_eq!(stage.runtime.counts().open(), 0);
        assert_ends(stage).await;
    });
}

/// It can be shut down, and nothing is left then.
async fn assert_ends(stage: Stage) {
    let Stage { runtime, counters, .. } = stage;
    let shutdown = runtime.shutdown(Duration::from_secs(1));
    assert!(within_reason(shutdown).await.in_time);
    assert_eq!(counters.in_memory(), []);
    for id in ["a", "a", "never seen"] {
        let counter = counters.get(id);
        let late = within_reason(counter.ask(Count::FREELY)).await.expect_err("it is gone");
        assert!(matches!(late.not_run(), Some(Cause::ShutDown)), "{late:?}");
        let late = within_reason(counter.read(|_, _| ())).await;
        assert!(matches!(late, Err(ReadError::ShutDown)), "{late:?}");
    }
}

#[test]
fn an_executor_that_goes_away_in_a_storm_leaves_nobody_behind() {
    for round in 0..20 {
        let (elsewhere, callers) = (executor(), executor());
        let here = here();
        let on = elsewhere.handle().clone();
        let stage = here.block_on(Stage::with(|builder| builder.spawner(on)));
        let asking: Vec<_> = (0..6)
            .map(|n| {
                let counter = stage.counters.get(["a", "b"][n % 2]);
                callers.spawn(async move {
                    let mut told = 0;
                    loop {
                        match counter.ask(Count::FREELY).await {
                            Ok(_) => told += 1,
                            Err(error) => return (told, error),
                        }
                    }
                })
            })
            .collect();
        while stage.runtime.counts().replied < 50 * round {
            std::thread::yield_now();
        }
        drop(elsewhere);
        // Who is alone with an aggregate may go on without an actor.
        let Stage { runtime, counters, .. } = stage;
        let shutdown = runtime.shutdown(Duration::from_secs(1));
        assert!(here.block_on(within_reason(shutdown)).in_time);
        let mut replied = 0;
        for asking in asking {
            let (told, error) = here.block_on(within_reason(asking)).expect("no panic");
            replied += told;
            let gone = matches!(error, AskError::Unknown { why: Unknown::ShutDown, .. })
                || matches!(error.not_run(), Some(Cause::ShutDown));
            assert!(gone, "{error:?}");
        }
        let counts = counters.counts();
        assert_eq!((counts.replied, counts.open()), (replied, 0), "{counts:?}");
    }
}
