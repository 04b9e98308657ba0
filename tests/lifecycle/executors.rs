//! The executor on which the actors run goes away, while callers on another wait: each is told the
//! truth, nobody hangs, and the counts add up.

use std::time::Duration;

use bailiwick::{AskError, Cause, ReadError, Unknown};
use bailiwick_tests::counter::Count;
use bailiwick_tests::stage::Stage;
use tokio::runtime::Runtime as Executor;

use super::ending::{assert_add_up, full_stage};
use super::within_reason;

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
        assert_gone(&stage).await;
        let shutdown = stage.runtime.shutdown(Duration::from_secs(1));
        assert!(within_reason(shutdown).await.in_time);
    });
}

#[test]
fn so_are_those_who_come_later_to_what_rests() {
    let (elsewhere, here) = (executor(), here());
    let stage = here.block_on(async {
        let stage = Stage::with(|builder| builder.spawner(elsewhere.handle().clone())).await;
        stage.counters.get("a").ask(Count::FREELY).await.expect("a reply");
        stage
    });
    drop(elsewhere);
    here.block_on(async {
        assert_gone(&stage).await;
        assert_eq!(stage.counters.in_memory(), []);
    });
}

/// Whatever is asked, wherever it is, and however often.
async fn assert_gone(stage: &Stage) {
    for id in ["a", "a", "never seen"] {
        let counter = stage.counters.get(id);
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
        let mut replied = 0;
        for asking in asking {
            let (told, error) = here.block_on(within_reason(asking)).expect("no panic");
            replied += told;
            let gone = matches!(error, AskError::Unknown { why: Unknown::ShutDown, .. })
                || matches!(error.not_run(), Some(Cause::ShutDown));
            assert!(gone, "{error:?}");
        }
        let counts = stage.runtime.counts();
        assert_eq!((counts.replied, counts.open()), (replied, 0), "{counts:?}");
    }
}
