//! Clones of a runtime are one runtime: it ends once, whoever asks for it, and when the last is dropped.

use std::time::Duration;

use bailiwick::{AskError, Builder, Cause, Runtime, Shutdown, Unknown};
use bailiwick_tests::fixtures::counter::{Count, CounterEvent, LimitReached};
use bailiwick_tests::stage::{BEGIN, Stage, events};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::ending::full_stage;
use super::{poll_once, within_reason, yields};

const LIMIT: Duration = Duration::from_secs(10);

fn ask(stage: &Stage) -> JoinHandle<Result<u64, AskError<Count, LimitReached>>> {
    tokio::spawn(stage.counters.get("a").ask(Count::FREELY))
}

/// One that is being appended.
async fn one_under_way() -> (Stage, JoinHandle<Result<u64, AskError<Count, LimitReached>>>) {
    let patient = |builder: Builder| builder.config(|config| config.timeout(Duration::MAX));
    let stage = Stage::with(patient).await;
    stage.journal.shut();
    let asked = ask(&stage);
    within_reason(stage.journal.waiting(1)).await;
    (stage, asked)
}

async fn end(shutdown: JoinHandle<Shutdown>) -> Shutdown {
    within_reason(shutdown).await.expect("no panic")
}

fn is_refused(error: &AskError<Count, LimitReached>) -> bool {
    matches!(error.not_run(), Some(Cause::ShutDown))
}

#[tokio::test]
async fn the_last_clone_that_is_dropped_aborts_and_no_other() {
    let (stage, asked) = one_under_way().await;
    let Stage { runtime, counters, journal, .. } = stage;
    let handles = (counters.get("a"), runtime.decisions(), runtime.journal());
    let clones = [runtime.clone(), runtime.clone()];
    drop(runtime);
    let [first, last] = clones;
    drop(first);
    yields(16).await;
    assert!(!asked.is_finished(), "one is left");
    assert_eq!(last.counts().accepted, 1);
    drop(last);
    let error = within_reason(asked).await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::Unknown { why: Unknown::ShutDown, .. }), "{error:?}");
    let late = within_reason(handles.0.ask(Count::FREELY)).await.unwrap_err();
    assert!(is_refused(&late), "handles do not keep it alive: {late:?}");
    journal.open();
    yields(16).await;
    assert_eq!(events(&journal.inner()).await, []);
}

#[tokio::test]
async fn clones_have_one_time_one_journal_and_one_health() {
    let stage = Stage::new().await;
    let clone = stage.runtime.clone();
    assert_eq!(clone.now().as_millis(), BEGIN);
    stage.clock.advance(Duration::from_millis(5));
    assert_eq!((clone.now(), stage.runtime.now().as_millis()), (stage.runtime.now(), BEGIN + 5));
    ask(&stage).await.unwrap().unwrap();
    assert_eq!(clone.counts(), stage.runtime.counts());
    assert!(clone.health().journal.is_open());
    stage.runtime.shutdown(LIMIT).await;
    assert!(!clone.health().journal.is_open());
    let late = clone.aggregates::<bailiwick_tests::fixtures::counter::Counter>().get("a");
    assert!(is_refused(&late.ask(Count::FREELY).await.unwrap_err()));
}

#[tokio::test]
async fn all_who_ask_for_the_end_are_told_the_same() {
    let (stage, asked) = one_under_way().await;
    let runtime = stage.runtime.clone();
    let ends = [(); 3].map(|()| tokio::spawn(stage.runtime.clone().shutdown(LIMIT)));
    yields(16).await;
    assert!(is_refused(&ask(&stage).await.unwrap().unwrap_err()), "it has begun");
    assert!(ends.iter().all(|end| !end.is_finished()), "one is under way");
    stage.journal.open();
    for shutdown in ends {
        let told = end(shutdown).await;
        assert_eq!((told.in_time, told.returned, told.unknown), (true, 0, 0));
    }
    assert_eq!(asked.await.unwrap().unwrap(), 1);
    let late = within_reason(runtime.shutdown(LIMIT)).await;
    assert_eq!((late.in_time, late.returned, late.unknown), (true, 0, 0), "told at once");
}

/// What is given back counts from when it began, for all.
#[tokio::test]
async fn the_earliest_limit_is_everybodys() {
    let (stage, audience) = full_stage(Handle::current()).await;
    let Stage { runtime, clock, .. } = stage;
    let patient = tokio::spawn(runtime.shutdown(LIMIT));
    yields(8).await;
    let hasty = tokio::spawn(runtime.shutdown(Duration::from_secs(1)));
    yields(8).await;
    clock.advance(Duration::from_secs(1));
    let told = end(hasty).await;
    assert_eq!((told.in_time, told.unknown, told.returned), (false, 1, 6));
    assert_eq!(end(patient).await, told);
    assert_eq!(within_reason(runtime.shutdown(LIMIT)).await, told);
    audience.assert_told_the_truth().await;
}

#[tokio::test]
async fn a_shutdown_that_takes_too_long_can_be_ended() {
    let (stage, asked) = one_under_way().await;
    let patient = tokio::spawn(stage.runtime.shutdown(Duration::MAX));
    yields(8).await;
    let told = within_reason(stage.runtime.shutdown(Duration::ZERO)).await;
    assert_eq!((told.in_time, told.unknown), (false, 1));
    assert_eq!(end(patient).await, told);
    assert!(matches!(asked.await.unwrap(), Err(AskError::Unknown { why: Unknown::ShutDown, .. })));
}

#[tokio::test]
async fn a_shutdown_does_nothing_before_it_is_polled() {
    let stage = Stage::new().await;
    drop(stage.runtime.shutdown(Duration::ZERO));
    assert_eq!(ask(&stage).await.unwrap().unwrap(), 1);
}

/// It ends when what was accepted has ended.
#[tokio::test]
async fn a_shutdown_that_nobody_waits_for_goes_on() {
    let (stage, asked) = one_under_way().await;
    let mut shutdown = Box::pin(stage.runtime.shutdown(LIMIT));
    assert!(poll_once(&mut shutdown).await.is_pending());
    drop(shutdown);
    yields(16).await;
    assert!(is_refused(&ask(&stage).await.unwrap().unwrap_err()), "it has begun");
    assert!(!asked.is_finished() && stage.runtime.health().journal.is_open());
    stage.journal.open();
    assert_eq!(within_reason(asked).await.unwrap().unwrap(), 1);
    yields(16).await;
    assert!(!stage.runtime.health().journal.is_open(), "nobody had to ask again");
    let told = within_reason(stage.runtime.shutdown(LIMIT)).await;
    assert!(told.in_time, "{told:?}");
}

/// However often it is begun anew, as in a loop over a `select!`.
#[tokio::test]
async fn the_limit_of_a_shutdown_that_nobody_waits_for_is_kept() {
    let (stage, asked) = one_under_way().await;
    for _ in 0..9 {
        let mut shutdown = Box::pin(stage.runtime.shutdown(LIMIT));
        assert!(poll_once(&mut shutdown).await.is_pending());
        drop(shutdown);
        stage.clock.advance(Duration::from_secs(1));
        yields(16).await;
        assert!(stage.runtime.health().journal.is_open());
    }
    let waiting = tokio::spawn(stage.runtime.shutdown(LIMIT));
    yields(16).await;
    stage.clock.advance(Duration::from_secs(1));
    let error = within_reason(asked).await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::Unknown { why: Unknown::ShutDown, .. }), "{error:?}");
    let told = end(waiting).await;
    assert_eq!((told.in_time, told.unknown), (false, 1));
}

#[tokio::test]
async fn dropping_the_last_clone_ends_a_shutdown_that_nobody_waits_for() {
    let (stage, asked) = one_under_way().await;
    let Stage { runtime, .. } = stage;
    let mut shutdown = Box::pin(runtime.shutdown(LIMIT));
    assert!(poll_once(&mut shutdown).await.is_pending());
    drop(runtime);
    yields(16).await;
    assert!(!asked.is_finished(), "who waits for the end has a clone");
    drop(shutdown);
    let error = within_reason(asked).await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::Unknown { why: Unknown::ShutDown, .. }), "{error:?}");
}

/// By many threads, while there is work.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_for_the_end_has_one_report() {
    for round in 0..50 {
        let stage = Stage::new().await;
        stage.journal.shut();
        let asked: Vec<_> = (0..20)
            .map(|n| {
                let id = format!("{n}")
                    .parse::<bailiwick_tests::fixtures::counter::CounterId>()
                    .unwrap();
                tokio::spawn(stage.counters.get(id).ask(Count::FREELY))
            })
            .collect();
        within_reason(stage.journal.waiting(20)).await;
        let shut_down = |runtime: &Runtime, limit| tokio::spawn(runtime.shutdown(limit));
        let ends: Vec<_> = (0..8)
            .map(|n| shut_down(&stage.runtime, if n < 4 { Duration::MAX } else { Duration::ZERO }))
            .collect();
        if round % 2 == 0 {
            stage.journal.open();
        }
        let mut told = Vec::new();
        for shutdown in ends {
            told.push(end(shutdown).await);
        }
        assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
        let mut unknown = 0;
        for asked in asked {
            match within_reason(asked).await.unwrap() {
                Err(AskError::Unknown { .. }) => unknown += 1,
                answer => assert_eq!(answer.unwrap(), 1),
            }
        }
        // Who went through just then may count as one of which nobody knew.
        assert!(told[0].unknown >= unknown && told[0].returned == 0, "{told:?}, {unknown}");
        assert!(round % 2 == 0 || unknown == 20, "{round}: {unknown}");
        assert_eq!(stage.runtime.counts().open(), 0);
    }
}

#[tokio::test]
async fn a_cancelled_shutdown_gives_up_nothing_that_was_accepted() {
    let (stage, asked) = one_under_way().await;
    let second = ask(&stage);
    yields(16).await;
    let mut shutdown = Box::pin(stage.runtime.shutdown(LIMIT));
    assert!(poll_once(&mut shutdown).await.is_pending());
    drop(shutdown);
    stage.journal.open();
    assert_eq!(within_reason(asked).await.unwrap().unwrap(), 1);
    assert_eq!(within_reason(second).await.unwrap().unwrap(), 2);
    let counted = [1, 2].map(|value| CounterEvent::Counted { value });
    assert_eq!(events(&stage.journal.inner()).await, counted);
}
